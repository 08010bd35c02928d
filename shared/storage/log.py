"""The integration log: what was done for each integration, newest first, kept for 30 days."""

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
from shared.journal import Entry, Level
from shared.storage.keys import escape_key
from shared.storage.log_rows import KeyedEntry, block_rows, entries_of, key_of_time, level_property
from shared.storage.rows import MOST_OPERATIONS, Delete, Row, Upsert, in_groups
from shared.storage.table import TransactionConflict
from shared.storage.tables import Tables

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
_EXPIRY_INTERVAL_SECONDS = 3600.0
_MOST_ROWS_PER_READ = 25
_KEY = r"\d{17}-\d{9}-[!-~]*"
_PLACE = re.compile(rf"(?P<entry>{_KEY}) (?P<row>{_KEY})")


@dataclass(frozen=True)
class LogPage:
    """Entries, newest first. `next` is given to `read` as `before` for those that follow; None at the end."""

    entries: tuple[Entry, ...]
    next: str | None


@dataclass(frozen=True)
class _Place:
    """A place in the log: behind this entry, whose followers are in this row and those behind it."""

    entry_key: str
    row_key: str


class LogStore:
    """Every method raises Unavailable(System.STORAGE) when Table Storage is down, busy or refuses the app."""

    def __init__(self, tables: Tables) -> None:
        self._table = tables.log
        self._lock = threading.Lock()
        self._expired_at: dict[str, float] = {}

    def write(self, integration_id: str, entries: Sequence[Entry]) -> None:
        """Add entries, which the log then shows the other way round; now and then, remove some that are too old."""
        partition = escape_key(integration_id)
        # Rows are written whatever stands there, so that a repeated transaction adds nothing twice.
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
        """At most `limit` entries of the last 30 days, of one operation or one level where that is given.

        Raises:
            InvalidRequest: `before` is no `next` of an earlier page (pointer `/before`).
        """
        place = None if before is None else _decoded(before)
        end = _expired_key()
        conditions = ["PartitionKey eq @partition", "RowKey lt @expired"]
        parameters = {"partition": escape_key(integration_id), "expired": end}
        if place is not None:
            conditions.append("RowKey ge @row")
            parameters["row"] = place.row_key
        if operation_id is not None:
            conditions.append("operation_id eq @operation")
            parameters["operation"] = operation_id
        if level is not None:
            conditions.append(f"{level_property(level)} eq true")
        page_size = min(limit + 1, _MOST_ROWS_PER_READ)
        merge = _Merge(self._table.query(" and ".join(conditions), parameters, page_size=page_size))
        wanted = (
            item
            for item in merge
            if (level is None or item.entry.level is level)
            and (place is None or item.key > place.entry_key)
            and item.key < end
        )
        found = list(itertools.islice(wanted, limit + 1))
        entries = tuple(item.entry for item in found[:limit])
        if len(found) <= limit:
            return LogPage(entries, next=None)
        return LogPage(entries, _encoded(_Place(found[limit - 1].key, merge.first_row(found[limit]))))

    def purge(self, integration_id: str) -> None:
        """Remove the whole log of an integration."""
        self._table.purge(escape_key(integration_id))

    def _is_expiry_due(self, partition: str) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._expired_at.get(partition, float("-inf")) < _EXPIRY_INTERVAL_SECONDS:
                return False
            self._expired_at[partition] = now
            return True

    def _remove_expired(self, partition: str) -> None:
        """Remove a transaction's worth of expired rows, which lie at the end of the partition; the next write goes on
        where that was not all.
        """
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
            # Another process removes them too.
            return
        except OperationFailed as failure:
            # What was to be written is written; the next hour tries again.
            logger.warning("Old entries of the integration log could not be removed: %s", failure.detail)


class _Merge:
    """The entries of rows, which are in the order of their newest ones, in the order of their own keys.

    Operations that went on at the same time have rows that overlap.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self._waiting: list[tuple[str, int, KeyedEntry]] = []

    def __iter__(self) -> Iterator[KeyedEntry]:
        numbers = itertools.count()
        for row in self._rows:
            while self._waiting and self._waiting[0][0] < row.row_key:
                yield heapq.heappop(self._waiting)[-1]
            for item in entries_of(row):
                heapq.heappush(self._waiting, (item.key, next(numbers), item))
        while self._waiting:
            yield heapq.heappop(self._waiting)[-1]

    def first_row(self, item: KeyedEntry) -> str:
        """The first of the rows that hold this entry, which came out last, and those that are to come."""
        return min((item.row_key, *(waiting.row_key for _, _, waiting in self._waiting)))


def _expired_key() -> str:
    return key_of_time(datetime.now(timezone.utc) - KEPT)


def _encoded(place: _Place) -> str:
    text = f"{place.entry_key} {place.row_key}"
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _decoded(before: str) -> _Place:
    try:
        text = base64.b64decode(before + "=" * (-len(before) % 4), altchars=b"-_", validate=True).decode(
            "ascii"
        )
    except (binascii.Error, ValueError):
        text = ""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise InvalidRequest([InputError("/before", "must be the next of an earlier answer, or be left out")])
    return _Place(found["entry"], found["row"])
