"""What a round of a send does with each record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.records import Feature
from shared.errors import InvalidRequest, RuleViolation, System, Unavailable
from shared.sending.decide import Round, check_feature_is_complete, decide_round, without_blocked
from shared.sending.outcome import OutcomeKind, failed, unknown
from shared.sending.progress import Parent
from shared.sending.record_state import PlannedRecord, RecordState
from tests.unit.sending.planned_records import (
    FEATURE,
    REQUIREMENT,
    child_below,
    linked,
    linked_child,
    moved_child,
    new,
    plan,
    renamed,
)

NO_WORK_ITEM = Parent()
WORK_ITEM_12 = Parent(12)
REFUSED = RuleViolation(System.AZURE_DEVOPS, "A required field has no value.")
OUTAGE = Unavailable(System.AZURE_DEVOPS, "The connection broke.", outcome_unknown=True)


def decide(parent: Parent, *states: RecordState) -> Round:
    """The round for these records."""
    return decide_round({state.record.id: plan(state, parent.work_item_id) for state in states}, parent)


def said_nothing(state: RecordState) -> RecordState:
    """The same record, of which the payload has neither name nor description."""
    return replace(state, record=replace(state.record, name=None, description=None))


def test_a_new_family_is_written() -> None:
    decided = decide(NO_WORK_ITEM, new(FEATURE), new(REQUIREMENT))

    assert list(decided.to_write) == [FEATURE.id, REQUIREMENT.id]
    assert decided.outcomes == {}


def test_a_record_that_nobody_changed_needs_no_request() -> None:
    decided = decide(WORK_ITEM_12, linked(), linked_child())

    assert {key: outcome.kind for key, outcome in decided.outcomes.items()} == {
        FEATURE.id: OutcomeKind.UNCHANGED,
        REQUIREMENT.id: OutcomeKind.UNCHANGED,
    }
    assert decided.to_write == {}


def test_a_record_that_changed_is_written() -> None:
    assert list(decide(WORK_ITEM_12, renamed(linked())).to_write) == [FEATURE.id]


@pytest.mark.parametrize("requirement", [new(REQUIREMENT), moved_child()], ids=["new", "moved"])
def test_what_goes_below_the_feature_waits_while_another_send_creates_the_feature(
    requirement: RecordState,
) -> None:
    # The feature is in no plan: another send has claimed it.
    decided = decide(NO_WORK_ITEM, requirement)

    assert (decided.outcomes, decided.to_write) == ({}, {})


def test_a_requirement_below_a_parent_that_an_engineer_chose_does_not_wait_for_the_feature() -> None:
    decided = decide(NO_WORK_ITEM, renamed(child_below(99)))

    assert list(decided.to_write) == [REQUIREMENT.id]


@pytest.mark.parametrize("requirement", [new(REQUIREMENT), moved_child()], ids=["new", "moved"])
def test_what_goes_below_the_feature_is_written_once_the_feature_has_a_work_item(
    requirement: RecordState,
) -> None:
    assert list(decide(WORK_ITEM_12, requirement).to_write) == [REQUIREMENT.id]


@pytest.mark.parametrize("requirement", [new(REQUIREMENT), moved_child()], ids=["new", "moved"])
def test_nothing_is_put_below_a_feature_that_was_refused(requirement: RecordState) -> None:
    decided = decide(Parent(None, failed(REFUSED)), requirement)

    outcome = decided.outcomes[REQUIREMENT.id]
    assert (outcome.kind, outcome.error) == (OutcomeKind.FAILED, REFUSED)
    assert decided.to_write == {}


def test_a_requirement_waits_for_the_next_send_if_nobody_knows_whether_the_feature_was_created() -> None:
    decided = decide(Parent(None, unknown(OUTAGE)), new(REQUIREMENT))

    outcome = decided.outcomes[REQUIREMENT.id]
    assert (outcome.kind, outcome.error, outcome.is_pending) == (OutcomeKind.DEFERRED, OUTAGE, True)


def test_a_requirement_stays_below_a_feature_for_which_nothing_is_done() -> None:
    # The feature's work item cannot be read; its requirement is below it already.
    decided = decide(Parent(12, failed(REFUSED)), renamed(linked_child()))

    assert list(decided.to_write) == [REQUIREMENT.id]


def test_a_requirement_without_name_and_description_is_refused_and_its_siblings_are_sent() -> None:
    sibling = new(replace(REQUIREMENT, id="6776487453"))

    decided = decide(WORK_ITEM_12, said_nothing(new(REQUIREMENT)), sibling)

    outcome = decided.outcomes[REQUIREMENT.id]
    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.error is not None
    assert outcome.error.code == "invalid_request"
    assert list(decided.to_write) == ["6776487453"]


def test_a_part_of_a_record_is_enough_once_it_has_a_work_item() -> None:
    decided = decide(WORK_ITEM_12, said_nothing(linked_child()))

    assert decided.outcomes[REQUIREMENT.id].kind is OutcomeKind.UNCHANGED


def test_a_new_feature_without_name_and_description_is_an_invalid_request() -> None:
    planned = {FEATURE.id: plan(said_nothing(new(FEATURE)))}

    with pytest.raises(InvalidRequest) as raised:
        check_feature_is_complete(Feature(FEATURE, ()), "fabrikam-web", planned)

    assert raised.value.errors[0].pointer == "/feature/name"
    assert "/api/integrations/fabrikam-web/features/PROD-2" in raised.value.detail


@pytest.mark.parametrize("state", [linked(), new(FEATURE), said_nothing(linked())])
def test_any_other_feature_is_complete(state: RecordState) -> None:
    check_feature_is_complete(Feature(FEATURE, ()), "fabrikam-web", {FEATURE.id: plan(state)})


def test_a_feature_that_is_left_to_another_send_is_not_judged() -> None:
    check_feature_is_complete(Feature(FEATURE, ()), "fabrikam-web", {})


# After the claims were taken: what another send claimed meanwhile is no longer there.


def test_requirements_are_left_out_if_another_send_has_claimed_the_feature_meanwhile() -> None:
    intended: dict[str, PlannedRecord] = {REQUIREMENT.id: plan(new(REQUIREMENT), None)}

    assert without_blocked(intended, NO_WORK_ITEM) == {}


def test_requirements_are_written_together_with_their_new_feature() -> None:
    intended = {FEATURE.id: plan(new(FEATURE)), REQUIREMENT.id: plan(new(REQUIREMENT), None)}

    assert without_blocked(intended, NO_WORK_ITEM) == intended


def test_a_record_gets_a_new_link_if_it_has_none_or_its_work_item_was_deleted() -> None:
    deleted = replace(linked(), work_item=None)
    adopted = replace(new(FEATURE), work_item=linked().work_item)

    assert [plan(state).creates_link for state in (new(FEATURE), deleted, adopted, linked())] == [
        True,
        True,
        True,
        False,
    ]
