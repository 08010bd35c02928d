"""Writes for many records in few transactions. A conflict of one record does not stop the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from shared.concurrency import in_parallel
from shared.errors import System, Unavailable
from shared.storage.rows import ANY_VERSION, Delete, Insert, Replace, Row, RowOperation, Upsert, in_groups
from shared.storage.table import Table, TransactionConflict

_MOST_ROUNDS = 10


@dataclass(frozen=True)
class RecordWrite:
    """The operations on the rows of one record; all of them are done, or none. `key`: the caller's name for it."""

    key: str
    operations: tuple[RowOperation, ...]


@dataclass(frozen=True)
class Written:
    """The write is done. `etags`: the new ETag of each operation's row, empty for a removed one."""

    etags: tuple[str, ...]


@dataclass(frozen=True)
class Conflicting:
    """The write cannot be done. `rows`: the operations' rows as they are, None for an absent one."""

    rows: tuple[Row | None, ...]


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of the writes, by key.

    `also_etag`: the new ETag of the other row that was written with them, empty if that was removed. None: it was not.
    """

    records: Mapping[str, Written | Conflicting]
    also_etag: str | None = None


_Group = list[tuple[RecordWrite, Sequence[RowOperation]]]


def write_records(table: Table, writes: Sequence[RecordWrite]) -> dict[str, Written | Conflicting]:
    """Do every write that can be done; the outcome of each, by key.

    The transactions run in parallel. A conflict may be with this call's own first attempt, whose answer was lost. The
    rows decide: an equal `write_id` shows a write of this call, another ETag shows one of somebody else.
    """
    settled: dict[str, Written | Conflicting] = {}
    pending = list(writes)
    for _ in range(_MOST_ROUNDS):
        groups = list(in_groups((write, write.operations) for write in pending))
        answers = in_parallel(partial(_try_group, table), groups)
        pending = []
        for group, etags in zip(groups, answers, strict=True):
            if etags is None:
                pending += [write for write, _ in group]
            else:
                settled |= _split(group, etags)
        if not pending:
            return settled
        pending = _settle_conflicts(table, pending, settled)
    raise Unavailable(
        System.STORAGE,
        "The links kept changing while they were written. Try again in a few seconds.",
        retry_after=5,
    )


def write_records_with(
    table: Table, writes: Sequence[RecordWrite], also: Insert | Upsert | Delete | None
) -> Outcomes:
    """Do every write that can be done and, in the same transaction as some or all of them, write another row.

    An Upsert is always done, an Insert if there is no such row. A Delete is done together with all of the writes, or
    not at all.
    """
    if also is None:
        return Outcomes(write_records(table, writes))
    if isinstance(also, Delete):
        together = _write_all_and_delete(table, writes, also)
        if together is None:
            return Outcomes(write_records(table, writes))
        return Outcomes(together, "")
    key = also.row.row_key
    outcomes = write_records(table, [RecordWrite(key, (also,)), *writes])
    written = outcomes.pop(key)
    return Outcomes(outcomes, written.etags[0] if isinstance(written, Written) else None)


def _write_all_and_delete(
    table: Table, writes: Sequence[RecordWrite], also: Delete
) -> dict[str, Written] | None:
    """The outcomes of one transaction; None if it was not done, or not known to be done."""
    operations = [operation for write in writes for operation in write.operations]
    if len(list(in_groups((None, (operation,)) for operation in (*operations, also)))) > 1:
        return None
    try:
        etags = table.transact([*operations, also])
    except TransactionConflict:
        return None
    return _split([(write, write.operations) for write in writes], etags)


def _try_group(table: Table, group: _Group) -> list[str] | None:
    try:
        return table.transact([operation for _, operations in group for operation in operations])
    except TransactionConflict:
        return None


def _split(group: _Group, etags: Sequence[str]) -> dict[str, Written]:
    remaining = iter(etags)
    return {write.key: Written(tuple(next(remaining) for _ in operations)) for write, operations in group}


def _settle_conflicts(
    table: Table, writes: Sequence[RecordWrite], settled: dict[str, Written | Conflicting]
) -> list[RecordWrite]:
    """The writes that can still be done; the others are settled."""
    wanted = [operation.row for write in writes for operation in write.operations]
    rows = iter(in_parallel(lambda row: table.get(row.partition_key, row.row_key), wanted))
    possible = []
    for write in writes:
        present = tuple(next(rows) for _ in write.operations)
        pairs = list(zip(write.operations, present, strict=True))
        if all(_is_done(operation, row) for operation, row in pairs):
            settled[write.key] = Written(tuple(row.etag if row else "" for row in present))
        elif all(_can_be_done(operation, row) for operation, row in pairs):
            possible.append(write)
        else:
            settled[write.key] = Conflicting(present)
    return possible


def _is_done(operation: RowOperation, row: Row | None) -> bool:
    if isinstance(operation, Delete):
        return row is None
    return row is not None and row.text("write_id") == operation.row.text("write_id")


def _can_be_done(operation: RowOperation, row: Row | None) -> bool:
    if isinstance(operation, Insert):
        return row is None
    if isinstance(operation, (Replace, Delete)):
        return row is not None and operation.etag in (ANY_VERSION, row.etag)
    return True
