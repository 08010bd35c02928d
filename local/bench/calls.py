"""The calls that an operation made to other systems, and how many of them were made one after another."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """A request and its answer, as the other system recorded them. Times are seconds of a monotonic clock."""

    system: str
    started: float
    ended: float


def longest_chain(calls: Iterable[Call]) -> int:
    """The length of the longest chain of calls in which each started after the one before had ended."""
    count, last_end = 0, float("-inf")
    for call in sorted(calls, key=lambda call: call.ended):
        if call.started >= last_end:
            count, last_end = count + 1, call.ended
    return count


def floor_of(calls: Iterable[Call], latency_ms: Mapping[str, float]) -> float:
    """The milliseconds of latency of the most expensive chain of calls that were made one after another.

    `latency_ms` has the latency of each system. A system that is not in it has none.
    """
    in_order = sorted(calls, key=lambda call: call.ended)
    ends = [call.ended for call in in_order]
    dearest: list[float] = [0.0]
    for number, call in enumerate(in_order):
        ended_before = bisect.bisect_right(ends, call.started, hi=number)
        with_it = dearest[ended_before] + latency_ms.get(call.system, 0.0)
        dearest.append(max(dearest[-1], with_it))
    return dearest[-1]


def of_system(calls: Sequence[Call], system: str) -> list[Call]:
    """The calls of one system."""
    return [call for call in calls if call.system == system]
