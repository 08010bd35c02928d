"""What of a request reaches a function, and in what shape."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.host.conftest import APPS, HostOf, RunningHost

pytestmark = pytest.mark.contract


@pytest.fixture
def host(host_of: HostOf) -> RunningHost:
    return host_of(
        "requests",
        "--settings",
        str(APPS / "requests" / "other.settings.json"),
        env=[("FROM_BOTH", "environment"), ("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "1000")],
    )


def test_method_url_and_body_arrive_as_they_were_sent(host: RunningHost) -> None:
    answer = host.request("PATCH", "/api/echo/7?a=b", data=b"\x00\xff").json()
    assert answer["method"] == "PATCH"
    assert answer["url"] == f"{host.url}/api/echo/7?a=b"
    assert answer["body"] == "\x00\xff"


def test_repeated_query_parameters_are_joined_and_empty_ones_dropped(host: RunningHost) -> None:
    answer = host.get("/api/echo?a=1&a=2&flag=&bare&text=a+b%26c").json()
    assert answer["params"] == {"a": "1,2", "text": "a b&c"}


def test_header_names_arrive_in_lower_case_and_empty_headers_are_kept(host: RunningHost) -> None:
    headers = host.get("/api/echo", headers={"X-Some-Name": "Value", "X-Empty": ""}).json()["headers"]
    assert headers["x-some-name"] == "Value"
    assert headers["x-empty"] == ""
    assert all(name == name.lower() for name in headers)


def test_a_chunked_request_arrives_without_its_body(host: RunningHost) -> None:
    answer = host.post("/api/echo", data=iter([b"some", b"thing"])).json()
    assert answer["headers"]["transfer-encoding"] == "chunked"
    assert answer["body"] == ""


def test_the_connection_stays_usable_after_a_chunked_request(host: RunningHost) -> None:
    with requests.Session() as session:
        session.post(f"{host.url}/api/echo", data=iter([b"x" * 100_000]), timeout=30)
        assert session.post(f"{host.url}/api/echo", data="next", timeout=30).json()["body"] == "next"


def test_a_body_over_the_limit_is_refused_before_the_function(host: RunningHost) -> None:
    assert host.post("/api/echo", data=b"x" * 1000).status_code == 200
    assert host.post("/api/echo", data=b"x" * 1001).status_code == 413


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe"])
def test_reading_json_from_anything_else_is_one_error(host: RunningHost, body: bytes) -> None:
    answer = host.post("/api/json", data=body)
    assert answer.status_code == 400
    assert answer.text == "HTTP request does not contain valid JSON data"


def test_the_context_names_the_call_and_its_function(host: RunningHost) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    first = host.get("/api/echo", headers={"traceparent": trace}).json()
    second = host.get("/api/echo").json()
    assert first["function_name"] == "Echo"
    assert first["function_directory"] == str(APPS / "requests" / "Echo")
    assert first["trace_parent"] == trace
    assert first["thread_invocation_id"] == first["invocation_id"]
    assert first["invocation_id"] != second["invocation_id"]


def test_a_function_is_a_module_of_the_app_package(host: RunningHost) -> None:
    assert host.get("/api/echo").json()["module"] == "__app__.Echo"


def test_plain_functions_run_side_by_side_on_threads(host: RunningHost) -> None:
    with ThreadPoolExecutor(40) as callers:
        answers = list(callers.map(lambda _: host.get("/api/rendezvous"), range(40)))
    assert [answer.text for answer in answers] == ["met"] * 40


def test_the_settings_file_fills_in_what_the_environment_does_not_have(host: RunningHost) -> None:
    assert host.get("/api/settings/FROM_THE_FILE").text == "file"
    assert host.get("/api/settings/FROM_BOTH").text == "environment"


def test_the_app_is_told_where_it_is_reached(host: RunningHost) -> None:
    assert host.get("/api/settings/WEBSITE_HOSTNAME").text == f"localhost:{host.service.port}"
