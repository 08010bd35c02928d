"""Rows of Table Storage: the operations on them, texts of any length, and the limits of the service.

Limits, from https://learn.microsoft.com/rest/api/storageservices/: a property has 64 KiB and an entity 1 MiB
(understanding-the-table-service-data-model), a transaction 100 entities and 4 MiB
(performing-entity-group-transactions).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cached_property, wraps
from itertools import count
from typing import Concatenate, ParamSpec, TypeVar

from shared.errors import NewerRow, OperationFailed, System

Value = str | int | bool | datetime

LONGEST_TEXT = 32_000
"""UTF-16 units that this app puts into one property; the service takes 32,768."""
MOST_OPERATIONS = 100
_LARGEST_ROW = 1024 * 1024
_LARGEST_PAYLOAD = 3_500_000
"""Bytes of one transaction without the headers of its parts; the service takes 4 MiB with them."""

MISREADINGS = (KeyError, TypeError, ValueError, AttributeError)
"""The errors of reading a row if a property is missing, or is not what this version of the app writes."""

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True)
class Row:
    """An entity.

    `etag` is the version that was read, empty for a row that is not written yet. `written_at` and `read_at` are when
    Table Storage wrote it and answered with it, both by Table Storage's own clock.
    """

    partition_key: str
    row_key: str
    properties: Mapping[str, Value] = field(default_factory=dict)
    etag: str = ""
    written_at: datetime | None = None
    read_at: datetime | None = None

    @cached_property
    def payload_size(self) -> int:
        """The bytes that the row takes in a request, roughly."""
        return len(json.dumps(self.properties, default=str))

    @property
    def age(self) -> timedelta:
        """The time between the last write and the read; zero if either is not known."""
        if self.written_at is None or self.read_at is None:
            return timedelta()
        return max(timedelta(), self.read_at - self.written_at)

    def text(self, name: str) -> str:
        """A property that holds text; empty if the row has none."""
        return str(self.properties.get(name, ""))

    def number(self, name: str) -> int:
        """A property that holds a number; 0 if the row has none."""
        return int(str(self.properties.get(name, 0)))

    def flag(self, name: str) -> bool:
        """A property that holds true or false; false if the row has none."""
        return self.properties.get(name) is True

    def time(self, name: str) -> datetime:
        """A property that holds a time, as such or as ISO 8601 text; raises KeyError if the row has none."""
        value = self.properties[name]
        if isinstance(value, str):
            return datetime.fromisoformat(value).astimezone(timezone.utc)
        if not isinstance(value, datetime):
            raise TypeError(f"{name} of row {self.row_key} holds no time")
        return value

    def moment(self, name: str) -> datetime | None:
        """A property that holds a time; None if the row has none."""
        return self.time(name) if self.properties.get(name) else None

    def long_text(self, name: str) -> str:
        """A text that the function `long_text` split; empty if the row has none."""
        pieces: list[str] = []
        for number in count():
            piece = self.properties.get(f"{name}_{number}")
            if piece is None:
                return "".join(pieces)
            pieces.append(str(piece))
        raise AssertionError("unreachable")


@dataclass(frozen=True)
class Insert:
    """Write a row that must not exist yet."""

    row: Row


ANY_VERSION = "*"
"""The ETag that matches any version."""


@dataclass(frozen=True)
class Replace:
    """Replace the version `etag` of a row; properties that the new one lacks are removed."""

    row: Row
    etag: str


@dataclass(frozen=True)
class Upsert:
    """Write a row, whether or not it exists."""

    row: Row


@dataclass(frozen=True)
class Delete:
    """Remove the version `etag` of a row, which must exist."""

    row: Row
    etag: str = ANY_VERSION


RowOperation = Insert | Replace | Upsert | Delete


def utf16_length(text: str) -> int:
    """The length of a text as Table Storage counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def long_text(name: str, text: str) -> dict[str, Value]:
    """A text of any length as properties `name_0`, `name_1`, ...; none for an empty one."""
    # A character takes two units at most.
    step = LONGEST_TEXT if utf16_length(text) <= LONGEST_TEXT else LONGEST_TEXT // 2
    return {f"{name}_{number}": text[at : at + step] for number, at in enumerate(range(0, len(text), step))}


