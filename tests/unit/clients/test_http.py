"""The base of both clients: what becomes of one request."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from shared.clients.azure_devops_errors import translate
from shared.clients.http import HttpClient, Request, Response
from shared.clients.rate_limits import RateLimits
from shared.clients.transport import Transport
from shared.errors import CredentialsRejected, OperationFailed, System, TimeSpent, Unavailable
from tests.unit.examples import deeply_nested
from tests.unit.operations import Clock, Log, an_operation
from tests.unit.scripted_server import Asked, Reply, serving

AUTHORIZATION = "Basic OlMzY3JldA=="
FINE = Reply(200, {"ok": True})
DOWN = Reply(503, b"down")
SHUT_DOOR = Reply(401, b"", {"Content-Type": "text/plain"})


class Calling:
    """A client on a clock of its own, with the log of its operation."""

    def __init__(self, seconds: float = 60, jitter: float = 0.5) -> None:
        self.clock = Clock()
        self.operation, self.log = an_operation(seconds, self.clock)
        self.client = HttpClient(
            System.AZURE_DEVOPS,
            self.operation,
            authorization=lambda: AUTHORIZATION,
            translate=translate,
            transport=Transport(allow_local=True),
            rate_limits=RateLimits(self.clock),
            account="fabrikam",
            sleep=self.clock.sleep,
            jitter=lambda: jitter,
        )

    def send(self, url: str, method: str = "GET", **request: Any) -> Response:
        """Send one request."""
        return self.client.send(Request(method, url, **request))

    def failure(self, url: str, method: str = "GET", **request: Any) -> OperationFailed:
        """Send one request that fails."""
        with pytest.raises(OperationFailed) as caught:
            self.send(url, method, **request)
        return caught.value

    def written(self) -> Log:
        """The log so far."""
        self.operation.log.flush()
        return self.log


def unused_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_an_answer_comes_with_its_status_headers_and_json() -> None:
    with serving(Reply(200, {"value": [1]}, {"X-MS-ContinuationToken": "next"})) as server:
        answer = Calling().send(f"{server.url}/_apis/projects")

    assert answer.status == 200
    assert answer.json() == {"value": [1]}
    assert answer.headers["x-ms-continuationtoken"] == "next"


def test_a_request_carries_its_credentials_and_who_asks() -> None:
    with serving(FINE) as server:
        Calling().send(f"{server.url}/a?x=1", "POST", headers={"X-Extra": "1"}, body=lambda: b"{}")

    (asked,) = server.asked
    assert (asked.method, asked.path, asked.query, asked.body) == ("POST", "/a", "x=1", b"{}")
    assert asked.headers["authorization"] == AUTHORIZATION
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["x-extra"] == "1"
    assert asked.headers["user-agent"].startswith("aha-azure-devops-integration/")


def test_an_error_of_the_other_side_is_tried_four_times_with_growing_pauses() -> None:
    calling = Calling()
    with serving(DOWN) as server:
        error = calling.failure(server.url)

    assert isinstance(error, Unavailable)
    assert len(server.asked) == calling.client.requests == 4
    assert calling.clock.slept == [0.125, 0.25, 0.5]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_by_itself_is_tried_again(status: int) -> None:
    with serving(Reply(status), FINE) as server:
        assert Calling().send(server.url).status == 200


def test_a_connection_that_breaks_is_tried_again() -> None:
    with serving(Reply(is_cut=True), FINE) as server:
        assert Calling().send(server.url).status == 200


@pytest.mark.parametrize("status", [400, 403, 404, 410, 422])
def test_a_refusal_is_not_tried_again(status: int) -> None:
    with serving(Reply(status, {"message": "no"})) as server:
        Calling().failure(server.url)

    assert len(server.asked) == 1


def test_the_wait_that_was_asked_for_is_kept_to_exactly() -> None:
    calling = Calling(jitter=0)
    with serving(Reply(429, b"", {"Retry-After": "7"}), FINE) as server:
        calling.send(server.url)

    assert calling.clock.slept == [7.0]


def test_an_answer_that_is_no_refusal_may_ask_for_a_wait_too() -> None:
    # Azure DevOps delays first, and says so with a 200 (port-labs/ocean throttled itself by not looking).
    calling = Calling()
    with serving(Reply(200, {}, {"Retry-After": "3"}), FINE) as server:
        calling.send(server.url)
        slept_before = list(calling.clock.slept)
        calling.send(f"{server.url}/another")

    assert slept_before == []
    assert calling.clock.slept == [3.0]


def test_a_wait_that_is_longer_than_the_operation_is_answered_at_once() -> None:
    calling = Calling(seconds=20)
    with serving(Reply(429, b"", {"Retry-After": "120"})) as server:
        error = calling.failure(server.url)
        again = calling.failure(server.url)

    assert len(server.asked) == 1
    assert calling.clock.slept == []
    assert error.retry_after == 120.0
    assert isinstance(again, Unavailable)
    assert again.retry_after == 120.0


def test_when_the_time_is_over_nothing_is_sent() -> None:
    calling = Calling(seconds=0.4)
    with serving(FINE) as server:
        error = calling.failure(server.url)

    assert isinstance(error, TimeSpent)
    assert server.asked == []


def test_a_create_whose_answer_was_lost_is_not_sent_again() -> None:
    with serving(Reply(is_cut=True)) as server:
        error = Calling().failure(server.url, "POST", body=lambda: b"[]", repeatable=False)

    assert len(server.asked) == 1
    assert isinstance(error, Unavailable)
    assert error.outcome_unknown
    assert not error.may_still_run


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_create_that_was_answered_with_an_error_may_have_been_done(status: int) -> None:
    with serving(Reply(status)) as server:
        error = Calling().failure(server.url, "POST", repeatable=False)

    assert len(server.asked) == 1
    assert isinstance(error, Unavailable)
    assert error.outcome_unknown


def test_a_create_that_was_turned_away_unread_is_sent_again() -> None:
    with serving(Reply(429), FINE) as server:
        assert Calling().send(server.url, "POST", repeatable=False).status == 200


def test_a_create_that_never_reached_anybody_is_tried_again_and_known_not_to_be_done() -> None:
    calling = Calling()

    error = calling.failure(f"http://127.0.0.1:{unused_port()}/", "POST", repeatable=False)

    assert calling.client.requests == 4
    assert isinstance(error, Unavailable)
    assert not error.outcome_unknown
    assert "could not be reached" in error.detail


def test_a_create_that_takes_too_long_may_still_be_under_way() -> None:
    released = threading.Event()

    def late(_: Asked) -> Reply:
        released.wait(30)
        return FINE

    with serving(late) as server:
        error = Calling().failure(server.url, "POST", repeatable=False, read_seconds=0.1)
        released.set()

    assert isinstance(error, Unavailable)
    assert error.outcome_unknown
    assert error.may_still_run


def test_a_body_is_opened_anew_for_each_attempt() -> None:
    opened: list[bytes] = []

    def body() -> bytes:
        opened.append(b"x" * 10)
        return opened[-1]

    with serving(DOWN, DOWN, FINE) as server:
        Calling().send(server.url, "POST", body=body)

    assert len(opened) == 3
    assert [asked.body for asked in server.asked] == [b"x" * 10] * 3


def test_a_refused_token_is_not_tried_again_within_the_operation() -> None:
    calling = Calling()
    with serving(SHUT_DOOR) as server:
        first = calling.failure(server.url)
        second = calling.failure(f"{server.url}/another")

    assert isinstance(first, CredentialsRejected)
    assert second is first
    assert len(server.asked) == 1


def test_a_redirect_is_not_followed_with_credentials() -> None:
    with serving(FINE) as elsewhere, serving(Reply(302, b"", {"Location": elsewhere.url})) as server:
        error = Calling().failure(server.url)

    assert elsewhere.asked == []
    assert isinstance(error, CredentialsRejected)


def test_no_cookie_outlives_its_request() -> None:
    calling = Calling()
    with serving(Reply(200, {}, {"Set-Cookie": "session=1; Path=/"})) as server:
        calling.send(server.url)
        calling.send(server.url)

    assert "cookie" not in server.asked[1].headers


def test_no_proxy_and_no_netrc_of_the_machine_decides_who_gets_a_token(
    monkeypatch: Any, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port()}")
    with serving(FINE) as server:
        Calling().send(server.url)

    assert server.asked[0].headers["authorization"] == AUTHORIZATION


def test_an_address_that_may_not_be_called_is_refused_without_a_request() -> None:
    operation, _ = an_operation()
    client = HttpClient(
        System.AHA,
        operation,
        authorization=lambda: AUTHORIZATION,
        translate=lambda *_: None,
        transport=Transport(allow_local=False),
        rate_limits=RateLimits(),
        account="company",
    )
    with serving(FINE) as server, pytest.raises(Unavailable, match="does not call"):
        client.send(Request("GET", server.url))

    assert server.asked == []


def test_every_attempt_is_in_the_log_without_anything_secret() -> None:
    calling = Calling()
    with serving(DOWN, Reply(is_cut=True), FINE) as server:
        calling.send(f"{server.url}/api/token/S3cret?key=S3cret&page=2")

    entries = calling.written().of("azure-devops.request")
    assert [entry.detail["attempt"] for entry in entries] == [1, 2, 3]
    assert [entry.detail["status"] for entry in entries] == [503, None, 200]
    assert [entry.level.value for entry in entries] == ["warning", "warning", "info"]
    assert entries[0].detail["url"] == f"{server.url}/api/token/•••?key=•••&page=2"
    assert "S3cret" not in str(calling.log)
    assert AUTHORIZATION not in str(calling.log)


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize("text", [b"", b"<html>", b'{"a":', b"\xff\xfe\x00", b"[" * 100_000])
def test_a_body_that_is_no_json_reads_as_none(text: bytes) -> None:
    assert Response(200, {"content-type": "application/json"}, text).json() is None


def test_a_nesting_that_can_be_read_is_read() -> None:
    assert Response(200, {}, b"[" * 51 + b"]" * 51).json() == deeply_nested(50)
