"""Exchanges end in time however slowly they go, and no connection is used that was idle for long."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.faults import FaultInjection
from local.idle_relay import IdleDroppingRelay
from local.serving import start_in_thread
from shared.clients.transport import NoAnswer, StreamedBody, Transport
from tests.unit.scripted_server import Reply, ScriptedServer

WITHIN = 1.0
LATEST = 20
"""Seconds that an exchange of one second may take on a busy machine. Without a deadline it would take minutes."""


class Slow:
    """A server whose answers, or whose reading, take as long as a test says."""

    def __init__(self, url: str, script: ScriptedServer) -> None:
        self.url = url
        self.script = script
        self.transport = Transport(allow_local=True)

    def fail(self, **fault: Any) -> None:
        """Let every request meet a fault; see `local.faults` for the kinds."""
        requests.post(f"{self.url}/_control/faults", json={"times": None, **fault}, timeout=10)

    def send(
        self, method: str = "GET", body: Any = None, *, within: float = WITHIN, **how: Any
    ) -> requests.Response:
        """An exchange that may take `within` seconds as a whole, and half a minute for each of its parts."""
        return self.transport.send(method, self.url, headers={}, body=body, timeout=30, within=within, **how)


@pytest.fixture
def slow() -> Iterator[Slow]:
    script = ScriptedServer([Reply(200, b"x" * 500)])
    with start_in_thread(FaultInjection(script, page_paths="/none")) as server:
        yield Slow(server.url, script)


class Endless:
    """A body that is produced slowly for ever: more than a connection holds."""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b"x" * (1 << 20)


@pytest.mark.parametrize(
    ("fault", "request_"),
    [
        ({"trickle_ms": 500}, {}),
        ({"trickle_body_ms": 500}, {}),
        ({"read_slowly_ms": 1000}, {"method": "POST", "body": b"x" * (64 << 20)}),
        ({"read_slowly_ms": 1000}, {"method": "POST", "body": Endless()}),
        ({"delay_ms": 40_000}, {}),
    ],
    ids=["status line and headers", "body", "upload", "upload in chunks", "no answer"],
)
def test_an_exchange_ends_by_its_deadline_however_it_trickles(
    slow: Slow, fault: dict[str, Any], request_: dict[str, Any]
) -> None:
    slow.fail(**fault)
    started = time.monotonic()

    with pytest.raises(NoAnswer) as failure:
        slow.send(**request_)

    assert WITHIN * 0.9 < time.monotonic() - started < LATEST
    assert failure.value.sent
    assert failure.value.may_still_run


def test_a_streamed_body_ends_by_the_deadline_of_its_exchange(slow: Slow) -> None:
    slow.fail(trickle_body_ms=500)
    started = time.monotonic()
    body = StreamedBody(slow.send(stream=True))

    with pytest.raises(OSError, match="connection broke"):
        # One read waits for all that it asked for.
        body.read(500)

    assert WITHIN * 0.9 < time.monotonic() - started < LATEST
    body.close()


def test_an_exchange_that_takes_long_but_not_too_long_is_complete(slow: Slow) -> None:
    slow.fail(trickle_body_ms=1)

    assert slow.send(within=60).content == b"x" * 500


def test_every_exchange_on_a_kept_connection_has_a_deadline_of_its_own(slow: Slow) -> None:
    slow.fail(delay_ms=700)

    assert [slow.send(within=2).status_code for _ in range(4)] == [200] * 4


def test_informational_answers_without_end_are_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def go_on() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    while True:
                        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                        time.sleep(0.01)
                except OSError:
                    return

        server = threading.Thread(target=go_on)
        server.start()
        with pytest.raises(NoAnswer) as failure:
            Transport(allow_local=True).send("GET", url, headers={}, body=None, timeout=30, within=WITHIN)
        server.join(5)

    assert failure.value.may_still_run


@pytest.fixture
def relay_with_drops(slow: Slow) -> Iterator[IdleDroppingRelay]:
    """A relay to the same server that drops idle connections after 0.3 s."""
    port = int(slow.url.rsplit(":", 1)[1])
    with IdleDroppingRelay(port, drops_after=0.3) as relay:
        yield relay


def call(transport: Transport, url: str) -> float:
    """Send a request; the seconds that it took."""
    started = time.monotonic()
    transport.send("GET", url, headers={}, body=None, timeout=30)
    return time.monotonic() - started


def test_the_first_request_after_a_pause_runs_at_its_normal_speed(
    relay_with_drops: IdleDroppingRelay,
) -> None:
    transport = Transport(allow_local=True, most_idle_seconds=0.2)
    call(transport, relay_with_drops.url)
    time.sleep(0.6)

    assert call(transport, relay_with_drops.url) < 15
    assert relay_with_drops.flows == 2


def test_a_connection_that_was_idle_for_a_short_time_is_used_again(slow: Slow) -> None:
    transport = Transport(allow_local=True, most_idle_seconds=30)
    with IdleDroppingRelay(int(slow.url.rsplit(":", 1)[1]), drops_after=60) as relay:
        for _ in range(5):
            call(transport, relay.url)
            time.sleep(0.05)

        assert relay.flows == 1


def test_the_relay_drops_idle_connections(relay_with_drops: IdleDroppingRelay) -> None:
    transport = Transport(allow_local=True, most_idle_seconds=60)
    call(transport, relay_with_drops.url)
    time.sleep(0.6)

    with pytest.raises(NoAnswer):
        transport.send("GET", relay_with_drops.url, headers={}, body=None, timeout=2)


def test_connections_are_kept_alive_by_tcp(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []
    connect = socket.socket.connect

    def note(self: socket.socket, address: Any) -> None:
        made.append(self)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", note)

    slow.send()

    assert [one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) for one in made] == [1]
