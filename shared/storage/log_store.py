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
from shared.log_filter import EVERYTHING, LogFilter
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
_MOST_REMEMBERED = 1000
"""The most integrations for which a process remembers its last clean-up; for others, it checks again."""
_EXPIRY_INTERVAL_SECONDS = 3600.0
_MOST_ROWS_PER_READ = 25
_MOST_ROWS_PER_SEARCH = 100
MOST_ROWS = 1000
"""The most rows that one call reads. A search that finds little continues in the next call."""
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
        self, integration_id: str, *, limit: int, before: str | None = None, only: LogFilter = EVERYTHING
    ) -> LogPage:
        """At most `limit` entries of the last 30 days that `only` lets through.

        One call reads 1,000 rows, each with up to 80 entries of one operation. If there are more, the page has a
        `next`, even if it has fewer entries than `limit`, or none. Rows that a newer version of this app wrote are left
        out.

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
        if only.operation_id is not None:
            conditions.append("operation_id eq @operation")
            parameters["operation"] = only.operation_id
        if only.level is not None:
            conditions.append(f"{level_property(only.level)} eq true")
        most_per_read = _MOST_ROWS_PER_SEARCH if only.needs_entries else _MOST_ROWS_PER_READ
        rows = self._table.query(
            " and ".join(conditions), parameters, page_size=min(limit + 1, most_per_read)
        )
        newest_first = _NewestFirst(rows, after.entry_key if after else "")
        page = _page(newest_first, only, limit, expired)
        if newest_first.unreadable_rows:
            logger.warning(
                "%d rows of the log of %s were left out: a newer version of this app wrote them. Finish the deployment "
                "of the newer version on every instance.",
                newest_first.unreadable_rows,
                integration_id,
            )
        return page

    def purge(self, integration_id: str) -> None:
        """Remove all entries of an integration."""
        self._table.purge(escape_key(integration_id))

    def _is_expiry_due(self, partition: str) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._expired_at.get(partition, float("-inf")) < _EXPIRY_INTERVAL_SECONDS:
                return False
            # The partition whose rows were removed last comes last.
            self._expired_at.pop(partition, None)
            self._expired_at[partition] = now
            while len(self._expired_at) > _MOST_REMEMBERED:
                del self._expired_at[next(iter(self._expired_at))]
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
            # Another process removes the same rows.
            return
        except OperationFailed as failure:
            # The new entries are stored already, so the write succeeded. The app tries again in an hour.
            logger.warning("Old entries of the integration log could not be removed: %s", failure.detail)


class _NewestFirst:
    """The entries of rows, newest first, that follow the entry `passed`.

    A row is sorted by its newest entry. Two operations at the same time have rows whose times overlap, so the rows have
    to be merged. `passed` is the key of the last entry that was returned. `stopped_at` is the first row that was not
    read, because there were too many; empty at the end of the log. `unreadable_rows` counts the rows so far that
    were left out.
    """

    def __init__(self, rows: Iterable[Row], passed: str) -> None:
        self.passed = passed
        self.stopped_at = ""
        self.unreadable_rows = 0
        self._rows = rows
        self._waiting: list[tuple[str, int, KeyedEntry]] = []

    def __iter__(self) -> Iterator[KeyedEntry]:
        # Numbers decide between equal keys, since entries have no order.
        numbers = itertools.count()
        start, new_rows = self.passed, 0
        for row in self._rows:
            yield from self._given_out_before(row.row_key)
            # An earlier call read the rows before `start`. They do not count, so that every call makes progress.
            new_rows += row.row_key > start
            if new_rows > MOST_ROWS:
                self.stopped_at = row.row_key
                return
            if not is_readable(row):
                self.unreadable_rows += 1
                self.passed = max(self.passed, row.row_key)
                continue
            for item in entries_of(row):
                if item.key > start:
                    heapq.heappush(self._waiting, (item.key, next(numbers), item))
        yield from self._given_out_before(None)

    def _given_out_before(self, row_key: str | None) -> Iterator[KeyedEntry]:
        while self._waiting and (row_key is None or self._waiting[0][0] < row_key):
            item = heapq.heappop(self._waiting)[-1]
            yield item
            self.passed = item.key

    def rest(self, item: KeyedEntry | None = None) -> _Position:
        """Where to continue: at `item`, the last entry that was returned, or else at the entry after it."""
        rows = [waiting.row_key for _, _, waiting in self._waiting]
        rows += [item.row_key] if item else [self.stopped_at]
        return _Position(self.passed, min(rows))


def _page(newest_first: _NewestFirst, only: LogFilter, limit: int, expired: str) -> LogPage:
    found: list[LogEntry] = []
    for item in newest_first:
        if item.key >= expired:
            break
        if not only.matches(item.entry):
            continue
        if len(found) == limit:
            return LogPage(tuple(found), _encoded(newest_first.rest(item)))
        found.append(item.entry)
    return LogPage(tuple(found), _encoded(newest_first.rest()) if newest_first.stopped_at else None)


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
