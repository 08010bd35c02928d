"""How long an operation may take."""

from shared.deadline import Deadline
from shared.operation import Operation
from tests.unit.operations import Clock


def test_the_time_that_is_left_runs_out_and_never_below_nothing() -> None:
    clock = Clock()
    deadline = Deadline.after(10, clock)

    assert deadline.remaining() == 10
    clock.now += 4
    assert deadline.remaining() == 6
    clock.now += 100
    assert deadline.remaining() == 0


def test_a_part_of_an_operation_never_has_more_time_than_the_whole() -> None:
    clock = Clock()
    deadline = Deadline.after(10, clock)

    assert deadline.within(3).remaining() == 3
    assert deadline.within(30).remaining() == 10
    assert deadline.within(float("inf")).remaining() == 10


def test_every_operation_has_an_id_of_its_own() -> None:
    one, other = Operation.start(5), Operation.start(5)

    assert one.id != other.id
    assert 0 < one.deadline.remaining() <= 5
