"""Log entries as rows of the table Log, and back.

A row holds a block of entries that one operation wrote together: it costs what one entry in a row of its own would.
Every entry has a key that grows with its age; a block's row has the key of its newest one.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from shared.journal import Entry, Level
from shared.storage.keys import escape_key
from shared.storage.rows import LONGEST_TEXT, Row, Value, cut_text, long_text, utf16_length

_CUT_MARK = " … (cut)"
_LARGEST_BLOCK = 400_000
"""Bytes on the wire, where whatever is not ASCII takes six: a row has 1 MiB, and one entry may come to half of that."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST_MICROSECOND = 10**17 - 1
"""In the year 5138; what is left until then sorts the newest entry first, in 17 digits."""
_LAST_NUMBER = 10**9 - 1

_numbers = itertools.count()


@dataclass(frozen=True)
class KeyedEntry:
    """An entry, the key that gives its place in the log, and the row that holds it."""

    key: str
    entry: Entry
    row_key: str


def key_of_time(moment: datetime) -> str:
    """Where entries of this moment begin: the keys of older ones are greater."""
    return f"{_LAST_MICROSECOND - (moment - _EPOCH) // timedelta(microseconds=1):017}"


def block_rows(partition: str, entries: Sequence[Entry]) -> list[Row]:
    """The rows for entries that are in the order of their times."""
    rows = []
    for _, of_operation in itertools.groupby(entries, lambda entry: entry.operation_id):
        keyed = [(_key(entry), entry) for entry in of_operation]
        rows += [_block_row(partition, block) for block in _blocks(keyed)]
    return rows


def entries_of(row: Row) -> list[KeyedEntry]:
    """The entries of a row."""
    operation_id = row.text("operation_id")
    return [
        KeyedEntry(key, _entry(operation_id, document), row.row_key)
        for key, document in json.loads(row.long_text("entries")).items()
    ]


def level_property(level: Level) -> str:
    """The property that tells whether a row has entries of a level."""
    return f"has_{level.value}"


_Block = list[tuple[str, Entry, str]]


def _blocks(keyed: Iterable[tuple[str, Entry]]) -> Iterator[_Block]:
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
    properties: dict[str, Value] = {
        "operation_id": block[0][1].operation_id,
        **{level_property(level): True for level in {entry.level for _, entry, _ in block}},
        **long_text("entries", f"{{{text}}}"),
    }
    return Row(partition, newest, properties)


def _key(entry: Entry) -> str:
    number = _LAST_NUMBER - next(_numbers) % _LAST_NUMBER
    return f"{key_of_time(entry.time)}-{number:09}-{escape_key(entry.operation_id)[:64]}"


def _document(entry: Entry) -> Mapping[str, Any]:
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


def _entry(operation_id: str, document: Mapping[str, Any]) -> Entry:
    return Entry(
        time=datetime.fromisoformat(document["time"]),
        level=Level(document["level"]),
        operation_id=operation_id,
        event=document["event"],
        message=document["message"],
        detail=document["detail"],
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
