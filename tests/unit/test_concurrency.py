"""Several calls at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.concurrency import Threads, in_parallel, working_for


@given(st.lists(st.integers(), max_size=40), st.integers(1, 8))
def test_results_come_in_the_order_of_what_was_asked(numbers: list[int], most: int) -> None:
    assert in_parallel(lambda number: number * 2, numbers, most) == [number * 2 for number in numbers]


def test_the_calls_are_under_way_at_the_same_time() -> None:
    together = threading.Barrier(4, timeout=30)

    assert in_parallel(lambda _: together.wait() >= 0, range(4)) == [True] * 4


def test_no_more_are_under_way_than_allowed() -> None:
    lock, under_way, most_seen = threading.Lock(), 0, 0
    in_pairs = threading.Barrier(2, timeout=30)

    def call(_: int) -> None:
        nonlocal under_way, most_seen
        with lock:
            under_way += 1
            most_seen = max(most_seen, under_way)
        in_pairs.wait()
        with lock:
            under_way -= 1

    in_parallel(call, range(10), most=2)

    assert most_seen == 2


def test_a_call_that_fails_is_heard_of_once_all_have_ended() -> None:
    ended = []

    def call(number: int) -> None:
        if number == 1:
            raise KeyError(number)
        ended.append(number)

    with pytest.raises(KeyError):
        in_parallel(call, range(6))

    assert sorted(ended) == [0, 2, 3, 4, 5]


def test_calls_may_themselves_do_things_side_by_side() -> None:
    def call(number: int) -> int:
        return sum(in_parallel(lambda other: number * other, range(20)))

    assert in_parallel(call, range(40)) == [number * 190 for number in range(40)]


def test_a_single_call_needs_no_thread() -> None:
    assert in_parallel(lambda _: threading.current_thread(), [1]) == [threading.current_thread()]
    assert in_parallel(lambda _: 1, []) == []


class Invocation:
    """A call as the platform describes it. `thread_local_storage` is what the worker looks at for each log line."""

    def __init__(self, invocation_id: str) -> None:
        self.invocation_id = invocation_id
        self.thread_local_storage: Any = threading.local()

    def mark(self, _: object = None) -> str | None:
        """The mark of the thread that asks."""
        return getattr(self.thread_local_storage, "invocation_id", None)


_colour: ContextVar[str] = ContextVar("colour", default="none")


def test_every_thread_bears_the_mark_of_its_invocation() -> None:
    invocation = Invocation("i-1")

    with working_for(invocation):
        marks = in_parallel(invocation.mark, range(8))
        with Threads(1, "one") as threads:
            marks.append(threads.submit(invocation.mark).result())
            nested = threads.submit(in_parallel, invocation.mark, range(3)).result()

    assert set(marks + nested) == {"i-1"}
    assert in_parallel(invocation.mark, range(2)) == [None, None]


def test_every_thread_has_the_context_variables_of_its_caller() -> None:
    token = _colour.set("red")
    try:
        seen = in_parallel(lambda _: _colour.get(), range(4))
    finally:
        _colour.reset(token)

    assert seen == ["red"] * 4


def test_two_invocations_at_once_are_told_apart() -> None:
    both = threading.Barrier(2, timeout=30)

    def work(number: int) -> list[str | None]:
        invocation = Invocation(f"i-{number}")
        with working_for(invocation):
            both.wait()
            return in_parallel(invocation.mark, range(4))

    assert in_parallel(work, range(2)) == [["i-0"] * 4, ["i-1"] * 4]


ENDING = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, {root!r})
from shared.concurrency import Threads, in_parallel

def operation():
    # Until Python starts no more threads.
    while True:
        try:
            with ThreadPoolExecutor(1) as probe:
                probe.submit(int)
            time.sleep(0.01)
        except RuntimeError:
            break
    print(in_parallel(lambda number: number * 2, range(5)))
    with Threads(2, "two") as threads:
        print(threads.submit(pow, 2, 10).result())
        try:
            threads.submit(int, "no number").result()
        except ValueError:
            print("ValueError")

ThreadPoolExecutor(1).submit(operation)
"""


def test_an_operation_under_way_comes_to_its_end_when_the_process_ends() -> None:
    program = ENDING.format(root=str(Path(__file__).parents[2]))

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)

    assert ended.stdout.splitlines() == ["[0, 2, 4, 6, 8]", "1024", "ValueError"], ended.stderr


def test_a_call_is_made_once_where_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    with Threads(2, "two") as threads:
        busy, go_on = threading.Event(), threading.Event()

        def wait() -> None:
            busy.set()
            go_on.wait(30)

        first = threads.submit(wait)
        busy.wait(30)
        monkeypatch.setattr(threading.Thread, "start", _no_more_threads)
        second = threads.submit(made.append, 1)
        go_on.set()
        first.result()
        second.result()

    assert made == [1]


def _no_more_threads(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
