"""What a cold start costs: importing the functions, and the first request of a new process."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from local.bench.measured_system import Cost, MeasuredSystem
from local.bench.progress import progress
from local.bench.tables import Table
from local.service import ROOT

_FLOOR_IMPORTS = "azure.functions, requests, azure.data.tables"
_FLOOR = f"the floor: {_FLOOR_IMPORTS}"


def imports(runs: int = 9) -> Table:
    """The cost of importing each function in a new interpreter, compared with the packages that the app needs."""
    table = Table(
        f"Importing a function's module in a new interpreter with a warm disk cache, medians of {runs}",
        ("module", "compiled ms", "compiled / floor", "not compiled ms", "not compiled / floor"),
        "The app's modules with and without compiled files. The packages are always compiled at "
        "installation.",
    )
    folders = sorted(path.parent.name for path in ROOT.glob("*/function.json"))
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary)
        for folder in ("shared", *folders):
            shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
        modules = {
            _FLOOR: _FLOOR_IMPORTS,
            **{folder: folder for folder in folders},
            "all in one process": ", ".join(folders),
        }
        uncompiled = _import_milliseconds(modules, copy, runs)
        subprocess.run([sys.executable, "-m", "compileall", "-q", str(copy)], check=True)
        compiled = _import_milliseconds(modules, copy, runs)
    for name in modules:
        took, takes = compiled[name], uncompiled[name]
        table.add(name, took, took / compiled[_FLOOR], takes, takes / uncompiled[_FLOOR])
    return table


def _import_milliseconds(modules: Mapping[str, str], folder: Path, runs: int) -> dict[str, float]:
    """The median of several interpreters for each, without the interpreter's own start.

    They alternate, so that other load on the machine affects all of them.
    """
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}

    def milliseconds(names: str) -> float:
        code = f"import time; t = time.perf_counter(); import {names}; print(time.perf_counter() - t)"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return float(done.stdout) * 1000

    turns = [{name: milliseconds(names) for name, names in modules.items()} for _ in range(runs)]
    return {name: statistics.median(turn[name] for turn in turns) for name in modules}


def first_requests(measured: MeasuredSystem, runs: int = 3) -> Table:
    """What the first request of a process costs compared with the second, without the start of the process."""
    table = Table(
        f"The first and the second request of a new function host, {measured.latency_ms} ms away, medians of {runs}",
        ("function", "starting ms", "first ms", "second ms", "floor ms", "cold ms"),
        "Starting is the time from the start of the process until it listens, with all functions imported.",
    )
    jobs: dict[str, Callable[[], Callable[[], object]]] = {
        "Console": lambda: lambda: measured.request("GET", "/console"),
        "SendFeature, first send": lambda: _sending(measured),
        "ReceiveWebhook": lambda: _notifying(measured),
    }
    measured.use_host()
    for name, prepare in jobs.items():
        progress(f"  {name}")
        starts: list[float] = []
        firsts: list[Cost] = []
        seconds: list[Cost] = []
        for _ in range(runs):
            works = [prepare(), prepare()]
            starts.append(measured.restart_host())
            first, second = (measured.cost_of(work) for work in works)
            firsts.append(first)
            seconds.append(second)
        first_ms = statistics.median(cost.milliseconds for cost in firsts)
        second_ms = statistics.median(cost.milliseconds for cost in seconds)
        floor = statistics.median(map(measured.floor, seconds))
        table.add(name, statistics.median(starts), first_ms, second_ms, floor, first_ms - second_ms)
    return table


def _sending(measured: MeasuredSystem) -> Callable[[], object]:
    event = measured.feature(1)
    return lambda: measured.send(event)


def _notifying(measured: MeasuredSystem) -> Callable[[], object]:
    (work_item_id,) = measured.linked_work_items(1)
    measured.edit([work_item_id])
    return lambda: measured.notify(work_item_id)
