"""Serve a WSGI application over HTTP/1.1 on loopback, for the sandboxes and their tests.

Werkzeug's threaded server does the HTTP. Its own request handler closes the connection after every
answer; the handler here keeps it open, as the services that are imitated do.
"""

from __future__ import annotations

import contextlib
import io
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterable
from types import FrameType
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import InternalServerError
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DRAIN_LIMIT = 256 * 1024 * 1024
"""The most bytes of an unread request body that are discarded to keep the connection; with more, it is closed."""

_BLOCK = 64 * 1024
_log = logging.getLogger(__name__)


class _SizedBody(io.RawIOBase):
    """A request body of known length, read from the connection and never past its end."""

    def __init__(self, connection: io.BufferedIOBase, length: int) -> None:
        self._connection = connection
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._left)
        if wanted == 0:
            return 0
        got = self._connection.readinto1(memoryview(buffer)[:wanted])
        if got == 0:
            raise ConnectionResetError("the request body ended early")
        self._left -= got
        return got


class _Answer:
    """Writes one answer so that the connection can be used again."""

    def __init__(self, handler: _KeepAliveHandler) -> None:
        self._handler = handler
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._chunked = False
        self.begun = False

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        """WSGI's start_response."""
        if exc_info and self.begun:
            raise exc_info[1].with_traceback(exc_info[2])
        if self._status and not exc_info:
            raise AssertionError("the answer was started twice")
        self._status, self._headers = status, list(headers)
        return self.write

    def write(self, data: bytes) -> None:
        """Sends a piece of the body; before the first one, status and headers."""
        if not self.begun:
            self._write_head()
        if data and self._handler.command != "HEAD":
            if self._chunked:
                self._handler.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
            else:
                self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def finish(self) -> None:
        """Sends the end mark of the body, if it needs one."""
        if not self.begun:
            self._write_head()
        if self._chunked:
            self._handler.wfile.write(b"0\r\n\r\n")
        self._handler.wfile.flush()

    def _write_head(self) -> None:
        if not self._status:
            raise AssertionError("a body came before the answer was started")
        self.begun = True
        code_text, _, reason = self._status.partition(" ")
        code = int(code_text)
        handler = self._handler
        names = {name.lower() for name, _ in self._headers}
        handler.log_request(code)
        handler.send_response_only(code, reason)
        handler.send_header("Server", handler.version_string())
        if "date" not in names:
            handler.send_header("Date", handler.date_time_string())
        for name, value in self._headers:
            handler.send_header(name, value)
        sized = "content-length" in names
        bodiless = handler.command == "HEAD" or code < 200 or code in (204, 304)
        if not sized and not bodiless:
            if handler.request_version == "HTTP/1.1":
                self._chunked = True
                handler.send_header("Transfer-Encoding", "chunked")
            else:
                handler.close_connection = True
        if handler.close_connection:
            handler.send_header("Connection", "close")
        handler.end_headers()


class _KeepAliveHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = _BLOCK
    timeout = 120  # seconds an idle connection is kept

    server: _SandboxServer

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        # The rest of the buffer belongs to an answer whose connection was lost or cut.
        with contextlib.suppress(OSError):
            super().finish()

    def version_string(self) -> str:
        return self.server_version

    def handle_expect_100(self) -> bool:
        go_on = super().handle_expect_100()
        self.wfile.flush()
        return go_on

    def run_wsgi(self) -> None:
        self.environ = environ = self.make_environ()
        body = self._frame_body(environ)
        answer = _Answer(self)
        try:
            self._answer_with(self.server.app, environ, answer)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
            return
        except Exception:
            _log.exception("%s %s failed", self.command, environ["PATH_INFO"])
            self.close_connection = True
            if not answer.begun:
                self._answer_with(InternalServerError(), environ, _Answer(self))
            return
        self._drain(body)

    def _frame_body(self, environ: WSGIEnvironment) -> io.BufferedReader:
        raw = environ["wsgi.input"]
        if not environ.get("wsgi.input_terminated"):
            length = environ.get("CONTENT_LENGTH", "")
            raw = _SizedBody(raw, int(length) if length.isdecimal() else 0)
            environ["wsgi.input_terminated"] = True
        body = io.BufferedReader(raw, _BLOCK)
        environ["wsgi.input"] = body
        return body

    def _answer_with(self, app: WSGIApplication, environ: WSGIEnvironment, answer: _Answer) -> None:
        start: StartResponse = answer.start
        pieces: Iterable[bytes] = app(environ, start)
        try:
            for piece in pieces:
                answer.write(piece)
            answer.finish()
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def _drain(self, body: io.BufferedReader) -> None:
        drained = 0
        try:
            while piece := body.read(_BLOCK):
                drained += len(piece)
                if drained > DRAIN_LIMIT:
                    self.close_connection = True
                    return
        except (OSError, ValueError):
            self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:
        """Logs nothing, because the sandboxes have a request log."""


class _SandboxServer(ThreadedWSGIServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, app: WSGIApplication, host: str, port: int, name: str) -> None:
        self.connections: set[socket.socket] = set()
        super().__init__(host, port, app, _KeepAliveHandler)
        self._server_version = name

    def close_connections(self) -> None:
        """Closes every open connection, idle ones too, so that no further answer is sent."""
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class RunningServer:
    """A server that runs on its own thread. `url` does not end with a slash."""

    def __init__(self, server: _SandboxServer) -> None:
        self._server = server
        shown_host = f"[{server.host}]" if ":" in server.host else server.host
        self.url = f"http://{shown_host}:{server.port}"
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops listening and closes every connection. May be called twice."""
        self._server.shutdown()
        self._thread.join()
        self._server.close_connections()

    def __enter__(self) -> RunningServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_in_thread(
    app: WSGIApplication, *, host: str = "127.0.0.1", port: int = 0, name: str = "sandbox"
) -> RunningServer:
    """Serves `app` on a free port (or on `port`) until `stop()`; usable as a context manager."""
    return RunningServer(_SandboxServer(app, host, port, name))


def serve(app: WSGIApplication, host: str, port: int, name: str) -> None:
    """Serves `app` until SIGTERM or SIGINT; to be called on the main thread.

    Prints one line, `listening on http://HOST:PORT`, when connections are accepted. `port` 0 takes a
    free one; a port in use ends the process with a message. `name` is sent as the Server header.
    """
    stop_asked = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop_asked.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    with start_in_thread(app, host=host, port=port, name=name) as server:
        print(f"listening on {server.url}", flush=True)
        # A bare wait() would not notice Ctrl-C on Windows.
        while not stop_asked.wait(0.5):
            pass
