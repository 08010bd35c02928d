"""The requests that a sandbox was sent, in the order in which they started."""

from __future__ import annotations

import io
import itertools
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

KEPT_REQUESTS = 10_000
LOGGED_BODY_LIMIT = 256 * 1024
"""The largest JSON body, in bytes, that is kept as text."""

_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization", "x-functions-key"}


@dataclass
class RequestLogEntry:
    """One request; the times are seconds of a monotonic clock, bytes are of bodies only.

    `status` is the answer of the application or a fault: null while the request runs, and if nothing answered.
    """

    id: int
    method: str
    path: str
    query: str
    headers: dict[str, str]
    started_at: float
    ended_at: float | None = None
    status: int | None = None
    request_bytes: int = 0
    response_bytes: int = 0
    body: str | None = None
    fault: str | None = None

    def end(self) -> None:
        """Records the time of the first call."""
        if self.ended_at is None:
            self.ended_at = time.monotonic()


class RequestLog:
    """Keeps the latest entries; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._entries: deque[RequestLogEntry] = deque(maxlen=KEPT_REQUESTS)

    def begin(self, environ: WSGIEnvironment) -> RequestLogEntry:
        """Adds a request before its body is read and before it is answered."""
        headers = {
            name[5:].replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            if environ.get(name):
                headers[name.replace("_", "-").lower()] = environ[name]
        for name in _SECRET_HEADERS & headers.keys():
            headers[name] = "present"
        with self._lock:
            entry = RequestLogEntry(
                id=next(self._ids),
                method=environ["REQUEST_METHOD"],
                path=_as_text(environ["PATH_INFO"]),
                query=_as_text(environ.get("QUERY_STRING", "")),
                headers=headers,
                started_at=time.monotonic(),
            )
            self._entries.append(entry)
        return entry

    def to_json(self, *, since: int = 0) -> list[dict[str, Any]]:
        """The entries with an id above `since`."""
        with self._lock:
            entries = [entry for entry in self._entries if entry.id > since]
        return [asdict(entry) for entry in entries]

    def clear(self) -> None:
        """Deletes every entry. Later entries continue with the next id."""
        with self._lock:
            self._entries.clear()


class _CountedBody(io.RawIOBase):
    """A request body that counts in its log entry what the application reads."""

    def __init__(self, body: Any, entry: RequestLogEntry, read_already: bytes = b"") -> None:
        self._body = body
        self._entry = entry
        self._read_already = io.BytesIO(read_already)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._read_already.read(len(buffer))
        if not piece:
            piece = self._body.read(len(buffer))
            self._entry.request_bytes += len(piece)
        buffer[: len(piece)] = piece
        return len(piece)


def observe_body(environ: WSGIEnvironment, entry: RequestLogEntry) -> None:
    """Keeps a small JSON body in the entry. Every body is passed on complete, a large one as a stream."""
    body = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH", "")
    sized = length.isdecimal()
    if not sized and not environ.get("wsgi.input_terminated"):
        return
    read_already = b""
    if _is_json(environ.get("CONTENT_TYPE", "")) and (not sized or int(length) <= LOGGED_BODY_LIMIT):
        read_already = body.read(int(length) if sized else LOGGED_BODY_LIMIT + 1)
        entry.request_bytes = len(read_already)
        if len(read_already) <= LOGGED_BODY_LIMIT:
            entry.body = read_already.decode("utf-8", "replace")
            environ["wsgi.input"] = io.BytesIO(read_already)
            return
    environ["wsgi.input"] = io.BufferedReader(_CountedBody(body, entry, read_already), 64 * 1024)


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


def _as_text(wsgi_text: str) -> str:
    return wsgi_text.encode("latin-1").decode("utf-8", "replace")
