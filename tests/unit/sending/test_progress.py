"""What a send knows so far."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.kind import Kind
from shared.domain.records import Feature
from shared.domain.send_plan import Family
from shared.errors import (
    Defect,
    FeatureBusy,
    NotFound,
    OperationFailed,
    RevisionConflict,
    RuleViolation,
    System,
    TimeSpent,
    Unavailable,
    UnlinkedMeanwhile,
)
from shared.sending.outcome import Outcome, OutcomeKind, deferred, failed, unchanged, unknown, written
from shared.sending.progress import Parent, Progress, outcome_below
from shared.sending.record_state import RecordState
from shared.sending.result import Action, SentWorkItem
from shared.sending.upload_results import UploadResults
from tests.unit.examples import sent_file
from tests.unit.sending.planned_records import FEATURE, ITEM, REQUIREMENT, linked, linked_child, new, plan

REFUSED = RuleViolation(System.AZURE_DEVOPS, "A required field has no value.")
OUTAGE = Unavailable(System.AZURE_DEVOPS, "The connection broke.", outcome_unknown=True)
LATE = TimeSpent(System.AZURE_DEVOPS, "The time is over.")
GONE = NotFound(System.AZURE_DEVOPS, "Work item 12 cannot be read.", evidence={"work_item_id": 12})
START = Progress.at_start(Feature(FEATURE, (REQUIREMENT,)))
NOTHING_UPLOADED = UploadResults()


def done(progress: Progress = START) -> Progress:
    """The progress once feature and requirement are settled."""
    outcomes = {FEATURE.id: linked(), REQUIREMENT.id: linked_child()}
    return progress.with_results(
        progress.results[key]
        .written(plan(state).plan, unchanged(ITEM))
        .settled(plan(state).plan, NOTHING_UPLOADED, "")
        for key, state in outcomes.items()
    )


# The feature, as its requirements see it.


@pytest.mark.parametrize(
    ("before", "outcome", "after"),
    [
        (Parent(), written(ITEM, creates=True), Parent(12)),
        (Parent(12), unchanged(ITEM), Parent(12)),
        (Parent(), failed(REFUSED), Parent(None, failed(REFUSED))),
        (Parent(), unknown(OUTAGE), Parent(None, unknown(OUTAGE))),
        (Parent(), deferred(LATE), Parent(None, deferred(LATE))),
        # Another send took the claim over: this one looks again.
        (Parent(), deferred(FeatureBusy("Busy.")), Parent()),
        # The update failed; the work item is still where it was.
        (Parent(12), failed(REFUSED), Parent(12)),
        (Parent(12), deferred(RevisionConflict("Changed.")), Parent(12)),
    ],
)
def test_an_outcome_of_the_feature_says_what_its_requirements_can_expect(
    before: Parent, outcome: Outcome, after: Parent
) -> None:
    assert before.after(outcome) == after


def test_a_feature_whose_work_item_was_found_has_that_work_item() -> None:
    assert Parent().after_look(linked()) == Parent(12)


def test_a_feature_that_was_settled_before_keeps_its_work_item() -> None:
    assert Parent(12).after_look(None) == Parent(12)


def test_a_feature_whose_work_item_was_deleted_between_two_rounds_has_none() -> None:
    assert Parent(12).after_look(new(FEATURE)) == Parent()


@pytest.mark.parametrize(
    ("state", "work_item_id"),
    [
        (replace(linked(), work_item=None, error=GONE, known_work_item_id=12), 12),
        (RecordState(FEATURE, error=Defect("Damaged."), known_work_item_id=7), 7),
        (RecordState(FEATURE, error=Defect("Damaged.")), None),
    ],
    ids=["out of sight", "unreadable link", "defect"],
)
def test_a_feature_for_which_nothing_is_done_keeps_its_work_item_and_takes_no_more(
    state: RecordState, work_item_id: int | None
) -> None:
    parent = START.after_look({FEATURE.id: state}).parent

    assert parent == START.with_errors_of([state]).parent
    assert parent.work_item_id == work_item_id
    assert parent.obstacle is not None
    assert parent.obstacle.error is state.error


@pytest.mark.parametrize(
    ("obstacle", "kind", "error"),
    [
        (failed(REFUSED), OutcomeKind.FAILED, RuleViolation),
        (failed(GONE), OutcomeKind.FAILED, NotFound),
        (failed(Defect("A defect.")), OutcomeKind.FAILED, Defect),
        (unknown(OUTAGE), OutcomeKind.DEFERRED, Unavailable),
        (deferred(LATE), OutcomeKind.DEFERRED, TimeSpent),
        (unknown(Defect("A defect.")), OutcomeKind.FAILED, Defect),
    ],
)
def test_a_requirement_shares_the_fate_of_its_feature(
    obstacle: Outcome, kind: OutcomeKind, error: type[OperationFailed]
) -> None:
    outcome = outcome_below(obstacle, REQUIREMENT)

    assert outcome is not None
    assert (outcome.kind, type(outcome.error)) == (kind, error)


def test_a_requirement_below_a_work_item_out_of_sight_says_so() -> None:
    outcome = outcome_below(failed(GONE), REQUIREMENT)

    assert outcome is not None
    assert outcome.error is not None
    assert outcome.error.detail.startswith("PROD-2-1 cannot be put below its feature's work item.")


# Families.


def test_a_requirement_belongs_below_its_features_work_item() -> None:
    progress = START.after_outcomes({FEATURE.id: written(ITEM, creates=True)})

    assert progress.family_of(Kind.REQUIREMENT) == Family(FEATURE.id, 12)
    assert progress.family_of(Kind.FEATURE) == Family(requirement_ids=(REQUIREMENT.id,))


def test_a_payload_without_a_list_of_requirements_says_nothing_about_them() -> None:
    progress = Progress.at_start(Feature(FEATURE, (), lists_requirements=False))

    assert progress.family_of(Kind.FEATURE) == Family(requirement_ids=None)


# Whether something is left to do.


def test_the_send_has_gone_through_with_its_last_outcomes() -> None:
    one_left = START.with_results([done().results[FEATURE.id]])

    assert one_left.is_last({REQUIREMENT.id: unchanged(ITEM)}, NOTHING_UPLOADED, by_timer=False)
    assert one_left.is_last({REQUIREMENT.id: failed(REFUSED)}, NOTHING_UPLOADED, by_timer=False)


@pytest.mark.parametrize(
    ("progress", "outcomes", "uploads"),
    [
        (START, {REQUIREMENT.id: unchanged(ITEM)}, NOTHING_UPLOADED),
        (START, {FEATURE.id: unchanged(ITEM), REQUIREMENT.id: unknown(OUTAGE)}, NOTHING_UPLOADED),
        (START, {FEATURE.id: failed(OUTAGE), REQUIREMENT.id: unchanged(ITEM)}, NOTHING_UPLOADED),
        (done(), {}, UploadResults({"41": sent_file()}, {"42": OUTAGE})),
    ],
    ids=["feature is outstanding", "unknown", "an outage", "a file"],
)
def test_the_send_has_not_gone_through_while_something_may_still_succeed(
    progress: Progress, outcomes: dict[str, Outcome], uploads: UploadResults
) -> None:
    assert not progress.is_last(outcomes, uploads, by_timer=False)


def test_a_written_record_whose_link_was_not_stored_is_not_final() -> None:
    # Somebody else changed the link at the same time, and the time ended before the next look.
    plan_ = plan(linked()).plan
    result = START.results[FEATURE.id].written(plan_, written(ITEM, creates=False))
    progress = done().with_results([result])

    assert not progress.is_last({}, NOTHING_UPLOADED, by_timer=False)
    assert progress.outstanding == [FEATURE]
    assert (result.action, result.done, result.has_effect) == (Action.PENDING, Action.UPDATED, True)


# The end of a send.


def test_what_another_send_holds_is_answered_as_busy() -> None:
    progress = done().with_results([START.results[REQUIREMENT.id]]).at_end([FEATURE.id, REQUIREMENT.id])

    assert progress.results[FEATURE.id] == done().results[FEATURE.id]
    busy = progress.results[REQUIREMENT.id]
    assert (busy.action, type(busy.error)) == (Action.PENDING, FeatureBusy)


def test_a_record_for_which_nothing_is_done_is_answered_with_the_work_item_of_its_link() -> None:
    state = replace(linked(), work_item=None, error=GONE)

    result = START.with_errors_of([state]).results[FEATURE.id]

    assert (result.action, result.error, result.is_settled) == (Action.FAILED, GONE, True)
    assert result.work_item == SentWorkItem(12, ITEM.page_url, "Feature", 1)


# Unlinking while a send runs.


def test_a_record_that_was_unlinked_while_the_send_ran_gets_no_second_work_item() -> None:
    progress = START.after_look({FEATURE.id: linked(), REQUIREMENT.id: linked_child()})

    states = progress.with_unlinked_as_errors({FEATURE.id: linked(), REQUIREMENT.id: new(REQUIREMENT)}, ())

    assert states[FEATURE.id].error is None
    error = states[REQUIREMENT.id].error
    assert isinstance(error, UnlinkedMeanwhile)
    assert (error.code, error.may_pass) == ("feature_busy", False)


@pytest.mark.parametrize(
    ("state", "claimed"),
    [
        (new(REQUIREMENT), (REQUIREMENT.id,)),
        (replace(new(REQUIREMENT), is_claimed_elsewhere=True), ()),
        (replace(new(REQUIREMENT), error=GONE), ()),
    ],
    ids=["its work item was deleted, and this send creates another", "another send does", "it failed"],
)
def test_a_record_without_a_link_was_not_always_unlinked(
    state: RecordState, claimed: tuple[str, ...]
) -> None:
    progress = START.after_look({REQUIREMENT.id: linked_child()})

    assert progress.with_unlinked_as_errors({REQUIREMENT.id: state}, claimed) == {REQUIREMENT.id: state}


def test_a_record_whose_claim_was_removed_after_the_create_gets_no_second_work_item() -> None:
    created = replace(START.results[FEATURE.id], done=Action.CREATED)
    progress = START.with_results([created])

    states = progress.with_unlinked_as_errors({FEATURE.id: new(FEATURE)}, ())

    assert isinstance(states[FEATURE.id].error, UnlinkedMeanwhile)


def test_a_record_that_never_had_a_link_was_not_unlinked() -> None:
    progress = START.after_look({REQUIREMENT.id: new(REQUIREMENT)})

    states = progress.with_unlinked_as_errors({REQUIREMENT.id: new(REQUIREMENT)}, ())

    assert states[REQUIREMENT.id].error is None
