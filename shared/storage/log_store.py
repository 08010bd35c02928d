"""The log of each integration in the table Log: newest entry first, kept for 30 days."""

from __future__ import annotations

import base64
import binascii
import heapq
import itertools
import logging
import re
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from shared.errors import InputError, InvalidRequest, OperationFailed
from shared.log_events import Level
from shared.operation_log import LogEntry
from shared.storage.keys import escape_key
from shared.storage.log_rows import (
    KeyedEntry,
    block_rows,
    entries_of,
    is_readable,
    key_of_time,
    level_property,
)
from shared.storage.rows import MOST_OPERATIONS, Delete, Row, Upsert, in_groups
from shared.storage.table import TransactionConflict
from shared.storage.tables import Tables

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
_EXPIRY_INTERVAL_SECONDS = 3600.0
_MOST_ROWS_PER_READ = 25
_KEY = r"\d{17}-\d{9}-[!-~]*"
_POSITION = re.compile(rf"(?P<entry>{_KEY}) (?P<row>{_KEY})")


@dataclass(frozen=True)
class LogPage:
    """Entries, newest first. To read the entries that follow, give `next` to `read` as `before`; None at the end."""

    entries: tuple[LogEntry, ...]
    next: str | None


@dataclass(frozen=True)
class _Position:
    """A position in the log: after the entry `entry_key`. The entries that follow are in `row_key` and later rows."""

    entry_key: str
    row_key: str


class LogStore:
    """Every method raises Unavailable(System.STORAGE) if Table Storage is down, too busy, or refuses the app."""

    def __init__(self, tables: Tables) -> None:
        self._table = tables.log
        self._lock = threading.Lock()
        self._expired_at: dict[str, float] = {}

    def write(self, integration_id: str, entries: Sequence[LogEntry]) -> None:
        """Store entries, oldest first. Once an hour, remove entries of this integration that are too old."""
        partition = escape_key(integration_id)
        # An upsert of the same row twice stores it once, so a transaction without an answer can be repeated.
        writes = [(None, (Upsert(row),)) for row in block_rows(partition, entries)]
        for group in in_groups(writes):
            self._table.transact([operation for _, operations in group for operation in operations])
        if writes and self._is_expiry_due(partition):
            self._remove_expired(partition)

    def read(
        self,
        integration_id: str,
        *,
        limit: int,
        before: str | None = None,
        operation_id: str | None = None,
        level: Level | None = None,
    ) -> LogPage:
        """At most `limit` entries of the last 30 days; if given, only those of one operation and of one level.

        Rows that a newer version of this app wrote are left out.

        Raises:
            InvalidRequest: `before` is not the `next` of an earlier page (pointer `/before`).
        """
        after = None if before is None else _decoded(before)
        expired = _expired_key()
        conditions = ["PartitionKey eq @partition", "RowKey lt @expired"]
        parameters = {"partition": escape_key(integration_id), "expired": expired}
        if after is not None:
            conditions.append("RowKey ge @row")
            parameters["row"] = after.row_key
        if operation_id is not None:
            conditions.append("operation_id eq @operation")
            parameters["operation"] = operation_id
        if level is not None:
            conditions.append(f"{level_property(level)} eq true")
        page_size = min(limit + 1, _MOST_ROWS_PER_READ)
        newest_first = _NewestFirst(
            self._table.query(" and ".join(conditions), parameters, page_size=page_size)
        )
        wanted = (
            item
            for item in newest_first
            if (level is None or item.entry.level is level)
            and (after is None or item.key > after.entry_key)
            and item.key < expired
        )
        found = list(itertools.islice(wanted, limit + 1))
        if newest_first.unreadable_rows:
            logger.warning(
                "%d rows of the log of %s were left out: a newer version of this app wrote them. Finish the deployment "
                "of the newer version on every instance.",
                newest_first.unreadable_rows,
                integration_id,
            )
        entries = tuple(item.entry for item in found[:limit])
        if len(found) <= limit:
            return LogPage(entries, next=None)
        position = _Position(found[limit - 1].key, newest_first.first_row_from(found[limit]))
        return LogPage(entries, _encoded(position))

    def purge(self, integration_id: str) -> None:
        """Remove all entries of an integration."""
        self._table.purge(escape_key(integration_id))

    def _is_expiry_due(self, partition: str) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._expired_at.get(partition, float("-inf")) < _EXPIRY_INTERVAL_SECONDS:
                return False
            self._expired_at[partition] = now
            return True

    def _remove_expired(self, partition: str) -> None:
        """Remove at most one transaction of expired rows. If there are more, the next write removes some of them."""
        try:
            rows = self._table.query(
                "PartitionKey eq @partition and RowKey ge @expired",
                {"partition": partition, "expired": _expired_key()},
                select=("PartitionKey", "RowKey"),
                page_size=MOST_OPERATIONS,
            )
            expired = [Delete(row) for row in itertools.islice(rows, MOST_OPERATIONS)]
            if expired:
                self._table.transact(expired)
            if len(expired) == MOST_OPERATIONS:
                with self._lock:
                    self._expired_at.pop(partition, None)
        except TransactionConflict:
            # Another process is removing the same rows.
            return
        except OperationFailed as failure:
            # The new entries are stored already, so the write succeeded. The app tries again in an hour.
            logger.warning("Old entries of the integration log could not be removed: %s", failure.detail)


class _NewestFirst:
    """The entries of rows, newest first.

    A row is sorted by its newest entry. Two operations at the same time have rows whose times overlap, so the rows have
    to be merged. `unreadable_rows` counts the rows so far that were left out.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self.unreadable_rows = 0
        self._rows = rows
        self._waiting: list[tuple[str, int, KeyedEntry]] = []

    def __iter__(self) -> Iterator[KeyedEntry]:
        # Numbers decide between equal keys, since entries have no order.
        numbers = itertools.count()
        for row in self._rows:
            if not is_readable(row):
                self.unreadable_rows += 1
                continue
            while self._waiting and self._waiting[0][0] < row.row_key:
                yield heapq.heappop(self._waiting)[-1]
            for item in entries_of(row):
                heapq.heappush(self._waiting, (item.key, next(numbers), item))
        while self._waiting:
            yield heapq.heappop(self._waiting)[-1]

    def first_row_from(self, item: KeyedEntry) -> str:
        """The first row that holds `item`, the last entry given out, or an entry after it."""
        return min((item.row_key, *(waiting.row_key for _, _, waiting in self._waiting)))


def _expired_key() -> str:
    return key_of_time(datetime.now(timezone.utc) - KEPT)


def _encoded(position: _Position) -> str:
    text = f"{position.entry_key} {position.row_key}"
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _decoded(before: str) -> _Position:
    try:
        text = base64.b64decode(before + "=" * (-len(before) % 4), altchars=b"-_", validate=True).decode(
            "ascii"
        )
    except (binascii.Error, ValueError):
        text = ""
    found = _POSITION.fullmatch(text)
    if found is None:
        raise InvalidRequest([InputError("/before", "must be the next of an earlier answer, or be left out")])
    return _Position(found["entry"], found["row"])
