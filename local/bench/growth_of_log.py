"""Whether writing to the log and removing expired entries get more expensive as the log grows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import count, islice

from local.bench.counted_storage import EMULATOR, CountedStorage, relayed_storage
from local.bench.measured_system import middle
from local.bench.progress import progress
from local.bench.storage_relay import TRANSACTION
from local.bench.tables import Table
from local.system import LocalSystem
from shared.log_events import Level
from shared.operation_log import LogEntry
from shared.secret import Secret
from shared.storage.log_rows import block_rows
from shared.storage.log_store import KEPT, LogStore
from shared.storage.rows import MOST_OPERATIONS, Upsert
from shared.storage.tables import Tables

_YOUNG, _EXPIRED = "young", "expired"
"""The integrations whose logs are written: one log has no expired entries, the other has only expired ones."""

_AGES = {_YOUNG: timedelta(days=1), _EXPIRED: KEPT + timedelta(days=1)}
_ENTRIES = 8
"""About the number of entries that one operation writes."""

_operations = count()


@dataclass(frozen=True)
class WriteCost:
    """What a write cost: milliseconds, milliseconds of the emulator, requests, and expired rows that it removed."""

    milliseconds: float
    emulator_ms: float
    requests: int
    removed: int


def growth_of_log(system: LocalSystem, counts: Sequence[int], runs: int = 3) -> Table:
    """What a write costs as the log grows, without and with expired entries to remove."""
    table = Table(
        f"A log with a growing number of operations of {_ENTRIES} entries each, written to directly",
        (
            *("operations", "write ms", "emulator's ms", "requests"),
            *("removing write ms", "emulator's ms in it", "requests in it", "rows removed"),
        ),
        f"A write while no entry is older than {KEPT.days} days, and one while all are; medians of {runs}. "
        f"{EMULATOR}",
    )
    direct = Tables(Secret(system.tables_connection_string))
    filled = 0
    with relayed_storage(system, 0) as counted:
        tables = Tables(Secret(counted.connection_string))
        young = LogStore(tables)
        for number in counts:
            progress(f"  {number} operations in the log")
            for integration_id in _AGES:
                _fill(direct, integration_id, number - filled)
            filled = number
            # The first write of a process looks for expired rows.
            _write(young, _YOUNG)
            write = middle([_cost(counted, partial(_write, young, _YOUNG)) for _ in range(runs)])
            removals: list[WriteCost] = []
            for _ in range(runs):
                removals.append(_cost(counted, partial(_write, LogStore(tables), _EXPIRED)))
                _fill(direct, _EXPIRED, removals[-1].removed)
            removal = middle(removals)
            table.add(
                *(number, write.milliseconds, write.emulator_ms, write.requests),
                *(removal.milliseconds, removal.emulator_ms, removal.requests, removal.removed),
            )
    return table


def _cost(counted: CountedStorage, write: Callable[[], None]) -> WriteCost:
    counted.take_calls()
    started = time.perf_counter()
    write()
    milliseconds = (time.perf_counter() - started) * 1000
    calls = counted.take_calls()
    removed = sum(call.rows for call in calls if call.kind == TRANSACTION)
    return WriteCost(milliseconds, sum(call.milliseconds for call in calls), len(calls), removed)


def _write(store: LogStore, integration_id: str) -> None:
    store.write(integration_id, _entries(timedelta()))


def _fill(tables: Tables, integration_id: str, operations: int) -> None:
    age = _AGES[integration_id]
    rows = (row for _ in range(operations) for row in block_rows(integration_id, _entries(age)))
    while some := list(islice(rows, MOST_OPERATIONS)):
        tables.log.transact([Upsert(row) for row in some])


def _entries(age: timedelta) -> list[LogEntry]:
    """The entries of one operation."""
    began = datetime.now(timezone.utc) - age
    operation_id = f"operation-{next(_operations)}"
    return [
        LogEntry(
            began + timedelta(milliseconds=number),
            Level.INFO,
            operation_id,
            "work-item.created",
            "The work item was created. This is a log message of a usual length.",
            {"work_item_id": number, "milliseconds": 50, "url": "https://dev.azure.com/elsewhere/_apis/wit"},
        )
        for number in range(_ENTRIES)
    ]
