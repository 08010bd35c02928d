"""Several calls at once."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.concurrency import in_parallel


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
