"""What one worker handles with more threads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from local.bench.arena import Arena
from local.bench.progress import progress
from local.bench.receiving import floor_a_second, notify_all
from local.bench.tables import Table

SETTING = "PYTHON_THREADPOOL_THREAD_COUNT"
_REQUIREMENTS = 5
_TRIPS_OF_SEND = 1
_CALLERS = 64
_LEAST, _MOST = 16, 128


def throughput(arena: Arena, counts: Sequence[int], most: int = _MOST) -> Table:
    """Notifications and first sends per second by number of threads; at most `most` of each at a time."""
    table = Table(
        f"One worker with a growing number of threads ({SETTING}), {arena.latency_ms} ms away",
        (
            *("threads", "notifications per second", "notifications' floor", "CPU ms each"),
            *("sends per second", "sends' floor", "CPU ms per record", "memory MiB"),
        ),
        f"{_CALLERS} callers at once: notifications that change a record, then first sends of {_REQUIREMENTS} "
        "requirements. The floors are the rates that latency alone allows. Memory is the host's peak.",
    )
    arena.use_host()
    ids = arena.linked_work_items(most)
    for threads in counts:
        progress(f"  {threads} threads")
        arena.restart_host({SETTING: str(threads)})
        arena.send(arena.feature(1))
        used_ids = ids[: max(min(8 * threads, most), min(_LEAST, most))]
        arena.edit(used_ids)
        took, cpu = notify_all(arena, used_ids, _CALLERS)
        sends = max(len(used_ids) // 2, 1)
        sending, sending_cpu = _send_all(arena, sends)
        table.add(
            *(threads, len(used_ids) / took, floor_a_second(arena, threads), cpu * 1000 / len(used_ids)),
            *(sends / sending, floor_a_second(arena, threads, _TRIPS_OF_SEND)),
            sending_cpu * 1000 / (sends * (_REQUIREMENTS + 1)),
            arena.host.peak_mebibytes(),
        )
    return table


def _send_all(arena: Arena, count: int) -> tuple[float, float]:
    """The seconds that so many first sends at once took, and the host's processor seconds."""
    events = [arena.feature(_REQUIREMENTS) for _ in range(count)]
    with arena.latency(), ThreadPoolExecutor(_CALLERS) as threads:
        before, started = arena.host.cpu_seconds(), time.perf_counter()
        list(threads.map(arena.send, events))
        return time.perf_counter() - started, arena.host.cpu_seconds() - before
