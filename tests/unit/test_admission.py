"""Only so many operations of one kind at a time, and only so many bytes of bodies."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from threading import Barrier, Event

import pytest

from shared.admission import Admission
from shared.errors import TooBusy


def test_as_many_as_allowed_run_at_a_time_and_a_further_one_is_told_when_to_come_again() -> None:
    admission = Admission("sends", 2)

    with ExitStack() as running:
        running.enter_context(admission.one())
        running.enter_context(admission.one())
        with pytest.raises(TooBusy, match="Too many sends are running") as refused, admission.one():
            pass

    assert refused.value.retry_after
    with admission.one():
        pass


def test_an_operation_that_fails_makes_room() -> None:
    admission = Admission("sends", 1)
    for _ in range(3):
        with pytest.raises(KeyError), admission.one(10):
            raise KeyError


def test_large_bodies_are_let_in_until_they_weigh_too_much_together() -> None:
    admission = Admission("sends", 10, most_bytes=100)

    with ExitStack() as running:
        running.enter_context(admission.one(60))
        running.enter_context(admission.one(40))
        with pytest.raises(TooBusy), admission.one(1):
            pass
        running.enter_context(admission.one(0))

    with admission.one(100):
        pass


def test_one_body_that_is_larger_than_all_may_be_runs_alone() -> None:
    admission = Admission("sends", 10, most_bytes=100)

    with admission.one(1000), pytest.raises(TooBusy), admission.one():
        pass
    with admission.one(), pytest.raises(TooBusy), admission.one(1000):
        pass


def test_of_many_threads_at_the_same_time_as_many_as_allowed_are_let_in() -> None:
    admission, all_have_tried = Admission("sends", 4, most_bytes=40), Barrier(16)

    def attempt(_: int) -> bool:
        try:
            with admission.one(10):
                all_have_tried.wait(30)
                return True
        except TooBusy:
            all_have_tried.wait(30)
            return False

    with ThreadPoolExecutor(16) as threads:
        let_in = list(threads.map(attempt, range(16)))

    assert let_in.count(True) == 4
    with admission.one(40):
        pass


def test_a_further_one_waits_until_one_has_ended() -> None:
    admission, steps = Admission("notifications", 1, most_waiting=1, longest_wait=30), []

    def waiting() -> None:
        with admission.one():
            steps.append("the second runs")

    with ThreadPoolExecutor(1) as threads:
        with admission.one():
            second = threads.submit(waiting)
            wait([second], timeout=0.1)
            steps.append("the first ends")
        second.result(30)

    assert steps == ["the first ends", "the second runs"]


def test_whoever_waits_for_too_long_is_told_when_to_come_again() -> None:
    admission = Admission("notifications", 1, most_bytes=100, most_waiting=1, longest_wait=0.01)

    with admission.one(60), pytest.raises(TooBusy), admission.one(40):
        pass

    with admission.one(100):
        pass


def test_there_is_no_room_to_wait_for_more_or_for_larger_bodies() -> None:
    admission, one_waits = (
        Admission("notifications", 1, most_bytes=100, most_waiting=1, longest_wait=30),
        Event(),
    )

    def waiting() -> None:
        one_waits.set()
        with admission.one(40):
            pass

    with ThreadPoolExecutor(1) as threads, admission.one(50):
        with pytest.raises(TooBusy), admission.one(51):
            pass
        second = threads.submit(waiting)
        one_waits.wait(30)
        wait([second], timeout=0.1)
        with pytest.raises(TooBusy), admission.one(0):
            pass
