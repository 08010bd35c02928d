"""Answers that are no proper HTTP: whatever the libraries raise then is one of the app's own failures."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from shared.clients.downloads import open_download
from shared.clients.http import Request
from shared.clients.transport import Transport
from shared.errors import NotFound, OperationFailed, RuleViolation, Unavailable
from tests.unit.clients.test_http import Calling
from tests.unit.operations import an_operation
from tests.unit.scripted_server import Reply, serving

OK = b"HTTP/1.1 200 OK\r\n"
GARBLED = {
    "nothing": b"",
    "no HTTP": b"220 mail.example ESMTP\r\n",
    "no status": b"HTTP/1.1 zwei OK\r\n\r\n",
    "an endless status line": b"HTTP/1.1 200 " + b"x" * 70_000,
    "an endless header": OK + b"X: " + b"x" * 70_000 + b"\r\n\r\n",
    "too many headers": OK + b"".join(b"X-%d: 1\r\n" % number for number in range(200)) + b"\r\n",
    "two lengths": OK + b"Content-Length: 1, 2\r\n\r\nx",
    "a shorter body": OK + b"Content-Length: 100\r\n\r\nshort",
    "a bad chunk size": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "a negative chunk size": OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n0\r\n\r\n",
    "a chunk that breaks off": OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\nabc",
    "no gzip": OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    "no deflate": OK + b"Content-Encoding: deflate\r\nContent-Length: 4\r\n\r\n\xff\xff\xff\xff",
}
ODD_LENGTHS = {
    "letters": OK + b"Content-Length: many\r\n\r\nabc",
    "thousands of digits": OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nabc",
    "digits that are no ASCII": OK + b"Content-Length: \xb2\r\n\r\nabc",
    "less than nothing": OK + b"Content-Length: -5\r\n\r\nabc",
}


@contextmanager
def answering(raw: bytes) -> Iterator[str]:
    """The address of a server that answers every request with these bytes and closes the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        connection.recv(65536)
                        connection.sendall(raw)
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def downloaded(url: str) -> bytes:
    """The whole file at an address."""
    operation, _ = an_operation(20)
    download = open_download(url, operation, Transport(allow_local=True), sleep=lambda _: None)
    try:
        return b"".join(iter(download.read, b""))
    finally:
        download.close()


@pytest.mark.parametrize("raw", GARBLED.values(), ids=GARBLED.keys())
def test_a_garbled_answer_is_an_outage_of_the_other_side(raw: bytes) -> None:
    with answering(raw) as url, pytest.raises(Unavailable) as failure:
        Calling().client.send(Request("POST", url, repeatable=False))

    assert failure.value.outcome_unknown


@pytest.mark.parametrize("raw", GARBLED.values(), ids=GARBLED.keys())
def test_a_garbled_file_fails_alone(raw: bytes) -> None:
    # An OSError is what reading a download raises where it cannot go on; copying translates it.
    with answering(raw) as url, pytest.raises((OperationFailed, OSError)):
        downloaded(url)


@pytest.mark.parametrize("raw", ODD_LENGTHS.values(), ids=ODD_LENGTHS.keys())
def test_an_odd_length_is_no_length(raw: bytes) -> None:
    with answering(raw) as url, suppress(RuleViolation, Unavailable):
        assert downloaded(url) == b"abc"


@pytest.mark.parametrize(
    ("sent", "asked_for"),
    [
        ("/Z\u00fcrich plan.pdf", "/Z%FCrich%20plan.pdf"),
        ("/Z\u00c3\u00bcrich.pdf", "/Z%C3%BCrich.pdf"),
        ("/Z%C3%BCrich.pdf?a=%20b", "/Z%C3%BCrich.pdf?a=%20b"),
        ("/\u65e5".encode().decode("latin-1"), "/%E6%97%A5"),
    ],
    ids=["Latin-1", "UTF-8", "percent-encoded", "UTF-8 of three bytes"],
)
def test_a_redirect_leads_where_a_browser_would_go(sent: str, asked_for: str) -> None:
    with answering_redirect(sent) as (url, asked):
        assert downloaded(url) == b"abc"

    assert asked == ["/start", asked_for]


@contextmanager
def answering_redirect(location: str) -> Iterator[tuple[str, list[str]]]:
    """A server that redirects its first caller; the targets of its requests, as they were on the wire."""
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for answer in (
                b"HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: "
                + location.encode("latin-1")
                + b"\r\n\r\n",
                OK + b"Connection: close\r\nContent-Length: 3\r\n\r\nabc",
            ):
                connection, _ = listener.accept()
                with connection:
                    asked.append(connection.recv(65536).split(b" ")[1].decode())
                    connection.sendall(answer)

        server = threading.Thread(target=serve)
        server.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/start", asked
        server.join(5)


@pytest.mark.parametrize(
    "location",
    [
        "http://[",
        "http://[caf\u00e9]/",
        "https://h:99999/x",
        "https://h:9999999999999999999/x",
        "http://xn--/",
        "http://caf\u00e9.\u00e9/x",
        "http://a..b/",
        "//",
        "http:///x",
    ],
)
def test_a_redirect_to_a_malformed_address_fails_the_file_alone(location: str) -> None:
    with serving(Reply(302, b"", {"Location": location})) as server:
        operation, _ = an_operation(20)
        with pytest.raises((NotFound, Unavailable)):
            open_download(server.url, operation, Transport(allow_local=True))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_a_system_is_an_answer_whatever_its_location(status: int) -> None:
    with serving(Reply(status, b"", {"Location": "/\u00e9[://"})) as server, pytest.raises(OperationFailed):
        Calling().client.send(Request("GET", server.url))
