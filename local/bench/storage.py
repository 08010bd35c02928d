"""Requests to Table Storage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from local.bench.counted_storage import CountedStorage, counted_storage
from local.bench.measured_system import MeasuredSystem, change_all
from local.bench.progress import progress
from local.bench.storage_relay import POINT_READ, QUERY, ROW_WRITE, SYSTEM, TRANSACTION
from local.bench.tables import Cell, Table


def storage(measured: MeasuredSystem, latency_ms: int, sizes: Sequence[tuple[int, int]]) -> Table:
    """Reads and writes of sends and notifications, compared with one request for each row."""
    table = Table(
        f"Requests to Table Storage, {latency_ms} ms away, with the other systems {measured.latency_ms} ms away",
        (
            *("job", "requirements", "attachments", "point reads", "queries", "row writes"),
            *("transactions", "rows written", "trips", "row by row", "ms", "floor ms", "ms / floor"),
        ),
        "Trips are sequential requests to Table Storage. Row by row is the number of requests if each row had its own "
        "request. The floor is the latency of the requests to all three systems.",
    )
    with counted_storage(measured, latency_ms) as counted:
        warm = measured.feature(1, 1)
        measured.send(warm)
        measured.send(warm)
        for requirements, attachments in sizes:
            progress(f"  {requirements} requirements, {attachments} attachments")
            event = measured.feature(requirements, attachments)
            for job in ("first send", "unchanged send", "changed send"):
                if job == "changed send":
                    change_all(event)
                cells = _counts(measured, counted, partial(measured.send, event), requirements + 1)
                table.add(job, requirements, attachments, *cells)
        progress("  notifications")
        for job, work in _notifications(measured).items():
            table.add(job, None, None, *_counts(measured, counted, work, 1))
    return table


def _notifications(measured: MeasuredSystem) -> dict[str, Callable[[], object]]:
    first, second = measured.linked_work_items(2)
    measured.notify(second, "unchanged")
    measured.edit([first])
    nobodys = 10**9
    return {
        "notification that changes a record": lambda: measured.notify(first),
        "notification with nothing new": lambda: measured.notify(second, "unchanged"),
        "notification of what a send wrote": lambda: measured.notify(second, "unchanged", 1),
        "notification of another's work item": lambda: measured.notify(nobodys, "ignored"),
    }


def _counts(
    measured: MeasuredSystem, counted: CountedStorage, work: Callable[[], object], records: int
) -> tuple[Cell, ...]:
    cost = counted.cost_of(measured, work)
    reads = cost.count(POINT_READ)
    # A query replaces one read for each record.
    row_by_row = reads + cost.count(QUERY) * records + cost.rows
    return (
        *(reads, cost.count(QUERY), cost.count(ROW_WRITE), cost.count(TRANSACTION), cost.rows),
        *(cost.whole.trips(SYSTEM), row_by_row),
        *(cost.whole.milliseconds, cost.floor, cost.whole.milliseconds / cost.floor if cost.floor else None),
    )
