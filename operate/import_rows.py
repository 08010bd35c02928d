"""Store the rows of a file that do not exist yet. A record that has other rows here keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from operate.terminal import Terminal, counted
from operate.transfer import inserts_of, is_same
from shared.concurrency import in_parallel
from shared.storage.record_writes import Conflicting, RecordWrite, Written, write_records
from shared.storage.rows import Row
from shared.storage.table import Table

_AT_ONCE = 200


@dataclass
class Counts:
    """The results of the rows of the file. `kept`: the names of records that had other rows here, which stay."""

    stored: int = 0
    known: int = 0
    kept: list[str] = field(default_factory=list)


def store_rows(
    table: Table, rows: Iterator[Row], integration_id: str, terminal: Terminal, *, is_dry_run: bool = False
) -> Counts:
    """Store them, some at a time. A dry run only counts."""
    counts = Counts()
    while chunk := list(islice(rows, _AT_ONCE)):
        _store(table, chunk, integration_id, counts, is_dry_run=is_dry_run)
        terminal.progress(f"{counts.stored + counts.known + len(counts.kept):,} rows checked")
    return counts


def _would_write(table: Table, writes: Sequence[RecordWrite]) -> dict[str, Written | Conflicting]:
    """The result that writing would have."""
    wanted = [operation.row for write in writes for operation in write.operations]
    rows = iter(in_parallel(lambda row: table.get(row.partition_key, row.row_key), wanted))
    outcomes: dict[str, Written | Conflicting] = {}
    for write in writes:
        here = tuple(next(rows) for _ in write.operations)
        outcomes[write.key] = Conflicting(here) if any(here) else Written(())
    return outcomes


def _store(
    table: Table, chunk: Sequence[Row], integration_id: str, counts: Counts, *, is_dry_run: bool
) -> None:
    named = {row.row_key: inserts_of(row, integration_id) for row in chunk}
    writes = [RecordWrite(key, operations) for key, (_, operations) in named.items()]
    outcomes = _would_write(table, writes) if is_dry_run else write_records(table, writes)
    for key, outcome in outcomes.items():
        name, operations = named[key]
        if not isinstance(outcome, Conflicting):
            counts.stored += 1
        elif all(
            row is not None and is_same(row, operation.row)
            for row, operation in zip(outcome.rows, operations, strict=True)
        ):
            counts.known += 1
        else:
            counts.kept.append(name)


def say_counts(counts: Counts, terminal: Terminal, *, would: bool = False) -> None:
    """Report them."""
    terminal.say(
        f"{counted(counts.stored, 'row')} {'would be ' if would else ''}stored, {counts.known:,} already there"
    )
    for name in counts.kept:
        terminal.say(f"{name}: has another row here, which stays")
