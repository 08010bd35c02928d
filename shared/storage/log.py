"""The integration log: what was done for each integration, newest first, kept for 30 days."""

from __future__ import annotations

import base64
import binascii
import itertools
import json
import logging
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from shared.errors import Fault, InvalidRequest, OperationFailed
from shared.journal import Entry, Level
from shared.storage.keys import escape_key
from shared.storage.rows import MOST_OPERATIONS, Delete, Row, Upsert, Value, cut_text, in_groups
from shared.storage.table import TransactionConflict
from shared.storage.tables import Tables

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
_EXPIRY_INTERVAL_SECONDS = 3600.0
_CUT_MARK = " … (cut)"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST_MICROSECOND = 10**17 - 1
"""In the year 5138; what is left until then sorts the newest entry first, in 17 digits."""
_LAST_NUMBER = 10**9 - 1
_ROW_KEY = re.compile(r"\d{17}-\d{9}-[!-~]*")

_numbers = itertools.count()


@dataclass(frozen=True)
class LogPage:
    """Entries, newest first. `next` is given to `read` as `before` for those that follow; None at the end."""

    entries: tuple[Entry, ...]
    next: str | None


class LogStore:
    """Every method raises Unavailable(System.STORAGE) when Table Storage is down, busy or refuses the app."""

    def __init__(self, tables: Tables) -> None:
        self._table = tables.log
        self._lock = threading.Lock()
        self._expired_at: dict[str, float] = {}

    def write(self, integration_id: str, entries: Sequence[Entry]) -> None:
        """Add entries, which the log then shows the other way round; once an hour, remove some that are too old."""
        partition = escape_key(integration_id)
        # Rows are written whatever stands there, so that a repeated transaction adds nothing twice.
        writes = [(None, (Upsert(_row(partition, entry)),)) for entry in entries]
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
        conditions = ["PartitionKey eq @partition", "RowKey lt @expired"]
        parameters = {"partition": escape_key(integration_id), "expired": _expired_key()}
        for condition, name, value in (
            ("RowKey gt @before", "before", None if before is None else _decoded(before)),
            ("operation_id eq @operation", "operation", operation_id),
            ("level eq @level", "level", level and level.value),
        ):
            if value is not None:
                conditions.append(condition)
                parameters[name] = value
        rows = self._table.query(" and ".join(conditions), parameters, page_size=min(limit + 1, 1000))
        found = list(itertools.islice(rows, limit + 1))
        has_more = len(found) > limit
        return LogPage(
            entries=tuple(map(_entry, found[:limit])),
            next=_encoded(found[limit - 1].row_key) if has_more else None,
        )

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
        """Remove a transaction's worth of expired entries: they lie at the end of the partition."""
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
        except TransactionConflict:
            # Another process removes them too.
            return
        except OperationFailed as failure:
            # What was to be written is written; the next hour tries again.
            logger.warning("Old entries of the integration log could not be removed: %s", failure.detail)


def _row(partition: str, entry: Entry) -> Row:
    number = _LAST_NUMBER - next(_numbers) % _LAST_NUMBER
    row_key = f"{_reverse_time(entry.time)}-{number:09}-{escape_key(entry.operation_id)[:64]}"
    properties: dict[str, Value] = {
        "time": entry.time,
        "level": entry.level.value,
        "operation_id": entry.operation_id,
        "event": entry.event,
        "message": cut_text(entry.message, _CUT_MARK),
        "detail": cut_text(json.dumps(dict(entry.detail), ensure_ascii=False, default=str), _CUT_MARK),
    }
    return Row(partition, row_key, properties)


def _entry(row: Row) -> Entry:
    return Entry(
        time=row.time("time"),
        level=Level(row.text("level")),
        operation_id=row.text("operation_id"),
        event=row.text("event"),
        message=row.text("message"),
        detail=_detail(row.text("detail")),
    )


def _detail(text: str) -> Mapping[str, Any]:
    try:
        detail = json.loads(text)
    except ValueError:
        # It was cut: a person can still read it.
        return {"cut": text}
    return detail if isinstance(detail, dict) else {"cut": text}


def _reverse_time(moment: datetime) -> str:
    return f"{_LAST_MICROSECOND - (moment - _EPOCH) // timedelta(microseconds=1):017}"


def _expired_key() -> str:
    return _reverse_time(datetime.now(timezone.utc) - KEPT)


def _encoded(row_key: str) -> str:
    return base64.urlsafe_b64encode(row_key.encode()).rstrip(b"=").decode()


def _decoded(before: str) -> str:
    try:
        row_key = base64.b64decode(before + "=" * (-len(before) % 4), altchars=b"-_", validate=True).decode(
            "ascii"
        )
    except (binascii.Error, ValueError):
        row_key = ""
    if not _ROW_KEY.fullmatch(row_key):
        raise InvalidRequest([Fault("/before", "must be the next of an earlier answer, or be left out")])
    return row_key
