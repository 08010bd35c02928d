"""The server that the sandboxes run on, over real sockets."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from werkzeug.wrappers import Request, Response

from local.serving import RunningServer, start_in_thread


@Request.application
def echo(request: Request) -> Response:
    """Answers by path: what was read of the body, a stream, an error, or nothing read at all."""
    if request.path == "/unread":
        return Response("refused", status=401)
    if request.path == "/stream":
        return Response(piece for piece in ("one ", "two ", "three"))
    if request.path == "/dated":
        return Response("then", headers={"Date": "Wed, 04 Mar 2026 12:00:00 GMT"})
    if request.path == "/empty":
        return Response(status=204)
    if request.path == "/defect":
        raise ZeroDivisionError
    return Response(
        json.dumps({"length": len(request.get_data()), "chunked": "Transfer-Encoding" in request.headers}),
        content_type="application/json",
    )


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with start_in_thread(echo, name="echo") as running:
        yield running


def address_of(server: RunningServer) -> tuple[str, int]:
    host, _, port = urlsplit(server.url).netloc.rpartition(":")
    return host, int(port)


def connection_to(server: RunningServer) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(*address_of(server), timeout=10)


def exchange(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None
) -> tuple[int, bytes]:
    connection.request(method, path, body)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_one_connection_carries_many_requests_of_every_framing(server: RunningServer) -> None:
    connection = connection_to(server)
    connection.connect()
    socket_at_first = connection.sock

    answers = [
        exchange(connection, "POST", "/", b"x" * 10),
        exchange(connection, "GET", "/stream"),
        exchange(connection, "DELETE", "/empty"),
        exchange(connection, "HEAD", "/stream"),
        exchange(connection, "POST", "/unread", b"x" * 300_000),
        exchange(connection, "GET", "/"),
    ]

    assert [status for status, _ in answers] == [200, 200, 204, 200, 401, 200]
    assert answers[1][1] == b"one two three"
    assert json.loads(answers[5][1])["length"] == 0
    assert connection.sock is socket_at_first


def test_a_chunked_request_is_read_whole_and_the_connection_stays(server: RunningServer) -> None:
    with requests.Session() as session:
        answer = session.post(f"{server.url}/", data=iter([b"a" * 100_000, b"b" * 7]), timeout=10)
        unread = session.post(f"{server.url}/unread", data=iter([b"a" * 100_000, b"b"]), timeout=10)
        after = session.get(f"{server.url}/stream", timeout=10)

    assert answer.json() == {"length": 100_007, "chunked": True}
    assert unread.status_code == 401
    assert after.text == "one two three"


def test_a_client_that_asks_to_go_on_is_told_so_once(server: RunningServer) -> None:
    with socket.create_connection(address_of(server), timeout=10) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        interim = client.recv(1000)
        client.sendall(b"abc")
        answer = client.recv(1000)

    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_client_that_asks_to_close_gets_its_answer_and_the_end(server: RunningServer) -> None:
    with socket.create_connection(address_of(server), timeout=10) as client:
        client.sendall(b"GET /stream HTTP/1.0\r\n\r\n")
        received = b"".join(iter(lambda: client.recv(1000), b""))

    head, _, body = received.partition(b"\r\n\r\n")
    assert body == b"one two three"
    assert b"Transfer-Encoding" not in head
    assert b"Connection: close" in head


def test_a_defect_of_the_application_is_a_500_and_the_server_goes_on(server: RunningServer) -> None:
    assert requests.get(f"{server.url}/defect", timeout=10).status_code == 500
    assert requests.get(f"{server.url}/stream", timeout=10).status_code == 200


@pytest.mark.parametrize("path", ["/", "/dated"])
def test_an_answer_has_one_date(server: RunningServer, path: str) -> None:
    connection = connection_to(server)
    connection.request("GET", path)

    dates = connection.getresponse().headers.get_all("Date")

    assert dates is not None
    assert len(dates) == 1
    assert (dates[0] == "Wed, 04 Mar 2026 12:00:00 GMT") == (path == "/dated")


def test_requests_run_side_by_side() -> None:
    meeting = threading.Barrier(20, timeout=10)

    @Request.application
    def meet(_request: Request) -> Response:
        meeting.wait()
        return Response("met")

    statuses: list[int] = []
    with start_in_thread(meet) as server:
        callers = [
            threading.Thread(target=lambda: statuses.append(requests.get(server.url, timeout=15).status_code))
            for _ in range(20)
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()

    assert statuses == [200] * 20


def test_a_stopped_server_answers_no_open_connection_either() -> None:
    server = start_in_thread(echo)
    connection = connection_to(server)
    assert exchange(connection, "GET", "/")[0] == 200

    server.stop()

    with pytest.raises((http.client.HTTPException, OSError)):
        exchange(connection, "GET", "/")
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=10)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_served_sandbox_cleanly(stop_signal: signal.Signals) -> None:
    program = (
        "from werkzeug.wrappers import Response\n"
        "from local.serving import serve\n"
        "serve(Response('here'), '127.0.0.1', 0, 'example')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        url = line.removeprefix("listening on ").strip()
        answer = requests.get(url, timeout=10)
        process.send_signal(stop_signal)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.stdout.close()
        process.wait()

    assert line.startswith("listening on http://127.0.0.1:")
    assert (answer.text, answer.headers["Server"]) == ("here", "example")
