"""The one place that opens connections."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from shared.clients import transport
from shared.clients.addresses import AddressRefused
from tests.unit.clients.test_addresses import resolving_to
from tests.unit.clients.test_http import unused_port
from tests.unit.scripted_server import Reply, serving

TOKEN = "S3cret-key"


def send(url: str, *, allow_local: bool = True, timeout: float = 5) -> Any:
    """A request without a body."""
    return transport.send("GET", url, headers={}, body=None, timeout=timeout, allow_local=allow_local)


def failure(url: str, **how: Any) -> transport.NoAnswer:
    """How a request without an answer fails."""
    with pytest.raises(transport.NoAnswer) as caught:
        send(url, **how)
    return caught.value


def everything_said(error: BaseException) -> str:
    """The texts of an exception and of all that a trace would print with it."""
    seen = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        item = waiting.pop()
        if item is not None:
            seen.append(f"{item!r} {item}")
            waiting.append(item.__cause__)
            if not item.__suppress_context__:
                waiting.append(item.__context__)
    return " ".join(seen)


def test_where_nobody_listens_nothing_was_sent() -> None:
    error = failure(f"http://127.0.0.1:{unused_port()}/{TOKEN}")

    assert not error.sent
    assert not error.timed_out


def test_a_connection_that_breaks_may_have_carried_the_request() -> None:
    with serving(Reply(is_cut=True)) as server:
        error = failure(server.url)

    assert error.sent
    assert not error.timed_out


def test_an_unknown_host_is_told_from_one_that_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    for allow_local in (True, False):
        error = failure("https://nowhere.example/", allow_local=allow_local)
        assert not error.sent
        assert "unknown" in error.reason


def test_a_connection_that_is_not_made_in_time_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(socket.socket):
        def connect(self, address: Any) -> None:
            raise TimeoutError

    monkeypatch.setattr(socket, "socket", Silent)
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to("8.8.8.8"))

    error = failure("https://silent.example/", allow_local=False)

    assert not error.sent
    assert "in time" in error.reason


def test_an_address_is_checked_again_when_its_name_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Reply(200, b"inner")) as server:
        port = int(server.url.rsplit(":", 1)[1])
        monkeypatch.setattr(socket, "getaddrinfo", resolving_to("127.0.0.1"))

        with pytest.raises(AddressRefused):
            send(f"https://innocent.example:{port}/", allow_local=False)

    assert server.asked == []


@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:1/{TOKEN}?k={TOKEN}",
        f"http://{TOKEN}.invalid/{TOKEN}",
        f"http://127.0.0.1:1/token/{TOKEN}#{TOKEN}",
        f"https://127.0.0.1:1/{TOKEN}",
        f"http://{TOKEN}@127.0.0.1/",
        f"ftp://{TOKEN}/",
        f"http://[{TOKEN}",
        f"http://{'x' * 64}.{TOKEN}/",
    ],
)
def test_no_failure_says_anything_of_the_address(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for allow_local in (True, False):
        with pytest.raises((transport.NoAnswer, AddressRefused)) as caught:
            send(url, allow_local=allow_local, timeout=1)

        assert TOKEN.lower() not in everything_said(caught.value).lower()


def test_an_address_that_speaks_no_tls_is_a_failure_to_connect() -> None:
    with serving(Reply(200, b"x")) as server:
        error = failure(server.url.replace("http://", "https://"))

    assert not error.sent
    assert "TLS" in error.reason
    assert server.asked == []


def test_a_broken_connection_says_nothing_of_the_address() -> None:
    with serving(Reply(is_cut=True)) as server:
        error = failure(f"{server.url}/token/{TOKEN}?k={TOKEN}")

    assert TOKEN not in everything_said(error)


def test_connections_are_kept_alive_between_requests() -> None:
    ports: list[str] = []
    with serving(Reply(200, b"x")) as server:
        for _ in range(3):
            send(server.url)
        ports = [asked.headers.get("connection", "") for asked in server.asked]

    assert ports == ["keep-alive"] * 3
