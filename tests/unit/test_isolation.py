"""A failure stays with its record."""

from __future__ import annotations

import logging

import pytest

from shared.errors import Defect, NotFound, OperationFailed, System, Unavailable
from shared.isolation import done_and_failed, isolated, of_record
from tests.unit.operations import an_operation

DOWN = Unavailable(System.AHA, "Aha! is down.")


def halve(number: int) -> int:
    """Half of an even number; 7 is down, and any other odd number is a defect."""
    if number == 7:
        raise DOWN
    if number % 2:
        raise ValueError("a secret of the caller")
    return number // 2


def test_a_failure_is_returned_and_a_result_too() -> None:
    operation, log = an_operation()
    attempt = isolated(halve, operation, str)

    assert [attempt(8), attempt(7)] == [4, DOWN]
    operation.log.flush()
    assert log == []


def test_a_defect_names_its_record_and_the_operation_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    operation, log = an_operation()

    with caplog.at_level(logging.ERROR):
        outcome = isolated(halve, operation, lambda number: f"record {number}")(3)
    operation.log.flush()

    assert isinstance(outcome, Defect)
    assert outcome.detail == (
        "A defect of this app stopped record 3. Give the person who operates the app this operation id: op-1. The log "
        "of the function app has the details."
    )
    (entry,) = log.of("record.defect")
    assert entry.message == (
        "A defect of this app stopped record 3: ValueError. The log of the function app has the stack trace."
    )
    assert entry.detail == {"code": "internal_error", "record": "record 3"}
    traces = [record.exc_info for record in caplog.records if record.name == "shared.isolation"]
    assert [trace and trace[0] for trace in traces] == [ValueError]


def test_an_interruption_of_the_process_is_no_failure_of_a_record() -> None:
    def stop(_: int) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        isolated(stop, an_operation()[0], str)(1)


def test_outcomes_are_split_with_what_they_belong_to() -> None:
    outcomes: list[int | OperationFailed] = [4, DOWN, 5]

    assert done_and_failed([8, 7, 10], outcomes) == ([(8, 4), (10, 5)], [(7, DOWN)])
    assert done_and_failed([], []) == ([], [])


def test_an_outcome_too_few_is_noticed() -> None:
    with pytest.raises(ValueError, match="shorter"):
        done_and_failed([8, 7], [4])


def test_what_concerns_one_record_alone_stays_with_it_and_an_outage_is_raised() -> None:
    gone, defect = NotFound(System.AZURE_DEVOPS, "Gone."), Defect("A defect.")

    assert [of_record(outcome) for outcome in (4, gone, defect)] == [4, gone, defect]
    with pytest.raises(Unavailable):
        of_record(DOWN)


def test_half_of_a_surrogate_pair_in_a_name_does_not_break_the_platforms_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    operation, _ = an_operation()

    with caplog.at_level(logging.ERROR):
        isolated(halve, operation, lambda number: "feature PROD-\ud83d")(3)

    assert "A defect stopped feature PROD-? in operation" in caplog.text
    caplog.text.encode()
