"""Which functions load. One that does not fails on every call and leaves the others alone."""

from __future__ import annotations

import pytest

from tests.host.conftest import HostOf, RunningHost

pytestmark = pytest.mark.contract

LOAD = [
    "Ok",
    "WithContext",
    "BareContext",
    "ReturnsStr",
    "NoAnnotations",
    "FutureAnnotations",
    "WrappingDecorator",
    "OwnEntryPoint",
    "SharedAbsolute",
    "SharedRelative",
    "Sibling",
]
DO_NOT_LOAD = {
    "UndeclaredParameter": "other",
    "UnusedBinding": "res",
    "DefaultParameter": "x",
    "WrongContext": "context",
    "OptionalReturn": "invalid non-type return annotation",
    "UnionReturn": "invalid non-type return annotation",
    "WrongReturn": "int",
    "WrongInput": "TimerRequest",
    "BareDecorator": "arguments",
    "RaisesAtImport": "no good at all",
    "MissingModule": "a_package_that_nobody_installed",
    "NoMain": "main",
}


@pytest.fixture
def host(host_of: HostOf) -> RunningHost:
    return host_of("loading")


@pytest.mark.parametrize("name", LOAD)
def test_a_function_loads(host: RunningHost, name: str) -> None:
    answer = host.get(f"/api/{name}")
    assert (answer.status_code, answer.text) == (200, "loaded")


@pytest.mark.parametrize(("name", "reason"), DO_NOT_LOAD.items())
def test_a_function_that_does_not_load_fails_when_called_and_the_log_says_why(
    host: RunningHost, name: str, reason: str
) -> None:
    answer = host.get(f"/api/{name}")
    assert (answer.status_code, answer.content) == (500, b"")
    reported = host.log().partition(f"The function {name} cannot be loaded")[2]
    assert reason in reported.partition("The function ")[0]
