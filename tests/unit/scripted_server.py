"""A server on loopback that answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request, Response

from local.fault_rules import UncorrectedResponse
from local.serving import start_in_thread


@dataclass(frozen=True)
class Asked:
    """A request as it arrived. Header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """An answer to give. `body`: bytes, a JSON value, or pieces that are sent in chunks.

    `is_cut`: the connection is closed before the answer.
    """

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_cut: bool = False


class ScriptedServer:
    """Gives one reply after another; the last one for ever."""

    def __init__(self, replies: Iterable[Reply | Callable[[Asked], Reply]]) -> None:
        self._replies = deque(replies)
        self._lock = threading.Lock()
        self.asked: list[Asked] = []
        self.url = ""

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """The WSGI application."""
        request = Request(environ)
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(
            request.method, request.path, request.query_string.decode(), headers, request.get_data()
        )
        with self._lock:
            self.asked.append(asked)
            reply = self._replies.popleft() if len(self._replies) > 1 else self._replies[0]
        if callable(reply):
            reply = reply(asked)
        if reply.is_cut:
            raise ConnectionResetError
        return _response(reply)(environ, start_response)


def _response(reply: Reply) -> Response:
    body = reply.body
    if isinstance(body, bytes):
        return UncorrectedResponse(body, reply.status, dict(reply.headers))
    if isinstance(body, Iterator):
        return UncorrectedResponse(body, reply.status, dict(reply.headers))
    headers = {"Content-Type": "application/json; charset=utf-8", **reply.headers}
    return Response(json.dumps(body), reply.status, headers)


@contextmanager
def serving(*replies: Reply | Callable[[Asked], Reply]) -> Iterator[ScriptedServer]:
    """A server that gives these replies."""
    server = ScriptedServer(replies or (Reply(),))
    with start_in_thread(server) as running:
        server.url = running.url
        yield server
