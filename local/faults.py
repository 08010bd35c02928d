"""Faults on demand, latency and a request log, wrapped around a sandbox.

`/_control` sets everything, without a token; requests to it are never delayed, faulted or listed. Unknown control paths
go to the wrapped application. `DELETE /_control/all`, by which it forgets its data, also ends the faults, the latency
and the list of requests.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed
from werkzeug.wrappers import Request, Response

from local.fault_rules import Fault
from local.request_log import RequestLog, RequestLogEntry, observe_body

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PAGE_PATHS = r"/|/favicon\.ico|/_board(/.*)?"
"""Paths of a sandbox's page for people: passed on untouched and not listed."""

_SLOW_PIECE = 64 * 1024


class FaultInjection:
    """WSGI middleware. No lock is held while the wrapped application or a delay runs."""

    def __init__(self, app: WSGIApplication, *, page_paths: str = PAGE_PATHS) -> None:
        self._app = app
        self._page_paths = re.compile(page_paths)
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)
        self._latency_ms = 0.0
        self._resets = 0
        self._requests = RequestLog()
        self._controls: dict[str, Callable[[Request], Response]] = {
            "/_control/faults": self._control_faults,
            "/_control/latency": self._control_latency,
            "/_control/requests": self._control_requests,
            "/_control/health": self._control_health,
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        control = self._controls.get(path)
        if control is not None:
            try:
                response = control(Request(environ))
            except HTTPException as refusal:
                response = _json({"error": refusal.description}, refusal.code or 400)
            return response(environ, start_response)
        if path == "/_control/all" and environ["REQUEST_METHOD"] == "DELETE":
            self._reset()
        if path.startswith("/_control/") or self._page_paths.fullmatch(path):
            return self._app(environ, start_response)
        return self._observed(environ, start_response)

    def _observed(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        entry = self._requests.begin(environ)
        observe_body(environ, entry)
        delays, fault = self._due(entry)
        entry.fault = fault.id if fault else delays[0].id if delays else None
        resets = self._resets
        time.sleep((self._latency_ms + sum(delay.value for delay in delays)) / 1000)
        if resets != self._resets:
            # It was for data that no longer exists.
            entry.end()
            raise cut_connection(environ)
        if fault is None:
            return _Observed(entry, self._app, environ, start_response)
        if fault.outcome == "status" and fault.is_carried_out:
            for _ in _Observed(entry, self._app, environ, _keep_unsent):
                pass
        if fault.carried_out_after_ms is not None:
            self._carry_out_later(fault.carried_out_after_ms, dict(environ), resets)
        if fault.outcome == "status":
            return _Observed(entry, fault.answer(), environ, start_response)
        if fault.outcome == "hold_ms":
            return self._held(entry, fault.value, environ, start_response)
        if fault.outcome in ("trickle_ms", "trickle_body_ms"):
            self._trickle(entry, fault, environ)
        if fault.outcome == "read_slowly_ms":
            read_slowly(environ, fault.value / 1000)
            return _Observed(entry, self._app, environ, start_response)
        if fault.outcome == "cut_body_after":
            return _Observed(entry, self._app, environ, start_response, cut_after=fault.value)
        if fault.value == "after":
            for _ in _Observed(entry, self._app, environ, _keep_unsent):
                pass
        entry.end()
        raise cut_connection(environ)

    def _carry_out_later(self, milliseconds: int, environ: WSGIEnvironment, resets: int) -> None:
        """Carry the request out on a separate thread, unless its data was deleted by then."""
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read())

        def carry_out() -> None:
            if resets == self._resets:
                for _ in self._app(environ, _keep_unsent):
                    pass

        timer = threading.Timer(milliseconds / 1000, carry_out)
        timer.daemon = True
        timer.start()

    def _held(
        self,
        entry: RequestLogEntry,
        milliseconds: int,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        """Carry the request out, and answer it later."""
        start: list[Any] = []

        def keep(*arguments: Any) -> Callable[[bytes], object]:
            start[:] = arguments
            return lambda _piece: None

        body = b"".join(_Observed(entry, self._app, environ, keep))
        time.sleep(milliseconds / 1000)
        start_response(*start)
        return [body]

    def _trickle(self, entry: RequestLogEntry, fault: Fault, environ: WSGIEnvironment) -> NoReturn:
        """Carry the request out, send the answer byte by byte, and close the connection."""
        start: list[Any] = []

        def keep(*arguments: Any) -> Callable[[bytes], object]:
            start[:] = arguments
            return lambda _piece: None

        body = b"".join(_Observed(entry, self._app, environ, keep))
        status, headers = start[0], start[1]
        names = {name.lower() for name, _ in headers}
        lines = [f"HTTP/1.1 {status}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers]
        if "content-length" not in names:
            lines.append(f"Content-Length: {len(body)}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        connection: socket.socket = environ["werkzeug.socket"]
        if fault.outcome == "trickle_body_ms":
            connection.sendall(head)
            head = b""
        for byte in head + body:
            connection.sendall(bytes((byte,)))
            time.sleep(fault.value / 1000)
        raise cut_connection(environ)

    def _due(self, entry: RequestLogEntry) -> tuple[list[Fault], Fault | None]:
        """The sum of all delays that apply, and the first other fault that applies."""
        delays: list[Fault] = []
        chosen: Fault | None = None
        with self._lock:
            for fault in self._faults:
                if not fault.concerns(entry):
                    continue
                fault.matched += 1
                if not fault.is_due or (chosen and fault.outcome != "delay_ms"):
                    continue
                fault.fired += 1
                if fault.outcome == "delay_ms":
                    delays.append(fault)
                else:
                    chosen = fault
        return delays, chosen

    def _reset(self) -> None:
        with self._lock:
            self._faults.clear()
            self._latency_ms = 0.0
            self._resets += 1
        self._requests.clear()

    def _control_faults(self, request: Request) -> Response:
        if request.method == "POST":
            document = request.get_json(force=True)
            with self._lock:
                fault = Fault.from_json(str(next(self._ids)), document)
                self._faults.append(fault)
            return _json({"id": fault.id})
        if request.method == "DELETE":
            with self._lock:
                self._faults.clear()
            return Response(status=204)
        _allow(request, "GET", "POST", "DELETE")
        with self._lock:
            return _json({"faults": [fault.to_json() for fault in self._faults]})

    def _control_latency(self, request: Request) -> Response:
        if request.method == "PUT":
            document = request.get_json(force=True)
            milliseconds = document.get("ms") if isinstance(document, dict) else None
            if (
                not isinstance(milliseconds, (int, float))
                or isinstance(milliseconds, bool)
                or milliseconds < 0
            ):
                raise BadRequest("ms must be a number of at least 0")
            self._latency_ms = milliseconds
        else:
            _allow(request, "GET", "PUT")
        return _json({"ms": self._latency_ms})

    def _control_requests(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._requests.clear()
            return Response(status=204)
        _allow(request, "GET", "DELETE")
        since = request.args.get("since", "0")
        if not since.isdecimal():
            raise BadRequest("since must be the id of a request")
        return _json({"requests": self._requests.to_json(since=int(since))})

    def _control_health(self, request: Request) -> Response:
        _allow(request, "GET")
        return _json({"ok": True})


class _Observed:
    """The application's answer: it is counted, recorded in the log and, if a fault says so, cut off."""

    def __init__(
        self,
        entry: RequestLogEntry,
        app: WSGIApplication,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        cut_after: int | None = None,
    ) -> None:
        self._entry = entry
        self._environ = environ
        self._start_response = start_response
        self._cut_after = cut_after
        self._length: int | None = None
        try:
            self._pieces = app(environ, self._start)
        except BaseException:
            entry.end()
            raise

    def _start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        self._entry.status = int(status.split(" ", 1)[0])
        for name, value in headers:
            if name.lower() == "content-length" and value.isdecimal():
                self._length = int(value)
        return self._start_response(status, headers, exc_info)

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._pieces:
                room = None if self._cut_after is None else self._cut_after - self._entry.response_bytes
                if room is not None and len(piece) > room:
                    self._entry.response_bytes += room
                    yield piece[:room]
                    raise cut_connection(self._environ)
                self._entry.response_bytes += len(piece)
                # Ended before the last bytes are sent, so that a client with the whole answer finds a complete entry.
                if self._length is not None and self._entry.response_bytes >= self._length:
                    self._entry.end()
                yield piece
        finally:
            self.close()

    def close(self) -> None:
        """Ends the entry. The server also calls this when the client has disconnected."""
        self._entry.end()
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()


def _keep_unsent(*_start_of_answer: object) -> Callable[[bytes], object]:
    """A start_response for an answer that is not sent."""
    return lambda _piece: None


def read_slowly(environ: WSGIEnvironment, seconds: float) -> None:
    """Read the request's body with pauses. The application gets it when it is complete."""
    body, pieces = environ["wsgi.input"], []
    while piece := body.read(_SLOW_PIECE):
        pieces.append(piece)
        time.sleep(seconds)
    environ["wsgi.input"] = io.BytesIO(b"".join(pieces))


def cut_connection(environ: WSGIEnvironment) -> ConnectionAbortedError:
    """Closes the connection without another byte; returns the error that tells the server so."""
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    return ConnectionAbortedError("the connection was cut on demand")


def _allow(request: Request, *methods: str) -> None:
    if request.method not in methods:
        raise MethodNotAllowed(list(methods))


def _json(document: object, status: int = 200) -> Response:
    return Response(json.dumps(document), status=status, content_type="application/json")
