"""Processor time of the function host, compared with that of the packages for the same requests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from local.bench.bare_clients import BareCosts
from local.bench.counted_storage import CountedStorage, StorageCost, counted_storage
from local.bench.measured_system import AHA, AZURE_DEVOPS, MeasuredSystem
from local.bench.progress import progress
from local.bench.storage_relay import POINT_READ, QUERY, ROW_WRITE, TRANSACTION
from local.bench.tables import Table
from local.service import ROOT
from local.system import ACCOUNT, WRITE_TOKEN

_AT_ONCE = 2
_REQUIREMENTS = 10


@dataclass(frozen=True)
class Share:
    """Processor milliseconds of one piece of work, and the requests that it made."""

    cpu: float
    outside: float
    point_reads: float
    row_writes: float
    transactions: float
    transaction_rows: float

    @classmethod
    def of(cls, cost: StorageCost, count: int) -> Share:
        """One of `count` equal pieces of work."""
        row_writes = cost.count(ROW_WRITE)
        outside = cost.whole.requests(AZURE_DEVOPS) + cost.whole.requests(AHA)
        # A query with few results costs as much as a point read.
        reads = cost.count(POINT_READ) + cost.count(QUERY)
        numbers = (cost.whole.cpu_milliseconds, outside, reads, row_writes, cost.count(TRANSACTION))
        return cls(*(number / count for number in (*numbers, cost.rows - row_writes)))

    def less(self, other: Share, count: int) -> Share:
        """The cost without that of another piece of work, divided by `count`."""
        mine, theirs = vars(self).values(), vars(other).values()
        return Share(*((one - another) / count for one, another in zip(mine, theirs, strict=True)))

    @property
    def storage_requests(self) -> float:
        """Requests to Table Storage."""
        return self.point_reads + self.row_writes + self.transactions

    def bare(self, costs: BareCosts) -> float:
        """Milliseconds that the packages alone take."""
        return (
            self.outside * costs.outside
            + self.point_reads * costs.point_read
            + self.row_writes * costs.row_write
            + self.transactions * costs.transaction
            + self.transaction_rows * costs.transaction_row
        )


def processor(measured: MeasuredSystem, count: int = 60, requirements: int = 200) -> Table:
    """Processor milliseconds by piece of work: `count` of each, and first sends of `requirements`."""
    table = Table(
        "Processor milliseconds (user and system) of the function host, by piece of work",
        (
            *("work", "CPU ms", "requests to Azure DevOps and Aha!", "to Table Storage"),
            *("packages alone, with the page", "ratio"),
        ),
        f"{_AT_ONCE} callers. The packages alone make the same requests without the app. The page shows "
        "the host's own time for a call; every other call includes it.",
    )
    with counted_storage(measured, 0) as counted:
        shares = _shares(measured, counted, count, requirements)
        progress("  the packages alone")
        bare = _bare_costs(measured, count)
    page = shares["the page"].cpu
    for work, share in shares.items():
        # A part of a send is not a call of a function.
        beside = share.bare(bare) + (0 if work.startswith("each") else page)
        is_page = work == "the page"
        table.add(
            *(work, share.cpu, share.outside, share.storage_requests),
            *((None, None) if is_page or not beside else (beside, share.cpu / beside)),
        )
    return table


def _shares(
    measured: MeasuredSystem, counted: CountedStorage, count: int, requirements: int
) -> dict[str, Share]:
    def share(work: Callable[..., object], arguments: Sequence[object]) -> Share:
        def all_of_it() -> None:
            with ThreadPoolExecutor(_AT_ONCE) as threads:
                list(threads.map(work, arguments))

        return Share.of(counted.cost_of(measured, all_of_it), len(arguments))

    ids = measured.linked_work_items(count)
    events = [measured.feature(_REQUIREMENTS) for _ in range(max(count // 4, 1))]
    bare_features = [measured.feature(0) for _ in range(max(count // 4, 1))]
    large = [measured.feature(requirements) for _ in range(_AT_ONCE)]
    measured.send(measured.feature(1, 1))
    measured.edit(ids)
    progress("  notifications")
    shares = {
        "the page": share(lambda _: measured.request("GET", "/console"), ids),
        "a notification that changes a record": share(measured.notify, ids),
        "a notification with nothing new": share(lambda one: measured.notify(one, "unchanged"), ids),
        "a notification of what a send wrote": share(lambda one: measured.notify(one, "unchanged", 1), ids),
    }
    progress("  sends")
    name = f"a send of {_REQUIREMENTS} requirements"
    shares[f"{name}, first"] = share(measured.send, events)
    shares[f"{name}, unchanged"] = share(measured.send, events)
    shares["a first send without requirements"] = alone = share(measured.send, bare_features)
    first = share(measured.send, large)
    shares["each requirement of a large first send"] = first.less(alone, requirements)
    return shares


def _bare_costs(measured: MeasuredSystem, runs: int) -> BareCosts:
    (work_item_id,) = measured.linked_work_items(1)
    given = {
        "work_item_url": f"{measured.system.azure_devops.url}/{ACCOUNT}/_apis/wit/workitems/{work_item_id}"
        "?api-version=7.1&$expand=all",
        "token": WRITE_TOKEN,
        "connection_string": measured.system.tables_connection_string,
        "runs": runs,
    }
    command = [sys.executable, "-m", "local.bench.bare_clients"]
    done = subprocess.run(
        command, cwd=ROOT, input=json.dumps(given), capture_output=True, text=True, check=True
    )
    return BareCosts(**json.loads(done.stdout))
