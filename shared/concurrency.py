"""Calls in parallel, for work that waits for other systems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

MOST_AT_ONCE = 16

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def in_parallel(
    call: Callable[[Argument], Result], arguments: Sequence[Argument], most: int = MOST_AT_ONCE
) -> list[Result]:
    """Call once for each argument, at most `most` at a time; the results, in the arguments' order.

    Every use makes its own threads, so that a call may use this function too without a deadlock. Raises the error of
    the first call that failed, once all calls have ended.
    """
    if len(arguments) <= 1:
        return [call(argument) for argument in arguments]
    with ThreadPoolExecutor(min(len(arguments), most), thread_name_prefix="parallel") as threads:
        return list(threads.map(call, arguments))
