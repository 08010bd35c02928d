"""Several calls at once, for work that waits for other systems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

MOST_AT_ONCE = 16

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def side_by_side(
    call: Callable[[Argument], Result], arguments: Sequence[Argument], most: int = MOST_AT_ONCE
) -> list[Result]:
    """Call once for each argument, at most `most` at a time, and return the results in the arguments' order.

    The threads are made for this call alone, so that a call may itself do things side by side without waiting for a
    thread that waits for it. Raises what the first failing call raised, once all have ended.
    """
    if len(arguments) <= 1:
        return [call(argument) for argument in arguments]
    with ThreadPoolExecutor(min(len(arguments), most), thread_name_prefix="side-by-side") as threads:
        return list(threads.map(call, arguments))
