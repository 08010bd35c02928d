"""What the host says when an app, or the machine, is not as it should be."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import pytest

from local.function_host.definitions import ConfigurationError, read_app
from tests.host.conftest import APPS, HostOf, host_command


def run_host(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(host_command(*arguments), capture_output=True, text=True, timeout=60, check=False)


def test_a_broken_function_is_named_and_left_out_while_the_others_work(host_of: HostOf) -> None:
    host = host_of("broken")
    assert host.get("/api/good").text == "loaded"
    assert host.get("/api/x").status_code == 404
    log = host.log()
    assert "BadJson/function.json, line 2, column 1: no valid JSON" in log
    assert "NoTrigger/function.json: one trigger is needed among the bindings, 0 are there" in log
    assert "NoScript/function.json: scriptFile gone.py does not exist" in log
    assert "SameRoute: the route 'api/good' is already that of Good" in log
    assert "OddConstraint/function.json: route 'odd/{id:prime}': there is no constraint prime" in log


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run_host("--port", str(port), "--root", APPS / "keys")
    assert ended.returncode == 2
    assert f"port {port} is taken by another program" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_folder_without_host_json_is_no_app(tmp_path: Path) -> None:
    ended = run_host("--port", "0", "--root", tmp_path)
    assert ended.returncode == 2
    assert f"{tmp_path / 'host.json'} does not exist" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_setting_that_is_no_string_is_named(tmp_path: Path) -> None:
    settings = tmp_path / "my.settings.json"
    settings.write_text(json.dumps({"Values": {"A": "text", "B": True}}), encoding="utf-8")
    ended = run_host("--port", "0", "--root", APPS / "keys", "--settings", settings)
    assert ended.returncode == 2
    assert "the values of B have to be strings" in ended.stderr


def test_routes_below_admin_are_refused(tmp_path: Path) -> None:
    write_app(tmp_path, {"version": "2.0", "extensions": {"http": {"routePrefix": ""}}}, route="admin/things")
    (fault,) = read_app(tmp_path).faults
    assert "a route must not start with admin or runtime" in fault


@pytest.mark.parametrize(
    ("prefix", "template"), [("", "things"), ("v1/api", "v1/api/things"), (None, "api/things")]
)
def test_the_route_prefix_comes_from_host_json(tmp_path: Path, prefix: str | None, template: str) -> None:
    http = {} if prefix is None else {"routePrefix": prefix}
    write_app(tmp_path, {"version": "2.0", "extensions": {"http": http}}, route="things")
    (function,) = read_app(tmp_path).functions
    assert function.route is not None
    assert function.route.template == template


@pytest.mark.parametrize(
    "environment", [{}, {"WHEN": ""}, {"WHEN": "", "AzureWebJobs.Things.Disabled": "true"}]
)
def test_a_timer_without_a_schedule_is_left_out(tmp_path: Path, environment: dict[str, str]) -> None:
    write_timer(tmp_path, schedule="%WHEN%")

    app = read_app(tmp_path, environment)

    assert app.functions == ()
    (fault,) = app.faults
    assert "'%WHEN%' does not resolve to a value" in fault


def test_a_timer_takes_its_schedule_from_an_app_setting(tmp_path: Path) -> None:
    write_timer(tmp_path, schedule="%WHEN%")

    app = read_app(tmp_path, {"WHEN": "0 */5 * * * *"})

    assert [function.name for function in app.functions] == ["Things"]
    assert app.faults == ()


def test_a_host_json_of_another_version_is_refused(tmp_path: Path) -> None:
    write_app(tmp_path, {"version": "3.0"}, route="things")
    with pytest.raises(ConfigurationError, match=r'"version" has to be "2.0"'):
        read_app(tmp_path)


def write_app(root: Path, host: object, route: str) -> None:
    write_function(
        root,
        host,
        {"type": "httpTrigger", "direction": "in", "name": "req", "route": route},
        {"type": "http", "direction": "out", "name": "$return"},
    )


def write_timer(root: Path, schedule: str) -> None:
    trigger = {"type": "timerTrigger", "direction": "in", "name": "timer", "schedule": schedule}
    write_function(root, {"version": "2.0"}, trigger)


def write_function(root: Path, host: object, *bindings: object) -> None:
    folder = root / "Things"
    folder.mkdir()
    (root / "host.json").write_text(json.dumps(host), encoding="utf-8")
    (folder / "function.json").write_text(json.dumps({"bindings": bindings}), encoding="utf-8")
    (folder / "__init__.py").write_text("", encoding="utf-8")
