"""The questions that the bench answers."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import requests

from local.bench.arena import Arena
from local.bench.naive import NaiveSender
from local.bench.tables import Table
from local.service import ROOT

_FLOOR_IMPORTS = "import azure.functions, requests, azure.data.tables"
_IMPORT_RUNS = 7
_OURS = ("size", "job", "requests", "trips", "ms", "floor", "ms/floor")
_NAIVE = ("naive requests", "naive ms", "faster")


def sends(arena: Arena, sizes: Sequence[tuple[int, int]]) -> Table:
    """What a first send, an unchanged one and a changed one cost."""
    table = Table(
        f"Sending, {arena.latency_ms} ms away, files of 20 kB. Requests to Azure DevOps, how many had to wait for "
        "another, milliseconds; the floor is what the latency of those trips alone costs",
        (*_OURS, *_NAIVE),
    )
    arena.send(arena.feature(1, 1))
    for requirements, attachments in sizes:
        event = arena.feature(requirements, attachments)
        twin = arena.feature(requirements, attachments)
        naive = NaiveSender(arena)
        costs = {"first": arena.cost_of(lambda event=event: arena.send(event))}
        naive_cost = arena.cost_of(lambda naive=naive, twin=twin: naive.send(twin))
        costs["unchanged"] = arena.cost_of(lambda event=event: arena.send(event))
        for record in (event["feature"], *event["feature"]["requirements"]):
            record["name"] += ", changed"
            record["updated_at"] = "2099-01-01T00:00:00Z"
        costs["all changed"] = arena.cost_of(lambda event=event: arena.send(event))
        for job, cost in costs.items():
            floor = cost.trips * arena.latency_ms
            ours = (
                f"{requirements}, {attachments}",
                job,
                cost.requests,
                cost.trips,
                round(cost.milliseconds),
            )
            beside = ("", "", "")
            if job == "first":
                ratio = naive_cost.milliseconds / cost.milliseconds
                beside = (str(naive.requests), str(round(naive_cost.milliseconds)), f"{ratio:.1f} x")
            table.add(*ours, floor, cost.milliseconds / floor if floor else "", *beside)
    return table


def webhooks(arena: Arena, callers: Sequence[int], count: int) -> Table:
    """How many notifications one worker takes, by how many come at once."""
    table = Table(
        f"Notifications that change a record, {arena.latency_ms} ms away from both sides, on one worker",
        ("at once", "a second", "ms each", "CPU ms each"),
    )
    answer = arena.send(arena.feature(count, 0))
    ids = [part["work_item"]["id"] for part in answer["requirements"]]
    arena.control("azure_devops", "PUT", "/service_hooks", {"drop": True})
    for round_number, at_once in enumerate(callers):
        for work_item_id in ids:
            edit = {"id": work_item_id, "fields": {"System.Title": f"Changed {round_number}"}}
            arena.control("azure_devops", "POST", "/edit", edit)
        took, used = _notify(arena, ids, at_once)
        table.add(at_once, len(ids) / took, took * 1000 * at_once / len(ids), used * 1000 / len(ids))
    return table


def _notify(arena: Arena, ids: Sequence[int], at_once: int) -> tuple[float, float]:
    """Seconds that it took to have all notifications handled, and processor seconds of the host."""

    def notify(work_item_id: int) -> None:
        body = {"eventType": "workitem.updated", "resource": {"workItemId": work_item_id}}
        requests.post(arena.webhook_url, json=body, timeout=300).raise_for_status()

    with arena.latency(), ThreadPoolExecutor(at_once) as threads:
        before, started = arena.host_cpu_seconds(), time.perf_counter()
        list(threads.map(notify, ids))
        return time.perf_counter() - started, arena.host_cpu_seconds() - before


def cold_start() -> Table:
    """What importing each function costs a fresh interpreter, beside the packages that it could not do without."""
    table = Table(
        "Importing a function's module, fresh interpreter, warm disk", ("module", "ms", "beside the floor")
    )
    floor = _import_milliseconds(_FLOOR_IMPORTS)
    table.add("floor: azure.functions, requests, azure.data.tables", round(floor), 1.0)
    for folder in sorted(path.parent.name for path in ROOT.glob("*/function.json")):
        took = _import_milliseconds(f"import {folder}")
        table.add(folder, round(took), took / floor)
    return table


def _import_milliseconds(statement: str) -> float:
    """The median of several interpreters; the interpreter's own start is taken off."""
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    runs = [
        float(
            subprocess.run(
                [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(_IMPORT_RUNS)
    ]
    return statistics.median(runs) * 1000
