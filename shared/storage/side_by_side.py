"""Calls to Table Storage that do not depend on each other, made at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")

MOST_AT_ONCE = 16
_threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="table-storage")


def side_by_side(calls: Sequence[Callable[[], T]]) -> list[T]:
    """The calls' results in their order. All are finished when the first failure, if any, is raised.

    A call must not use this function itself: it would wait for a thread that never becomes free.
    """
    if len(calls) == 1:
        return [calls[0]()]
    pending = [_threads.submit(call) for call in calls]
    wait(pending)
    return [future.result() for future in pending]
