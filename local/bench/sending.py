"""What sends cost compared with the naive way, and how that grows with the size of the feature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from local.bench.measured_system import AHA, AZURE_DEVOPS, Cost, MeasuredSystem, change_all, middle
from local.bench.naive import NaiveSender
from local.bench.progress import progress
from local.bench.tables import Cell, Table

MOST_REQUIREMENTS = 999
"""A work item has 1,000 links at most (https://learn.microsoft.com/azure/devops/organizations/settings/work/object-limits),
and the feature's already has one to Aha!."""

_RUNS = 3
_MEMORY = "Each runs in a new function host. Memory is the peak of the first send above the memory before it."


def sends(measured: MeasuredSystem, sizes: Sequence[tuple[int, int]], runs: int = _RUNS) -> Table:
    """The costs of a first, an unchanged and a changed send; the first compared with the naive way."""
    table = Table(
        f"Sending, with Azure DevOps and Aha! {measured.latency_ms} ms away and files of 20 kB",
        (
            *("requirements", "attachments", "job", "Azure DevOps requests", "trips", "all requests"),
            *("ms", "floor ms", "ms / floor", "naive requests", "naive ms", "naive / ours"),
        ),
        "Trips are sequential requests to Azure DevOps. The floor is the latency of the whole job, including downloads "
        f"from Aha!. Our values are medians of {runs} runs; the naive values are from one run.",
    )
    measured.use_host()
    measured.send(measured.feature(1, 1))
    for requirements, attachments in sizes:
        progress(f"  {requirements} requirements, {attachments} attachments")
        naive = _naive_cost(measured, measured.feature(requirements, attachments))
        for job, cost in _costs(
            measured, [measured.feature(requirements, attachments) for _ in range(runs)]
        ).items():
            beside: tuple[Cell, ...] = (None, None, None)
            if job == "first":
                beside = (naive.requests(), naive.milliseconds, naive.milliseconds / cost.milliseconds)
            table.add(requirements, attachments, job, *_ours(measured, cost), *beside)
    return table


def _naive_cost(measured: MeasuredSystem, event: object) -> Cost:
    naive = NaiveSender(measured)
    return measured.cost_of(lambda: naive.send(event))


def _costs(measured: MeasuredSystem, events: Sequence[object]) -> dict[str, Cost]:
    """The cost with the median time, by job, for features that have not been sent yet."""

    def cost_of_each(send: Callable[[object], object]) -> Cost:
        return middle([measured.cost_of(partial(send, event)) for event in events])

    costs = {"first": cost_of_each(measured.send), "unchanged": cost_of_each(measured.send)}
    for event in events:
        change_all(event)
    return {**costs, "all changed": cost_of_each(measured.send)}


def _ours(measured: MeasuredSystem, cost: Cost) -> tuple[Cell, ...]:
    floor = measured.floor(cost)
    return (
        cost.requests(AZURE_DEVOPS),
        cost.trips(AZURE_DEVOPS),
        cost.requests(AZURE_DEVOPS) + cost.requests(AHA),
        cost.milliseconds,
        floor,
        cost.milliseconds / floor if floor else None,
    )


def growth_of_requirements(measured: MeasuredSystem, counts: Sequence[int]) -> Table:
    """How sends grow with the number of requirements."""
    table = Table(
        f"Sends with a growing number of requirements, {measured.latency_ms} ms away",
        (
            *("requirements", "first ms", "floor ms", "ms per record", "unchanged ms", "all changed ms"),
            *("memory MiB", "memory KiB per record"),
        ),
        _MEMORY,
    )
    for count in counts:
        progress(f"  {count} requirements")
        event = measured.feature(count)
        first, memory = _first_in_fresh_host(measured, event)
        unchanged = measured.cost_of(partial(measured.send, event))
        change_all(event)
        changed = measured.cost_of(partial(measured.send, event))
        records = count + 1
        table.add(
            *(count, first.milliseconds, measured.floor(first), first.milliseconds / records),
            *(unchanged.milliseconds, changed.milliseconds, memory, memory * 1024 / records),
        )
    return table


def growth_of_attachments(measured: MeasuredSystem, files: Sequence[tuple[int, int]]) -> Table:
    """How first sends grow with the number and the size (in kB) of attachments."""
    table = Table(
        f"First sends of one requirement with a growing number of attachments, {measured.latency_ms} ms away",
        ("attachments", "kB each", "first ms", "floor ms", "ms / floor", "unchanged ms", "memory MiB"),
        _MEMORY,
    )
    for count, kilobytes in files:
        progress(f"  {count} attachments of {kilobytes} kB")
        event = measured.feature(1, count, kilobytes)
        first, memory = _first_in_fresh_host(measured, event)
        unchanged = measured.cost_of(partial(measured.send, event))
        floor = measured.floor(first)
        table.add(
            *(count, kilobytes, first.milliseconds, floor, first.milliseconds / floor),
            *(unchanged.milliseconds, memory),
        )
    return table


def _first_in_fresh_host(measured: MeasuredSystem, event: object) -> tuple[Cost, float]:
    """A first send, and the host's peak memory above the memory before it, in MiB."""
    measured.restart_host()
    # Otherwise imports and the first connections would count.
    warm = measured.feature(1, 1)
    measured.send(warm)
    measured.send(warm)
    host = measured.host
    host.forget_peak()
    before = host.resident_mebibytes()
    cost = measured.cost_of(lambda: measured.send(event))
    return cost, host.peak_mebibytes() - before
