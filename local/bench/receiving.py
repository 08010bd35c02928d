"""How many notifications one worker handles, by the number of callers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from local.bench.measured_system import MeasuredSystem
from local.bench.progress import progress
from local.bench.tables import Table

TRIPS = 2
"""Sequential trips of a notification that changes a record: both sides are read at once, then Aha! is written."""


def webhooks(measured: MeasuredSystem, callers: Sequence[int], count: int) -> Table:
    """Notifications per second, and their processor time."""
    table = Table(
        f"Notifications that change a record, {measured.latency_ms} ms away from both sides, on one worker",
        ("at once", "per second", "floor per second", "ms each", "CPU ms each"),
        f"The floor is the rate of these callers if each notification takes only {TRIPS} trips.",
    )
    measured.use_host()
    ids = measured.linked_work_items(count)
    for at_once in callers:
        progress(f"  {at_once} at once")
        measured.edit(ids)
        took, used = notify_all(measured, ids, at_once)
        table.add(
            *(at_once, len(ids) / took, floor_a_second(measured, at_once)),
            *(took * 1000 * at_once / len(ids), used * 1000 / len(ids)),
        )
    return table


def notify_all(measured: MeasuredSystem, ids: Sequence[int], at_once: int) -> tuple[float, float]:
    """The seconds until all notifications were handled, and the host's processor seconds."""
    with measured.latency(), ThreadPoolExecutor(at_once) as threads:
        before, started = measured.host.cpu_seconds(), time.perf_counter()
        list(threads.map(measured.notify, ids))
        return time.perf_counter() - started, measured.host.cpu_seconds() - before


def floor_a_second(measured: MeasuredSystem, at_once: int, trips: int = TRIPS) -> float | None:
    """How many operations per second are possible if only latency counts."""
    return at_once * 1000 / (trips * measured.latency_ms) if measured.latency_ms else None