def long_text_names(row: Row, names: Sequence[str]) -> frozenset[str]:
    """The properties of a row that hold pieces of these long texts."""
    return frozenset(
        name
        for name in row.properties
        if name.rpartition("_")[0] in names and name.rpartition("_")[2].isdigit()
    )


def check_schema(row: Row, newest: int) -> None:
    """Refuse a row whose shape is newer than `newest`, the newest that this version of the app knows.

    Raises:
        NewerRow: it is. The request works once every instance has been updated.
    """
    schema = row.number("schema")
    if schema > newest:
        raise NewerRow(
            System.STORAGE,
            f"A newer version of this app wrote row {row.row_key} (schema {schema}; this version knows {newest}). The "
            "row was left alone. Finish the deployment of the newer version on every instance, then try again.",
            retry_after=60,
            evidence={"row_key": row.row_key, "schema": schema},
        )


class UnreadableRow(ValueError):
    """A row that this version of the app cannot read. The message names the row.

    It is not an OperationFailed, because a damaged row stops only what is about this row.
    """


def with_row_in_errors(read: Callable[Concatenate[Row, P], T]) -> Callable[Concatenate[Row, P], T]:
    """Wrap a function that reads a row: one clear error for anything in the row that it cannot read.

    Raises:
        UnreadableRow: a property that has no default is missing, or has another form.
    """

    @wraps(read)
    def reading(row: Row, /, *arguments: P.args, **options: P.kwargs) -> T:
        try:
            return read(row, *arguments, **options)
        except MISREADINGS as error:
            raise UnreadableRow(
                f"Row {row.row_key} of Table Storage cannot be read: a property is missing or has another form "
                f"({type(error).__name__})"
            ) from error

    return reading


def cut_text(text: str, mark: str, most: int = LONGEST_TEXT) -> str:
    """The text, or its beginning and the mark if it has more than `most` UTF-16 units."""
    if utf16_length(text) <= most:
        return text
    room = (most - utf16_length(mark)) * 2
    return text.encode("utf-16-le", "surrogatepass")[:room].decode("utf-16-le", "ignore") + mark


def check_size(operations: Sequence[RowOperation]) -> None:
    """Refuse, before anything is sent, what Table Storage would refuse.

    Raises:
        OperationFailed: a row is over 1 MiB, or all rows together are over 3.5 MB as JSON.
    """
    largest = max(map(_row_size, operations))
    payload = sum(map(_payload_size, operations))
    if largest > _LARGEST_ROW or payload > _LARGEST_PAYLOAD:
        row = operations[0].row
        raise OperationFailed(
            f"Row {row.row_key} is too large for Table Storage: {largest:,} bytes; the limit is 1 MiB. Use fewer "
            "attachments and shorter file names or, in an integration, fewer mapped states and shorter default values.",
            evidence={"row_key": row.row_key, "bytes": largest, "payload_bytes": payload},
        )


def in_groups(
    writes: Iterable[tuple[T, Sequence[RowOperation]]],
) -> Iterator[list[tuple[T, Sequence[RowOperation]]]]:
    """Writes in groups that each fit into one transaction; the operations of one write stay together."""
    group: list[tuple[T, Sequence[RowOperation]]] = []
    operations = size = 0
    for write in writes:
        write_size = sum(map(_payload_size, write[1]))
        if group and (operations + len(write[1]) > MOST_OPERATIONS or size + write_size > _LARGEST_PAYLOAD):
            yield group
            group, operations, size = [], 0, 0
        group.append(write)
        operations += len(write[1])
        size += write_size
    if group:
        yield group


def _row_size(operation: RowOperation) -> int:
    row = operation.row
    size = 4 + 2 * (len(row.partition_key) + len(row.row_key))
    for name, value in row.properties.items():
        size += 8 + 2 * len(name) + (4 + 2 * utf16_length(value) if isinstance(value, str) else 8)
    return size


def _payload_size(operation: RowOperation) -> int:
    return 0 if isinstance(operation, Delete) else operation.row.payload_size
