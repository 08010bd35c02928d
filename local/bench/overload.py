"""How the app behaves, and how long people wait, while notifications come faster than it can handle them."""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from local.bench.measured_system import AHA, AZURE_DEVOPS, MeasuredSystem
from local.bench.progress import progress
from local.bench.tables import Table
from local.bench.threads import SETTING
from shared.admission import MOST_NOTIFICATIONS, MOST_WAITING_NOTIFICATIONS

_THREADS = 128
_CALLERS = 400
_LOOKS_EVERY = 0.25


@dataclass
class _Seen:
    """Statuses of the notifications, times of the rejected ones, and the measurements of a person and the host."""

    statuses: Counter[int] = field(default_factory=Counter)
    shed: list[float] = field(default_factory=list)
    person: list[float] = field(default_factory=list)
    threads: int = 0


def overload(
    measured: MeasuredSystem, latencies_ms: Sequence[int], per_second: int = 200, seconds: float = 10
) -> Table:
    """The results of a given rate of notifications for some seconds, for each latency of the outside systems."""
    table = Table(
        f"{per_second} notifications a second for {seconds:.0f} s, each of which changes a record, on one worker",
        (
            *("systems' latency ms", "answered 200", "shed with 503", "other answers"),
            *("shed: median ms", "shed: worst ms", "person's GET: median ms", "person's GET: worst ms"),
            *("host's threads at most", "host's memory before MiB", "at most MiB"),
        ),
        f"The host has {_THREADS} threads for calls; at most {MOST_NOTIFICATIONS} notifications run at a time, and "
        f"{MOST_WAITING_NOTIFICATIONS} more wait. "
        f"Meanwhile a person asks for the list of linked features every {_LOOKS_EVERY} s. The callers share the "
        "machine's processor with the app.",
    )
    measured.use_host({SETTING: str(_THREADS)})
    ids = measured.linked_work_items(50)
    for latency_ms in latencies_ms:
        progress(f"  {latency_ms} ms")
        measured.edit(ids)
        measured.notify(ids[0])
        for sandbox in (AHA, AZURE_DEVOPS):
            measured.control(sandbox, "PUT", "/latency", {"ms": latency_ms})
        before = measured.host.resident_mebibytes()
        measured.host.forget_peak()
        try:
            seen = _overload(measured, ids, per_second, seconds)
        finally:
            for sandbox in (AHA, AZURE_DEVOPS):
                measured.control(sandbox, "PUT", "/latency", {"ms": 0})
        ours, shed = seen.statuses[200], seen.statuses[503]
        table.add(
            *(latency_ms, ours, shed, sum(seen.statuses.values()) - ours - shed),
            *(*_middle_and_worst(seen.shed), *_middle_and_worst(seen.person)),
            *(seen.threads, before, measured.host.peak_mebibytes()),
        )
    return table


def _overload(measured: MeasuredSystem, ids: Sequence[int], per_second: int, seconds: float) -> _Seen:
    seen, over = _Seen(), threading.Event()
    watching = threading.Thread(target=_watch, args=(measured, seen, over))
    watching.start()
    started = time.perf_counter()
    with ThreadPoolExecutor(_CALLERS) as callers:
        for number in range(round(per_second * seconds)):
            # By the clock and not by the answers, because a sender that waits for answers cannot cause an overload.
            time.sleep(max(0.0, started + number / per_second - time.perf_counter()))
            callers.submit(_notify, measured, ids[number % len(ids)], seen)
    over.set()
    watching.join()
    return seen


def _notify(measured: MeasuredSystem, work_item_id: int, seen: _Seen) -> None:
    body = json.dumps({"eventType": "workitem.updated", "resource": {"workItemId": work_item_id}})
    started = time.perf_counter()
    connection = http.client.HTTPConnection(measured.system.function_host.url.partition("//")[2], timeout=120)
    try:
        connection.request("POST", measured.webhook_path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        status = answer.status
    except OSError:
        status = 0
    finally:
        connection.close()
    seen.statuses[status] += 1
    if status == 503:
        seen.shed.append((time.perf_counter() - started) * 1000)


def _watch(measured: MeasuredSystem, seen: _Seen, over: threading.Event) -> None:
    while not over.wait(_LOOKS_EVERY):
        seen.threads = max(seen.threads, measured.host.threads())
        started = time.perf_counter()
        measured.request("GET", f"/integrations/{measured.integration_id}/features?limit=10")
        seen.person.append((time.perf_counter() - started) * 1000)


def _middle_and_worst(times: Sequence[float]) -> tuple[float | None, float | None]:
    return (statistics.median(times), max(times)) if times else (None, None)
