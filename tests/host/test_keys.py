"""Who may call what: the auth levels and the keys."""

from __future__ import annotations

import pytest

from tests.host.conftest import FUNCTION_KEY, KEY_OF_FUNCTION, MASTER_KEY, HostOf, RunningHost

pytestmark = pytest.mark.contract


@pytest.fixture
def host(host_of: HostOf) -> RunningHost:
    return host_of("keys")


@pytest.mark.parametrize(
    ("level", "key", "status"),
    [
        ("anonymous", None, 200),
        ("anonymous", "wrong", 200),
        ("function", None, 401),
        ("function", "wrong", 401),
        ("function", FUNCTION_KEY, 200),
        ("function", MASTER_KEY, 200),
        ("function", KEY_OF_FUNCTION, 200),
        ("other", KEY_OF_FUNCTION, 401),
        ("other", FUNCTION_KEY, 200),
        ("admin", None, 401),
        ("admin", KEY_OF_FUNCTION, 401),
        ("admin", FUNCTION_KEY, 401),
        ("admin", MASTER_KEY, 200),
    ],
)
@pytest.mark.parametrize("place", ["header", "query"])
def test_a_level_is_opened_by_its_keys_alone(
    host: RunningHost, level: str, key: str | None, status: int, place: str
) -> None:
    as_header, as_query = {"x-functions-key": key}, {"code": key}
    answer = (
        host.get(f"/api/{level}", headers=as_header)
        if place == "header"
        else host.get(f"/api/{level}", params=as_query)
    )
    assert answer.status_code == status
    if status == 401:
        assert answer.content == b""


def test_keys_are_not_written_to_the_log(host: RunningHost) -> None:
    host.get("/api/function", params={"code": FUNCTION_KEY})
    assert FUNCTION_KEY not in host.log()
