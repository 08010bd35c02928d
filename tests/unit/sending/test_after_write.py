"""What follows from the outcome of a record."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.intentions import with_intentions
from shared.domain.kind import Kind
from shared.domain.links import Claim, Field, RecordError
from shared.domain.send_plan import Family
from shared.errors import RuleViolation, System, Unavailable
from shared.sending.after_write import (
    ChangedLink,
    NewLink,
    SameLink,
    change_after_failure,
    change_to,
    planned_link,
    verified,
)
from shared.sending.outcome import Outcome, OutcomeKind, failed, unchanged, unknown, written
from shared.sending.record_state import PlannedRecord
from shared.sending.upload_results import UploadResults
from shared.storage.links import StoredClaim, StoredLink
from tests.unit.examples import NOON, a_work_item
from tests.unit.sending.planned_records import FEATURE, ITEM, REQUIREMENT, linked, new, plan, renamed

LATER = NOON + timedelta(minutes=1)
NOTHING_UPLOADED = UploadResults()
REFUSED = RuleViolation(System.AZURE_DEVOPS, "A required field has no value.")
OUTAGE = Unavailable(System.AZURE_DEVOPS, "The connection broke.", outcome_unknown=True)
CLAIM = StoredClaim(Claim(Kind.FEATURE, FEATURE.id, "PROD-2", "op-1", NOON, {}), "etag")
RENAMED = a_work_item(revision=2, title="Find colours")


def stored_link(item: PlannedRecord) -> StoredLink:
    """The link of a linked record, as it is stored."""
    assert item.state.stored is not None
    return item.state.stored


# Whether an answer is verified.


@pytest.mark.parametrize(
    "outcome", [written(RENAMED, creates=False), unchanged(ITEM), failed(REFUSED), unknown(OUTAGE)]
)
def test_an_outcome_that_shows_what_was_written_is_believed(outcome: Outcome) -> None:
    assert verified(outcome, plan(renamed(linked())), NOTHING_UPLOADED) is outcome


def test_an_update_whose_answer_shows_the_old_title_failed() -> None:
    outcome = verified(written(ITEM, creates=False), plan(renamed(linked())), NOTHING_UPLOADED)

    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.error is not None
    assert "does not show the new name" in outcome.error.detail
    assert outcome.error.may_pass


def test_a_create_whose_answer_shows_no_title_may_have_been_done() -> None:
    outcome = verified(written(a_work_item(title=""), creates=True), plan(new(FEATURE)), NOTHING_UPLOADED)

    assert outcome.kind is OutcomeKind.UNKNOWN


def test_a_work_item_that_was_found_after_a_lost_answer_may_have_been_edited_since() -> None:
    found = written(a_work_item(title=""), creates=True, was_found=True)

    assert verified(found, plan(new(FEATURE)), NOTHING_UPLOADED) is found


# How the link changes.


def test_a_claim_gives_way_to_a_new_link() -> None:
    item = plan(new(FEATURE))
    link = planned_link(item, ITEM, Family(requirement_ids=()), NOTHING_UPLOADED, "op-1")

    assert change_to(link, item, CLAIM, NOON) == NewLink(CLAIM, replace(link, sent_at=NOON))


def test_there_is_no_new_link_if_another_send_holds_the_claim() -> None:
    item = plan(new(FEATURE))
    link = planned_link(item, ITEM, Family(), NOTHING_UPLOADED, "op-1")

    assert change_to(link, item, None, NOON) is None


def test_a_new_link_replaces_the_earlier_one() -> None:
    item = plan(renamed(linked()))
    link = planned_link(item, RENAMED, Family(requirement_ids=()), NOTHING_UPLOADED, "op-1")

    assert link.agreed_revision == 2
    assert change_to(link, item, None, LATER) == ChangedLink(stored_link(item), replace(link, sent_at=LATER))


def test_a_link_that_says_everything_already_stays() -> None:
    item = plan(linked())

    assert change_to(stored_link(item).link, item, None, LATER) == SameLink(stored_link(item))


def test_a_requirement_that_was_created_with_its_feature_is_linked_below_the_features_work_item() -> None:
    item = plan(new(REQUIREMENT), None)

    link = planned_link(item, a_work_item(id=20), Family(FEATURE.id, 12), NOTHING_UPLOADED, "op-1")

    assert (link.parent_aha_id, link.parent_work_item_id) == (FEATURE.id, 12)


# How the link changes after a failure.


def intended() -> PlannedRecord:
    """A renamed record whose intention is stored."""
    state = renamed(linked())
    assert state.link is not None
    link = with_intentions(state.link, plan(state).plan.intentions("op-1", NOON))
    return plan(replace(state, stored=StoredLink(link, "etag-2"), link=link))


def test_a_failed_update_is_in_the_link_with_its_error() -> None:
    change = change_after_failure(intended(), failed(REFUSED), LATER, "op-1")

    assert change is not None
    assert change.link.last_error == RecordError(
        LATER, "azure_devops_rule_violation", "A required field has no value.", "op-1"
    )


def test_an_update_that_was_refused_takes_its_intention_back() -> None:
    change = change_after_failure(intended(), replace(failed(REFUSED), changed_nothing=True), LATER, "op-1")

    assert change is not None
    assert change.link.intentions == ()


def test_an_update_that_may_have_been_done_keeps_its_intention() -> None:
    change = change_after_failure(intended(), failed(OUTAGE), LATER, "op-1")

    assert change is not None
    assert [intention.field for intention in change.link.intentions] == [Field.NAME]


@pytest.mark.parametrize("item", [plan(new(FEATURE)), plan(replace(linked(), work_item=None))])
def test_a_failed_create_has_no_link_to_change(item: PlannedRecord) -> None:
    assert change_after_failure(item, failed(REFUSED), LATER, "op-1") is None


def test_an_update_that_nobody_knows_the_end_of_leaves_the_link_as_it_is() -> None:
    assert change_after_failure(intended(), unknown(OUTAGE), LATER, "op-1") is None
