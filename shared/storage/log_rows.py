"""Log entries as rows of the table Log, and back.

One row holds many entries that one operation wrote together, because writing a row costs the same however many entries
it has. Each entry has a key, which is greater for an older entry. A row's RowKey is the key of its newest entry, so
Table Storage, which sorts by RowKey, gives the newest rows first.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from shared.log_events import Level
from shared.operation_log import LogEntry
from shared.operation_outcome import OperationKind
from shared.storage.keys import escape_key
from shared.storage.outcome_rows import outcome_properties
from shared.storage.rows import (
    LONGEST_TEXT,
    MISREADINGS,
    Row,
    Value,
    cut_text,
    long_text,
    utf16_length,
)

SCHEMA = 1
"""The shape of the rows below. Raise it when an older version of this app would misread a row."""

_CUT_MARK = " … (cut)"
_LARGEST_BLOCK = 400_000
"""Bytes of one row's entries as sent, where each character outside ASCII takes 6 bytes. A row may have 1 MiB, and one
entry alone may need half of that."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST_MICROSECOND = 10**17 - 1
"""In the year 5138, counted from 1970. A key begins with the microseconds that are left until then, in 17 digits."""
_LAST_NUMBER = 10**9 - 1

_numbers = itertools.count()


@dataclass(frozen=True)
class KeyedEntry:
    """An entry, the key by which entries are sorted, and the RowKey of the row that holds the entry."""

    key: str
    entry: LogEntry
    row_key: str


def key_of_time(moment: datetime) -> str:
    """The start of the keys of all entries of this moment. Keys of older entries are greater, of newer ones smaller."""
    return f"{_LAST_MICROSECOND - (moment - _EPOCH) // timedelta(microseconds=1):017}"


def moment_of_key(key: str) -> datetime:
    """The moment of the entry that has this key."""
    return _EPOCH + timedelta(microseconds=_LAST_MICROSECOND - int(key[:17]))


def block_rows(partition: str, entries: Sequence[LogEntry]) -> list[Row]:
    """The rows that hold these entries, which are given oldest first."""
    rows = []
    for _, of_operation in itertools.groupby(entries, lambda entry: entry.operation_id):
        keyed = [(_key(entry), entry) for entry in of_operation]
        rows += [_block_row(partition, block) for block in _blocks(keyed)]
    return rows


def is_readable(row: Row) -> bool:
    """Whether this version of the app knows the shape of a row. It does not if a newer version wrote the row."""
    return row.number("schema") <= SCHEMA


def entries_of(row: Row) -> list[KeyedEntry]:
    """The entries of a readable row. One that lacks something is passed over, so that it does not hide the others."""
    operation_id, kind = row.text("operation_id"), _kind(row.text("operation_kind"))
    try:
        documents = json.loads(row.long_text("entries") or "{}").items()
    except MISREADINGS:
        return []
    entries = []
    for key, document in documents:
        with suppress(*MISREADINGS):
            entries.append(KeyedEntry(key, _entry(operation_id, kind, document), row.row_key))
    return entries


def level_property(level: Level) -> str:
    """The name of the property that is true if a row has an entry of this level."""
    return f"has_{level.value}"


_Block = list[tuple[str, LogEntry, str]]


def _blocks(keyed: Iterable[tuple[str, LogEntry]]) -> Iterator[_Block]:
    block: _Block = []
    size = 0
    for key, entry in keyed:
        text = _json(_document(entry))
        length = len(json.dumps(text))
        if block and size + length > _LARGEST_BLOCK:
            yield block
            block, size = [], 0
        block.append((key, entry, text))
        size += length
    if block:
        yield block


def _block_row(partition: str, block: _Block) -> Row:
    newest = min(key for key, _, _ in block)
    text = ",".join(f"{json.dumps(key)}:{document}" for key, _, document in block)
    outcome, kind = block[-1][1].outcome, block[-1][1].kind
    properties: dict[str, Value] = {
        "schema": SCHEMA,
        "operation_id": block[0][1].operation_id,
        **({"operation_kind": kind.value} if kind else {}),
        **(outcome_properties(outcome) if outcome else {}),
        **{level_property(level): True for level in {entry.level for _, entry, _ in block}},
        **long_text("entries", f"{{{text}}}"),
    }
    return Row(partition, newest, properties)


def _key(entry: LogEntry) -> str:
    number = _LAST_NUMBER - next(_numbers) % _LAST_NUMBER
    return f"{key_of_time(entry.time)}-{number:09}-{escape_key(entry.operation_id)[:64]}"


def _document(entry: LogEntry) -> Mapping[str, Any]:
    detail: Any = dict(entry.detail)
    text = _json(detail)
    if utf16_length(text) > LONGEST_TEXT:
        detail = {"cut": cut_text(text, _CUT_MARK)}
    return {
        "time": entry.time.isoformat(),
        "level": entry.level.value,
        "event": entry.event,
        "message": cut_text(entry.message, _CUT_MARK),
        "detail": detail,
    }


def _kind(text: str) -> OperationKind | None:
    """None for a row of an older version, and for a kind that only a newer version knows."""
    try:
        return OperationKind(text)
    except ValueError:
        return None


def _entry(operation_id: str, kind: OperationKind | None, document: Mapping[str, Any]) -> LogEntry:
    return LogEntry(
        time=datetime.fromisoformat(document["time"]),
        level=Level(document["level"]),
        operation_id=operation_id,
        event=document["event"],
        message=str(document.get("message") or ""),
        detail=dict(document.get("detail") or {}),
        kind=kind,
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
