"""The one place that opens connections."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from shared.clients import transport
from shared.clients.addresses import AddressRefused
from shared.clients.transport import NoAnswer, Transport
from shared.domain.foreign_answers import AT_ONCE_SECONDS
from tests.unit.clients.test_addresses import resolving_to
from tests.unit.clients.test_http import unused_port
from tests.unit.scripted_server import Asked, Reply, serving

TOKEN = "S3cret-key"


def send(url: str, *, allow_local: bool = True, timeout: float = 5) -> Any:
    """A request without a body."""
    transport = Transport(allow_local=allow_local)
    return transport.send("GET", url, headers={}, body=None, timeout=timeout)


def failure(url: str, **how: Any) -> NoAnswer:
    """How a request without an answer fails."""
    with pytest.raises(NoAnswer) as caught:
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
    assert not error.may_still_run


def test_a_connection_that_breaks_may_have_carried_the_request() -> None:
    with serving(Reply(is_cut=True)) as server:
        error = failure(server.url)

    assert error.sent
    assert not error.may_still_run


def test_a_connection_that_breaks_while_the_other_side_works_does_not_end_that_work() -> None:
    # A load balancer forgets a connection, and the system behind it goes on.
    def late(_: Asked) -> Reply:
        time.sleep(AT_ONCE_SECONDS + 0.2)
        return Reply(is_cut=True)

    with serving(late) as server:
        error = failure(server.url)

    assert error.sent
    assert error.may_still_run


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
        with pytest.raises((NoAnswer, AddressRefused)) as caught:
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


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate that nobody has vouched for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    certificate = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, SHA256())
    path = folder / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_a_certificate_that_nobody_vouched_for_is_refused_and_named(tmp_path: Path) -> None:
    # aha-app/aha-services sends tokens without looking at the certificate.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def shake_hands() -> None:
            connection, _ = listener.accept()
            with (
                contextlib.suppress(OSError),
                self_signed(tmp_path).wrap_socket(connection, server_side=True),
            ):
                pass

        server = threading.Thread(target=shake_hands)
        server.start()
        error = failure(f"https://127.0.0.1:{port}/{TOKEN}")
        server.join()

    assert "TLS certificate" in error.reason
    assert not error.sent
    assert TOKEN not in everything_said(error)


def test_a_server_that_speaks_no_tls_is_an_ordinary_failure() -> None:
    with serving(Reply(200, b"x")) as server:
        error = failure(server.url.replace("http://", "https://"))

    assert not error.sent
    assert server.asked == []


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_an_answer_without_an_end_is_given_up(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 1 << 20)
    content = bytes(8 << 20)
    body = gzip.compress(content) if headers else content
    with serving(Reply(200, body, headers)) as server:
        error = failure(server.url)

    assert error.sent
    assert error.reason == "the answer is larger than 1 MB"


def test_an_answer_of_just_the_largest_size_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 1 << 20)
    with serving(Reply(200, bytes(1 << 20))) as server:
        assert len(send(server.url).content) == 1 << 20
