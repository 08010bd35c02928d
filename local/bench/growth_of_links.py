"""Whether an integration's operations get more expensive with many links."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count, islice
from typing import Any

from local.bench.counted_storage import EMULATOR, CountedStorage, counted_storage
from local.bench.measured_system import MeasuredSystem, change_all
from local.bench.progress import progress
from local.bench.storage_relay import QUERY
from local.bench.tables import Table
from shared.domain.kind import Kind
from shared.domain.links import Base, Field, Link, digest
from shared.secret import Secret
from shared.storage.link_rows import link_row, pointer_row
from shared.storage.rows import MOST_OPERATIONS, Insert
from shared.storage.tables import Tables

CROWDED = "crowded"
"""The integration that gets the links."""

_REQUIREMENTS = 10
_FIRST_WORK_ITEM = 10**8
"""Far from the ids of the sandbox."""


def growth_of_links(measured: MeasuredSystem, counts: Sequence[int], runs: int = 3) -> Table:
    """What sends and notifications cost as the number of the integration's links grows."""
    table = Table(
        f"An integration with a growing number of links, {measured.latency_ms} ms away",
        (
            *("links", "first ms", "unchanged ms", "changed ms", "notification ms", "emulator's queries ms"),
            *("storage requests", "rows written"),
        ),
        f"Sends of {_REQUIREMENTS} requirements and a notification, medians of {runs}. Queries, requests and rows are "
        f"the sums of all four. {EMULATOR}",
    )
    direct = Tables(Secret(measured.system.tables_connection_string))
    links = _links()
    filled = 0
    with counted_storage(measured, 0) as counted:
        crowded = MeasuredSystem(measured.system, measured.latency_ms, CROWDED)
        _four_jobs(crowded, counted)
        for number in counts:
            progress(f"  {number} links")
            _insert(direct, islice(links, number - filled))
            filled = number
            cells_of_runs = [_four_jobs(crowded, counted) for _ in range(runs)]
            table.add(number, *(statistics.median(cells) for cells in zip(*cells_of_runs, strict=True)))
    return table


def _four_jobs(measured: MeasuredSystem, counted: CountedStorage) -> Sequence[float]:
    """The cells of the table for three sends and a notification."""
    event = measured.feature(_REQUIREMENTS)
    answers: list[Any] = []
    first = counted.cost_of(measured, lambda: answers.append(measured.send(event)))
    unchanged = counted.cost_of(measured, partial(measured.send, event))
    change_all(event)
    changed = counted.cost_of(measured, partial(measured.send, event))
    work_item_id = answers[0]["requirements"][0]["work_item"]["id"]
    measured.edit([work_item_id])
    notification = counted.cost_of(measured, partial(measured.notify, work_item_id))
    costs = (first, unchanged, changed, notification)
    calls = [call for cost in costs for call in cost.storage]
    return (
        *(cost.whole.milliseconds for cost in costs),
        sum(call.milliseconds for call in calls if call.kind == QUERY),
        len(calls),
        sum(call.rows for call in calls),
    )


def _links() -> Iterator[Link]:
    """Links of requirements whose features do not exist."""
    base = {field: Base(digest(field.value), digest(field.value)) for field in Field}
    for number in count():
        yield Link(
            kind=Kind.REQUIREMENT,
            aha_id=f"elsewhere-{number}",
            reference=f"ELSE-{number // 10}-{number % 10}",
            parent_aha_id=f"elsewhere-feature-{number // 10}",
            work_item_id=_FIRST_WORK_ITEM + number,
            work_item_url=f"https://dev.azure.com/elsewhere/_workitems/edit/{_FIRST_WORK_ITEM + number}",
            work_item_type="User Story",
            agreed_revision=3,
            base=base,
        )


def _insert(tables: Tables, links: Iterator[Link]) -> None:
    while some := list(islice(links, MOST_OPERATIONS // 2)):
        rows = (make_row(CROWDED, link) for link in some for make_row in (link_row, pointer_row))
        tables.links.transact([Insert(row) for row in rows])
