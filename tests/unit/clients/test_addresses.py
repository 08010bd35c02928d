"""Which addresses the app calls."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from shared.clients.addresses import AddressRefused, check_url, connect

PUBLIC = ["8.8.8.8", "13.107.42.20", "2620:1ec:a92::171", "64:ff9b::8.8.8.8"]

NOT_PUBLIC = [
    "127.0.0.1",
    "127.8.9.1",
    "::1",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",  # shared by the customers of a provider
    "169.254.169.254",  # metadata of Azure, AWS and others
    "169.254.1.1",
    "168.63.129.16",  # the host agent of Azure's virtual machines, at a public address
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fc00::1",
    "fec0::1",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "239.255.255.250",
    "ff02::1",
    "ff0e::1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::168.63.129.16",
    "64:ff9b:1::1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2002:808:808::1",
    "2002:a9fe:a9fe::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]

Resolver = Callable[..., list[Any]]


def resolving_to(*addresses: str) -> Resolver:
    """A name server that knows these addresses for every host."""

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in addresses
        ]

    return resolve


class Connections(list[Any]):
    """The addresses that were connected to."""


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    """Sockets that note where they are connected to and go nowhere."""
    made = Connections()

    class NotingSocket(socket.socket):
        def connect(self, address: Any) -> None:
            made.append(address)

    monkeypatch.setattr(socket, "socket", NotingSocket)
    return made


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_name_that_leads_to_an_inner_address_is_not_called(
    address: str, monkeypatch: pytest.MonkeyPatch, connections: Connections
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to(address))

    with pytest.raises(AddressRefused):
        connect("innocent.example", 443, 1, None)

    assert connections == []


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_one_inner_address_among_public_ones_is_enough_to_refuse(
    address: str, monkeypatch: pytest.MonkeyPatch, connections: Connections
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to("8.8.8.8", address))

    with pytest.raises(AddressRefused):
        connect("innocent.example", 443, 1, None)

    assert connections == []


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_inner_address_written_out_is_not_called(address: str) -> None:
    host = f"[{address.split('%')[0]}]" if ":" in address else address

    with pytest.raises(AddressRefused):
        check_url(f"https://{host}/file", allow_local=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_connected_to(
    address: str, monkeypatch: pytest.MonkeyPatch, connections: Connections
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to(address))

    connect("dev.example", 443, 1, [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]).close()

    assert [(made[0], made[1]) for made in connections] == [(address, 443)]


def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch, connections: Connections
) -> None:
    # A name server that changes its mind between the check and the connection gains nothing.
    answers = iter([resolving_to("8.8.8.8"), resolving_to("127.0.0.1"), resolving_to("169.254.169.254")])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kinds: next(answers)(*args, **kinds))

    connect("rebinding.example", 443, 1, None).close()

    assert connections == [("8.8.8.8", 443)]


def test_the_next_address_is_tried_where_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    class FirstIsDown(socket.socket):
        def connect(self, address: Any) -> None:
            tried.append(address[0])
            if address[0] == "8.8.4.4":
                raise ConnectionRefusedError

    monkeypatch.setattr(socket, "socket", FirstIsDown)
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to("8.8.4.4", "8.8.8.8"))

    connect("dev.example", 443, 1, None).close()

    assert tried == ["8.8.4.4", "8.8.8.8"]


def test_many_dead_addresses_cost_no_more_than_the_time_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    class Dead(socket.socket):
        def connect(self, address: Any) -> None:
            tried.append(address[0])
            time.sleep(self.gettimeout() or 0)
            raise TimeoutError

    monkeypatch.setattr(socket, "socket", Dead)
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to(*(f"8.8.8.{last}" for last in range(60))))
    started = time.monotonic()

    with pytest.raises(TimeoutError):
        connect("dev.example", 443, 1, None)

    assert time.monotonic() - started < 15
    assert 1 < len(tried) < 60


def test_a_host_where_nobody_answers_is_an_ordinary_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    class Down(socket.socket):
        def connect(self, address: Any) -> None:
            raise ConnectionRefusedError

    monkeypatch.setattr(socket, "socket", Down)
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to("8.8.8.8"))

    with pytest.raises(ConnectionRefusedError):
        connect("dev.example", 443, 1, None)


@pytest.mark.parametrize("host", ["x" * 64 + ".example", "a..example", "é" * 70 + ".example"])
def test_a_host_that_no_name_server_can_be_asked_for_is_an_ordinary_failure(host: str) -> None:
    with pytest.raises(OSError, match="malformed"):
        connect(host, 443, 1, None)


@pytest.mark.parametrize(
    "url",
    ["http://dev.azure.com/", "ftp://dev.azure.com/", "file:///etc/passwd", "//dev.azure.com/", "dev.azure.com", "",
     "https://", "https:///path", "https://user@dev.azure.com/", "https://user:pw@dev.azure.com/", "https://@h/",
     "https://[", "https://h:99999/", "https://h:port/", "javascript:alert(1)", "gopher://h/", "https://[::1"],
)  # fmt: skip
def test_what_is_no_plain_https_address_is_not_called(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url, allow_local=False)


def test_local_addresses_may_be_allowed_but_no_other_scheme_and_no_user() -> None:
    check_url("http://127.0.0.1:8081/", allow_local=True)
    check_url("https://[::1]/", allow_local=True)
    for url in ("ftp://127.0.0.1/", "http://me@127.0.0.1/", "http://"):
        with pytest.raises(AddressRefused):
            check_url(url, allow_local=True)


def test_the_words_of_a_refusal_hold_nothing_of_the_address() -> None:
    for url in (
        "https://S3cret@h/",
        "http://S3cret.example/S3cret",
        "https://[S3cret",
        "https://127.0.0.1/S3cret",
    ):
        with pytest.raises(AddressRefused) as caught:
            check_url(url, allow_local=False)
        assert "S3cret" not in str(caught.value)
