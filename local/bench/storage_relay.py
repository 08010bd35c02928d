"""A relay in front of Azurite: it counts the requests to Table Storage and adds the latency of a network."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import urllib3
from werkzeug.wrappers import Request, Response

from local.bench.calls import Call

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SYSTEM = "storage"
POINT_READ, QUERY, ROW_WRITE, TRANSACTION, OTHER = "point read", "query", "row write", "transaction", "other"

_OPERATION_OF_TRANSACTION = re.compile(rb"^(?:POST|PUT|PATCH|MERGE|DELETE) (\S+) HTTP/1\.1\r?$", re.MULTILINE)
_ROW = re.compile(r"\(PartitionKey=.*,RowKey=.*\)$")
_SECONDS = 60


@dataclass(frozen=True)
class StorageCall(Call):
    """A call of Table Storage. `rows` is the number of rows that it writes."""

    kind: str
    rows: int

    @property
    def milliseconds(self) -> float:
        """How long Azurite took for it."""
        return (self.ended - self.started) * 1000


def kind_of(method: str, path: str, body: bytes) -> tuple[str, int]:
    """The kind of a request, and the number of rows that it writes. `path` is the undecoded path.

    The forms are those of https://learn.microsoft.com/rest/api/storageservices/table-service-rest-api.
    """
    name = unquote(path.rsplit("/", 1)[-1])
    if name == "$batch":
        return TRANSACTION, len(_OPERATION_OF_TRANSACTION.findall(body))
    if name.startswith("Tables"):
        return OTHER, 0
    if method == "GET":
        return (POINT_READ if _ROW.search(name) else QUERY), 0
    return ROW_WRITE, 1


class StorageRelay:
    """A WSGI application that forwards every request to Azurite and changes only the host."""

    def __init__(self, connection_string: str, latency_ms: float) -> None:
        self.latency_ms = latency_ms
        self._connection_string = connection_string
        found = re.search(r"TableEndpoint=(http://[^/;]+)", connection_string)
        if found is None:
            raise ValueError("the connection string names no table endpoint")
        self._target = found[1]
        parts = urlsplit(self._target)
        self._pool = urllib3.HTTPConnectionPool(parts.hostname or "", parts.port, maxsize=64)
        self._lock = threading.Lock()
        self._calls: list[StorageCall] = []

    def connection_string_by_way_of(self, url: str) -> str:
        """The connection string for Azurite by way of a server of this relay."""
        return self._connection_string.replace(self._target, url)

    def take_calls(self) -> list[StorageCall]:
        """The calls since the last time."""
        with self._lock:
            calls, self._calls = self._calls, []
        return calls

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = time.monotonic()
        request = Request(environ)
        body = request.get_data()
        time.sleep(self.latency_ms / 1000)
        answer = self._pool.request(
            request.method,
            environ["RAW_URI"],
            body=body,
            headers={name: value for name, value in request.headers.items() if name.lower() != "host"},
            timeout=_SECONDS,
        )
        response = Response(answer.data, answer.status)
        for name, value in answer.headers.items():
            if name.lower().startswith(("content-type", "etag", "x-ms-")):
                response.headers[name] = value
        kind, rows = kind_of(request.method, urlsplit(environ["RAW_URI"]).path, body)
        with self._lock:
            self._calls.append(StorageCall(SYSTEM, started, time.monotonic(), kind, rows))
        return response(environ, start_response)
