"""Which function a request reaches, by the routes, methods and names in function.json."""

from __future__ import annotations

import pytest

from tests.host.conftest import HostOf, RunningHost


@pytest.fixture
def host(host_of: HostOf) -> RunningHost:
    return host_of("routes", env=[("AzureWebJobs.SwitchedOff.Disabled", "true")])


def test_the_first_function_by_name_wins_not_the_most_specific_route(host: RunningHost) -> None:
    answer = host.get("/api/catalog/special").json()
    assert answer["function"] == "Catalog"
    assert answer["route_params"] == {"id": "special"}


def test_constraints_tell_two_functions_with_one_shape_of_route_apart(host: RunningHost) -> None:
    assert host.get("/api/either/12").json()["function"] == "NumbersOnly"
    assert host.get("/api/either/twelve").json()["function"] == "WordsToo"
    assert host.get("/api/either/12b").status_code == 404


def test_one_route_may_belong_to_two_functions_of_different_methods(host: RunningHost) -> None:
    assert host.get("/api/things").json()["function"] == "ThingsRead"
    assert host.post("/api/things").json()["function"] == "ThingsWrite"
    assert host.request("PUT", "/api/things").json()["function"] == "ThingsWrite"


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "OPTIONS"])
def test_a_method_that_no_function_has_is_not_found_rather_than_not_allowed(
    host: RunningHost, method: str
) -> None:
    answer = host.request(method, "/api/things")
    assert answer.status_code == 404
    assert answer.content == b""


def test_head_is_not_get(host: RunningHost) -> None:
    assert host.get("/api/plain").status_code == 200
    assert host.request("HEAD", "/api/plain").status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_without_methods_a_function_takes_every_method(host: RunningHost, method: str) -> None:
    assert host.request(method, "/api/every").status_code == 200


def test_literals_ignore_case_and_values_keep_it(host: RunningHost) -> None:
    answer = host.get("/API/Catalog/MiXeD").json()
    assert answer["route_params"] == {"id": "MiXeD"}


def test_without_a_route_the_name_is_the_route(host: RunningHost) -> None:
    assert host.get("/api/Plain").json()["function"] == "Plain"


def test_an_optional_parameter_left_out_is_absent(host: RunningHost) -> None:
    assert host.get("/api/optional").json()["route_params"] == {}
    assert host.get("/api/optional/5").json()["route_params"] == {"id": "5"}


def test_a_default_stands_in_for_a_parameter_left_out(host: RunningHost) -> None:
    assert host.get("/api/paint").json()["route_params"] == {"color": "red"}


def test_a_catch_all_takes_the_rest_of_the_path(host: RunningHost) -> None:
    assert host.get("/api/files/a/b%20c").json()["route_params"] == {"path": "a/b c"}


def test_an_encoded_slash_stays_encoded_in_a_value(host: RunningHost) -> None:
    assert host.get("/api/catalog/a%2Fb%20c").json()["route_params"] == {"id": "a%2Fb c"}


def test_a_disabled_function_is_not_found(host: RunningHost) -> None:
    assert host.get("/api/off").status_code == 404


def test_outside_the_prefix_nothing_is_found(host: RunningHost) -> None:
    assert host.get("/plain").status_code == 404


def test_a_script_outside_the_folder_is_a_module_of_the_app(host: RunningHost) -> None:
    assert host.get("/api/plain").json()["module"] == "__app__.echo"
