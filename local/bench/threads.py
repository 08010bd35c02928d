"""What one worker handles with more threads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from local.bench.measured_system import MeasuredSystem
from local.bench.progress import progress
from local.bench.receiving import floor_a_second, notify_all
from local.bench.tables import Table

SETTING = "PYTHON_THREADPOOL_THREAD_COUNT"
_REQUIREMENTS = 5
_TRIPS_OF_SEND = 1
_CALLERS = 64
_LEAST, _MOST = 16, 128


def throughput(measured: MeasuredSystem, counts: Sequence[int], most: int = _MOST) -> Table:
    """Notifications and first sends per second by number of threads; at most `most` of each at a time."""
    table = Table(
        f"One worker with a growing number of threads ({SETTING}), {measured.latency_ms} ms away",
        (
            *("threads", "notifications per second", "notifications' floor", "CPU ms each"),
            *("sends per second", "sends' floor", "CPU ms per record", "memory MiB"),
        ),
        f"{_CALLERS} callers at once: notifications that change a record, then first sends of {_REQUIREMENTS} "
        "requirements. The floors are the rates that latency alone allows. Memory is the host's peak.",
    )
    measured.use_host()
    ids = measured.linked_work_items(most)
    for threads in counts:
        progress(f"  {threads} threads")
        measured.restart_host({SETTING: str(threads)})
        measured.send(measured.feature(1))
        used_ids = ids[: max(min(8 * threads, most), min(_LEAST, most))]
        measured.edit(used_ids)
        took, cpu = notify_all(measured, used_ids, _CALLERS)
        sends = max(len(used_ids) // 2, 1)
        sending, sending_cpu = _send_all(measured, sends)
        table.add(
            *(threads, len(used_ids) / took, floor_a_second(measured, threads), cpu * 1000 / len(used_ids)),
            *(sends / sending, floor_a_second(measured, threads, _TRIPS_OF_SEND)),
            sending_cpu * 1000 / (sends * (_REQUIREMENTS + 1)),
            measured.host.peak_mebibytes(),
        )
    return table


def _send_all(measured: MeasuredSystem, count: int) -> tuple[float, float]:
    """The seconds that this many simultaneous first sends took, and the host's processor seconds."""
    events = [measured.feature(_REQUIREMENTS) for _ in range(count)]
    with measured.latency(), ThreadPoolExecutor(_CALLERS) as threads:
        before, started = measured.host.cpu_seconds(), time.perf_counter()
        list(threads.map(measured.send, events))
        return time.perf_counter() - started, measured.host.cpu_seconds() - before
