"""When the timer finishes a send, and for how long it tries."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.records import Feature
from shared.domain.unfinished_sends import (
    FIRST_WAIT,
    LONGEST_WAIT,
    MOST_ATTEMPTS,
    UnfinishedSend,
    after_progress,
    is_due,
    is_left,
    is_tried_again,
    of_change,
    replaces_earlier,
    taken,
    what_to_send,
    with_unlinked,
)
from shared.errors import (
    CredentialsRejected,
    Forbidden,
    NotFound,
    OperationFailed,
    Refused,
    RuleViolation,
    System,
    Unavailable,
)
from tests.unit.examples import a_record, a_requirement

NOTE = UnfinishedSend("6775", "FEAT-1", "operation-1")


def after(attempts: int) -> UnfinishedSend:
    """The note after so many attempts in vain."""
    note = NOTE
    for number in range(attempts):
        note = taken(note, f"timer-{number}")
    return note


def test_a_note_is_left_alone_for_longer_than_a_send_may_take() -> None:
    assert not is_due(NOTE, timedelta(seconds=225), sends_changes=False)
    assert is_due(NOTE, FIRST_WAIT, sends_changes=False)


def test_each_attempt_in_vain_doubles_the_wait_up_to_six_hours() -> None:
    minutes = [after(attempts).wait.total_seconds() / 60 for attempts in range(9)]

    assert minutes == [4, 8, 16, 32, 64, 128, 256, 360, 360]


def test_the_attempts_cover_more_than_three_days_and_then_end() -> None:
    waits = [after(attempts).wait for attempts in range(MOST_ATTEMPTS)]

    assert sum(waits, timedelta()) > timedelta(days=3)
    assert max(waits) == LONGEST_WAIT
    assert not after(MOST_ATTEMPTS - 1).is_given_up
    assert after(MOST_ATTEMPTS).is_given_up


def test_an_attempt_that_wrote_something_counts_for_nothing() -> None:
    note = after_progress(after(5))

    assert (note.attempts, note.wait) == (0, FIRST_WAIT)


def test_a_note_that_waits_for_nothing_waits_after_it_was_taken() -> None:
    note = UnfinishedSend("6775", "", "operation-1", wait=timedelta())

    assert taken(note, "timer").wait == FIRST_WAIT


def test_a_feature_is_named_by_its_reference_if_that_is_known() -> None:
    assert NOTE.feature == "FEAT-1"
    assert UnfinishedSend("6775", "", "operation-1").feature == "6775"


def refused(kind: type[Refused]) -> OperationFailed:
    return kind(System.AZURE_DEVOPS, "No.")


@pytest.mark.parametrize(
    ("error", "is_left_by_a_person", "is_left_by_the_timer"),
    [
        (None, False, False),
        (Unavailable(System.AZURE_DEVOPS, "It is down."), True, True),
        (refused(CredentialsRejected), False, True),
        (refused(Forbidden), False, True),
        (refused(NotFound), False, False),
        (refused(RuleViolation), False, False),
    ],
)
def test_what_a_person_has_to_repair_is_left_by_the_timer_alone(
    error: OperationFailed | None, is_left_by_a_person: bool, is_left_by_the_timer: bool
) -> None:
    assert is_left(error, by_timer=False) is is_left_by_a_person
    assert is_left(error, by_timer=True) is is_left_by_the_timer


FEATURE = Feature(a_record(id="6775"), (a_requirement(id="1"), a_requirement(id="2"), a_requirement(id="3")))


def test_a_requirement_that_was_unlinked_since_is_not_sent_and_the_others_are() -> None:
    sent = what_to_send(with_unlinked(NOTE, "2"), FEATURE, linked=())

    assert sent is not None
    assert [one.id for one in sent.requirements] == ["1", "3"]
    assert not sent.lists_requirements, "It is not removed from the feature."


@pytest.mark.parametrize("note", [NOTE, with_unlinked(NOTE, "2")], ids=["none unlinked", "linked again"])
def test_without_one_and_with_one_that_is_linked_again_the_whole_feature_is_sent(
    note: UnfinishedSend,
) -> None:
    assert what_to_send(note, FEATURE, linked=("2",)) == FEATURE


def test_a_feature_that_was_unlinked_since_is_not_sent_unless_it_is_linked_again() -> None:
    note = with_unlinked(NOTE, "6775")

    assert what_to_send(note, FEATURE, linked=()) is None
    assert what_to_send(note, FEATURE, linked=("6775",)) == FEATURE


def test_the_timer_s_attempts_keep_what_was_unlinked_each_once() -> None:
    note = with_unlinked(with_unlinked(with_unlinked(NOTE, "2"), "3"), "2")

    assert note.unlinked == ("3", "2")
    assert after_progress(taken(note, "timer")).unlinked == ("3", "2")


def test_no_more_is_noted_than_a_row_holds() -> None:
    note = NOTE
    for number in range(1002):
        note = with_unlinked(note, str(number))

    assert (len(note.unlinked), note.unlinked[-1]) == (1000, "1001")


@pytest.mark.parametrize(
    ("feature", "whole"),
    [
        (FEATURE, True),
        (replace(FEATURE, requirements=(), lists_requirements=False), False),
        (replace(FEATURE, record=replace(FEATURE.record, name=None)), False),
        (replace(FEATURE, requirements=(a_requirement(id="1", description=None),)), False),
    ],
    ids=["whole", "without requirements", "without its name", "without a requirement's description"],
)
def test_a_part_of_a_feature_does_not_replace_an_earlier_note(feature: Feature, whole: bool) -> None:
    assert replaces_earlier(feature) is whole


@pytest.mark.parametrize("sends_changes", [True, False])
def test_the_note_of_a_change_waits_until_changes_are_sent_again(sends_changes: bool) -> None:
    change = of_change("71", "PROD-1", "op")

    assert is_due(change, timedelta(), sends_changes=sends_changes) is sends_changes


@pytest.mark.parametrize(
    ("note", "error", "is_again"),
    [
        (of_change("71", "PROD-1", "op"), NotFound(System.AHA, "Not found."), True),
        (of_change("71", "PROD-1", "op"), NotFound(System.AZURE_DEVOPS, "Not found."), False),
        (NOTE, NotFound(System.AHA, "Not found."), False),
        (NOTE, Unavailable(System.AHA, "Down."), True),
        (NOTE, Forbidden(System.AHA, "No right."), True),
        (NOTE, RuleViolation(System.AZURE_DEVOPS, "Refused."), False),
    ],
)
def test_after_an_error_the_timer_tries_again_what_may_succeed_later(
    note: UnfinishedSend, error: OperationFailed, is_again: bool
) -> None:
    assert is_tried_again(note, error) is is_again
