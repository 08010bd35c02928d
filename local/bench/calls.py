"""Calls that one operation made of other systems, and how many of them had to wait for another."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """A request and its answer, as the other side saw them; the times are seconds of the machine's monotonic clock."""

    system: str
    started: float
    ended: float


def longest_chain(calls: Iterable[Call]) -> int:
    """How many came one after another at most: each began when the one before had ended."""
    count, last_end = 0, float("-inf")
    for call in sorted(calls, key=lambda call: call.ended):
        if call.started >= last_end:
            count, last_end = count + 1, call.ended
    return count


def floor_of(calls: Iterable[Call], latency_ms: Mapping[str, float]) -> float:
    """Milliseconds that latency alone costs: the dearest chain of calls that came one after another.

    `latency_ms` is that of each system; one that is not in it costs nothing.
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
    """Those of one system."""
    return [call for call in calls if call.system == system]
