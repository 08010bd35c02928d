"""Timer triggers, started by hand through the admin API."""

from __future__ import annotations

import time

import pytest

from tests.host.conftest import FUNCTION_KEY, MASTER_KEY, HostOf, RunningHost

pytestmark = pytest.mark.contract

MASTER = {"x-functions-key": MASTER_KEY}


@pytest.fixture
def host(host_of: HostOf) -> RunningHost:
    return host_of("timers")


def test_a_timer_runs_when_the_master_key_asks(host: RunningHost) -> None:
    answer = host.post("/admin/functions/Tick", headers=MASTER, json={"input": ""})
    assert answer.status_code == 202
    deadline = time.monotonic() + 10
    while not (ticks := host.get("/api/ticks").json()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert ticks == ["past due: False"]


@pytest.mark.parametrize("key", [None, "wrong", FUNCTION_KEY])
def test_no_other_key_starts_a_timer(host: RunningHost, key: str | None) -> None:
    assert host.post("/admin/functions/Tick", headers={"x-functions-key": key}).status_code == 401
    assert host.get("/admin/functions", headers={"x-functions-key": key}).status_code == 401


def test_an_unknown_name_is_not_found(host: RunningHost) -> None:
    assert host.post("/admin/functions/Tock", headers=MASTER).status_code == 404


def test_the_functions_are_listed_in_order_of_their_names(host: RunningHost) -> None:
    listed = host.get("/admin/functions", headers=MASTER).json()
    assert [(entry["name"], entry["invoke_url_template"]) for entry in listed] == [
        ("Tick", None),
        ("Ticks", f"{host.url}/api/ticks"),
    ]
