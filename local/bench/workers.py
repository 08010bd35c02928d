"""How many notifications an instance handles with more workers."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from local.bench.measured_system import MeasuredSystem
from local.bench.process import Process
from local.bench.progress import progress
from local.bench.tables import Table
from local.service import Service

SETTING = "FUNCTIONS_WORKER_PROCESS_COUNT"
_CALLERS_OF_WORKER = 32


@dataclass(frozen=True)
class _Load:
    """What notifications took: seconds, and processor seconds of the app and of all other processes."""

    count: int
    seconds: float
    app: float
    others: float


def workers(measured: MeasuredSystem, counts: Sequence[int], notifications: int) -> Table:
    """Notifications per second and their processor time, by number of workers."""
    table = Table(
        f"An instance with a growing number of workers ({SETTING}), {measured.latency_ms} ms away",
        (
            *("workers", "notifications", "per second", "app's CPU ms each", "others' CPU ms each"),
            *("cores busy", "per second and core of the app"),
        ),
        f"{_CALLERS_OF_WORKER} callers for each worker. The others are the sandboxes, the emulator and the callers. In "
        "Azure, they do not run on the app's machine.",
    )
    measured.use_host()
    ids = measured.linked_work_items(notifications)
    with ExitStack() as further:
        hosts = [measured.system.function_host]
        for count in counts:
            progress(f"  {count} workers")
            while len(hosts) < count:
                hosts.append(further.enter_context(measured.system.another_host(len(hosts) + 1)))
            for host in hosts:
                measured.notify(ids[0], "unchanged", 1, host)
            measured.edit(ids)
            _add(table, count, "that change a record", _deliver(measured, hosts, ids))
            _add(table, count, "of what a send wrote", _deliver(measured, hosts, ids, "unchanged", 1))
    return table


def _deliver(
    measured: MeasuredSystem,
    hosts: Sequence[Service],
    ids: Sequence[int],
    expected: str = "updated",
    revision: int | None = None,
) -> _Load:
    def deliver(work_item_id: int, host: Service) -> None:
        measured.notify(work_item_id, expected, revision, host)

    around = [service for service in measured.system.services if service is not measured.system.function_host]
    with measured.latency(), ThreadPoolExecutor(_CALLERS_OF_WORKER * len(hosts)) as threads:
        app, others, started = _cpu(hosts), _cpu(around) + time.process_time(), time.perf_counter()
        # As the Functions host does, which also gives requests to its workers in turn.
        list(threads.map(deliver, ids, itertools.cycle(hosts)))
        seconds = time.perf_counter() - started
        return _Load(len(ids), seconds, _cpu(hosts) - app, _cpu(around) + time.process_time() - others)


def _cpu(services: Sequence[Service]) -> float:
    return sum(Process(service.pid).cpu_seconds() for service in services if service.pid is not None)


def _add(table: Table, workers: int, kind: str, load: _Load) -> None:
    each = load.app * 1000 / load.count
    table.add(
        *(workers, kind, load.count / load.seconds, each, load.others * 1000 / load.count),
        *((load.app + load.others) / load.seconds, 1000 / each if each else None),
    )
