"""The wire between the app and the systems that it talks to: every request passes it, and it can break at any one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from typing import Any

from local.faults import cut_connection
from shared.errors import System, Unavailable
from shared.storage.rows import Row, RowOperation
from shared.storage.table import Table


class Break(str, Enum):
    """What happens to one request. A dead worker's later requests never reach anybody."""

    LOST_REQUEST = "lost request"
    LOST_ANSWER = "lost answer"
    DEATH_BEFORE = "death before"
    DEATH_AFTER = "death after"
    REFUSED = "refused with 503"
    PROXY_BEFORE = "answered 520–599 before the commit"
    PROXY_AFTER = "answered 520–599 after the commit"
    LATE_ANSWER = "late answer"
    STORAGE_RESTART = "storage restarts before the answer"

    @property
    def is_death(self) -> bool:
        """Whether the worker does nothing any more."""
        return self in (Break.DEATH_BEFORE, Break.DEATH_AFTER)


ON_THE_WIRE = tuple(kind for kind in Break if kind not in (Break.LATE_ANSWER, Break.STORAGE_RESTART))
"""What can happen to a request where everything runs in one process."""


def proxy_status(at: int) -> int:
    """One of 520 to 599."""
    return 520 + at * 37 % 80


@dataclass
class Wire:
    """Counts the requests of one operation and breaks the one that it is told to."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _count: int = 0
    _at: int | None = None
    _kind: Break | None = None
    _dead: bool = False
    _meanwhile: Callable[[], None] | None = None
    broke: bool = False

    @property
    def proxy_status(self) -> int:
        """A status that a proxy answers in a system's place. Each place in an operation has its own."""
        return proxy_status(self._at or 0)

    def arm(self, kind: Break | None, at: int, meanwhile: Callable[[], None] | None = None) -> None:
        """Start a new operation: its request number `at` (from 0) breaks, or `meanwhile` happens right before it."""
        with self._lock:
            self._count, self._at, self._kind, self._dead = 0, at, kind, False
            self._meanwhile, self.broke = meanwhile, False

    def heal(self) -> None:
        """No more breaks."""
        self.arm(None, -1)

    def next(self) -> Break | None:
        """What happens to the request that is about to be made."""
        with self._lock:
            number, self._count = self._count, self._count + 1
            if self._dead:
                return Break.DEATH_BEFORE
            if number != self._at:
                return None
            meanwhile, kind = self._meanwhile, self._kind
            self.broke = True
            self._dead = kind is not None and kind.is_death
        if meanwhile is not None:
            meanwhile()
        return kind


class OnTheWire:
    """A WSGI application behind the wire. What the tests themselves do goes by `/_control` and passes freely."""

    def __init__(self, app: Any, wire: Wire) -> None:
        self._app = app
        self._wire = wire

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_control") or "/hooks/" in path:
            return self._through(environ, start_response)
        kind = self._wire.next()
        if kind in (Break.LOST_REQUEST, Break.DEATH_BEFORE):
            raise cut_connection(environ)
        if kind in (Break.PROXY_BEFORE, Break.PROXY_AFTER):
            if kind is Break.PROXY_AFTER:
                for _ in self._through(environ, lambda *_: None):
                    pass
            start_response(f"{self._wire.proxy_status} Unknown", [("Content-Type", "text/html")])
            return [b"<html>The web server returned an unknown error</html>"]
        if kind is Break.REFUSED:
            start_response("503 Service Unavailable", [("Content-Length", "0"), ("Retry-After", "1")])
            return [b""]
        if kind in (Break.LOST_ANSWER, Break.DEATH_AFTER):
            for _ in self._through(environ, lambda *_: None):
                pass
            raise cut_connection(environ)
        return self._through(environ, start_response)

    def _through(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = self._app(environ, start_response)
        return answer


class TableOnTheWire:
    """A table behind the wire, as the stores use it."""

    def __init__(self, table: Table, wire: Wire, ahead: Callable[[], timedelta]) -> None:
        self._table = table
        self._wire = wire
        self._ahead = ahead

    def get(self, partition_key: str, row_key: str) -> Row | None:
        """As Table."""
        row: Row | None = self._pass(lambda: self._table.get(partition_key, row_key))
        return None if row is None else self._older(row)

    def query(self, *arguments: Any, **options: Any) -> Iterator[Row]:
        """As Table. It does not break."""
        return map(self._older, self._table.query(*arguments, **options))

    def _older(self, row: Row) -> Row:
        return row if row.read_at is None else replace(row, read_at=row.read_at + self._ahead())

    def transact(self, operations: Sequence[RowOperation]) -> list[str]:
        """As Table."""
        etags: list[str] = self._pass(lambda: self._table.transact(operations))
        return etags

    def _pass(self, call: Callable[[], Any]) -> Any:
        kind = self._wire.next()
        if kind is None:
            return call()
        if kind in (Break.LOST_ANSWER, Break.DEATH_AFTER, Break.PROXY_AFTER):
            call()
        raise Unavailable(System.STORAGE, f"The wire broke: {kind.value}.")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)
