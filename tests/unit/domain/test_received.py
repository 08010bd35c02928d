"""What a notification comes to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.aha_record import AhaRecord, WorkflowStatus
from shared.domain.integration import AhaTarget, Integration
from shared.domain.links import Field, Intention, Link, RecordError, Side
from shared.domain.notifications import Ignored, Notification, NotificationWithoutDetails
from shared.domain.receive_plan import ReceivePlan
from shared.domain.received import (
    UPDATED,
    AnyNotification,
    Received,
    absent_record,
    absent_work_item,
    answer_after_backfill,
    answer_after_write,
    answer_by_link,
    answer_by_revision,
    answer_without_sync,
    link_to_store,
    not_linked,
    refused_link,
    refused_record,
    unlinked_work_item,
)
from shared.domain.written_to_aha import WrittenToAha
from shared.errors import Forbidden, NotFound, Refused, RuleViolation, System
from tests.unit.examples import NOON, a_link, a_record, a_work_item, an_integration

NAME, DESCRIPTION, STATE = Field.NAME, Field.DESCRIPTION, Field.STATE
INTEGRATION = an_integration()
DISABLED = an_integration(enabled=False)
WITHOUT_AHA = an_integration(aha=AhaTarget(""))
MARKED = Notification(12, None, ("Sent from Aha! by integration fabrikam-web, feature 6776487451",))
CHANGE = Notification(12, 8)
CREATED = Ignored("other_event", "The app uses only “Work item updated” events.", MARKED)
NO_DETAILS = NotificationWithoutDetails()
PENDING = Intention(NAME, Side.AHA, "s", "w", "r", 9, "op-1", NOON)

RECORD = AhaRecord("6776487451", "PROD-2", "Search by colour", "", WorkflowStatus("55", "Ready"))
RULE = RuleViolation(System.AHA, "No such status.")
RIGHT = Forbidden(System.AHA, "May not write.")


def link(**changes: Any) -> Link:
    """The link of PROD-2 and work item 12, in sync up to revision 8."""
    return a_link(a_record(), a_work_item(revision=8), **changes)


def plan(unmapped_state: str | None = None) -> ReceivePlan:
    """A plan; what it writes does not matter once it was written."""
    return ReceivePlan(None, None, None, {}, unmapped_state)


@pytest.mark.parametrize(
    ("notification", "integration", "is_linked", "reason"),
    [
        (CREATED, INTEGRATION, False, "other_event"),
        (CREATED, DISABLED, False, "other_event"),
        (CHANGE, DISABLED, True, "integration_disabled"),
        (CHANGE, replace(WITHOUT_AHA, enabled=False), True, "integration_disabled"),
        (NO_DETAILS, DISABLED, False, "integration_disabled"),
        (CHANGE, WITHOUT_AHA, True, "aha_not_configured"),
        (NO_DETAILS, WITHOUT_AHA, False, "aha_not_configured"),
        (CHANGE, WITHOUT_AHA, False, "aha_not_configured"),
        (CHANGE, INTEGRATION, False, "work_item_not_linked"),
        (CHANGE, INTEGRATION, True, None),
        (NO_DETAILS, INTEGRATION, False, None),
    ],
)
def test_a_notification_is_ignored_for_the_first_reason_that_fits(
    notification: AnyNotification, integration: Integration, is_linked: bool, reason: str | None
) -> None:
    found = answer_without_sync(notification, integration, is_linked=is_linked)

    assert (found and found.result, found and found.reason) == (reason and "ignored", reason)


@pytest.mark.parametrize(
    ("integration", "message"),
    [
        (DISABLED, "The integration is disabled."),
        (WITHOUT_AHA, "No Aha! address and token are configured."),
    ],
)
def test_what_the_integration_lacks_is_said(integration: Integration, message: str) -> None:
    found = answer_without_sync(CHANGE, integration, is_linked=True)

    assert found is not None
    assert found.message == message


def test_an_ignored_notification_says_what_azure_devops_sent() -> None:
    assert answer_without_sync(CREATED, INTEGRATION, is_linked=False) == Received(
        "ignored", "other_event", "The app uses only “Work item updated” events."
    )


@pytest.mark.parametrize(
    ("notification", "integration", "is_linked", "found"),
    [
        (MARKED, INTEGRATION, False, MARKED),
        (MARKED, INTEGRATION, True, None),
        (MARKED, DISABLED, False, None),
        (MARKED, WITHOUT_AHA, False, None),
        (CREATED, INTEGRATION, False, MARKED),
        (CREATED, WITHOUT_AHA, False, MARKED),
        (CREATED, DISABLED, False, None),
        (Ignored("test_notification", "A test."), INTEGRATION, False, None),
        (NO_DETAILS, INTEGRATION, False, None),
    ],
)
def test_a_work_item_without_a_link_may_be_a_second_one(
    notification: AnyNotification, integration: Integration, is_linked: bool, found: Notification | None
) -> None:
    assert unlinked_work_item(notification, integration, is_linked=is_linked) == found


def test_a_work_item_that_was_not_sent_is_named() -> None:
    assert not_linked(174) == Received(
        "ignored",
        "work_item_not_linked",
        "This integration did not send work item 174.",
        detail={"work_item_id": 174},
    )


@pytest.mark.parametrize(
    ("revision", "changes", "answer"),
    [
        (8, {}, ("unchanged", "already_agreed")),
        (7, {}, ("unchanged", "already_agreed")),
        (9, {}, None),
        (None, {}, None),
        (8, {"intentions": (PENDING,)}, None),
        (9, {"refused_revision": 9}, ("ignored", "aha_refused")),
        (8, {"refused_revision": 9}, ("unchanged", "already_agreed")),
        (10, {"refused_revision": 9}, None),
        (9, {"refused_revision": 9, "intentions": (PENDING,)}, None),
        (None, {"refused_revision": 9}, None),
    ],
)
def test_the_link_alone_may_know_the_answer(
    revision: int | None, changes: dict[str, Any], answer: tuple[str, str] | None
) -> None:
    found = answer_by_link(link(**changes), revision)

    assert (found and (found.result, found.reason)) == answer


@pytest.mark.parametrize(
    ("revision", "reason"), [(8, "aha_refused"), (9, "aha_refused"), (10, None)], ids=str
)
def test_a_revision_that_aha_refused_is_not_tried_again(revision: int, reason: str | None) -> None:
    found = answer_by_revision(link(refused_revision=9), revision)

    assert (found and found.reason) == reason


def test_a_revision_that_is_in_sync_by_the_link_is_compared_all_the_same_once_it_was_read() -> None:
    assert answer_by_revision(link(), 8) is None


def test_only_the_recycle_bin_proves_that_a_work_item_is_gone() -> None:
    deleted, unseen = (absent_work_item(link(), is_deleted=is_deleted) for is_deleted in (True, False))

    assert (deleted.result, deleted.reason) == ("ignored", "work_item_gone")
    assert deleted.message == (
        "Work item 12 of PROD-2 was deleted. The next send of the record creates a new one, unless somebody restores "
        "it first."
    )
    assert (unseen.result, unseen.reason) == ("ignored", "work_item_out_of_sight")
    assert unseen.message == "Work item 12 cannot be read, so its changes do not reach Aha!."
    assert deleted.detail == unseen.detail == {"work_item_id": 12, "reference": "PROD-2"}


def test_a_record_without_a_reference_is_named_by_its_id() -> None:
    nameless = link(reference="")

    assert "of 6776487451 was deleted" in absent_work_item(nameless, is_deleted=True).message
    assert refused_record(nameless).detail == {"work_item_id": 12, "reference": "6776487451"}


def test_a_record_that_aha_does_not_show_is_gone_and_aha_says_why() -> None:
    found = absent_record(link(), NotFound(System.AHA, "Aha! shows no feature PROD-2."))

    assert found == Received(
        "ignored",
        "aha_record_gone",
        "Aha! shows no feature PROD-2.",
        {"work_item_id": 12, "reference": "PROD-2"},
    )


def test_a_record_that_the_token_may_not_read_waits_for_the_next_change() -> None:
    assert refused_record(link()) == Received(
        "ignored",
        "aha_refused",
        "Aha! does not accept the changes of work item 12. Its next change tries them again.",
        {"work_item_id": 12, "reference": "PROD-2"},
    )


@pytest.mark.parametrize(
    ("refused", "kept", "unmapped", "answer"),
    [
        ({}, (), None, ("unchanged", "already_agreed")),
        ({}, (), "Removed", ("unchanged", "state_not_mapped")),
        ({STATE: RULE}, (), None, ("unchanged", "status_refused")),
        ({STATE: RIGHT}, (), None, ("ignored", "aha_refused")),
        ({NAME: RULE}, (), None, ("ignored", "aha_refused")),
        ({NAME: RULE, STATE: RULE}, (), None, ("ignored", "aha_refused")),
        ({STATE: RULE}, (NAME,), None, ("ignored", "aha_refused")),
        ({}, (STATE,), None, ("ignored", "aha_refused")),
        ({}, (DESCRIPTION,), "Removed", ("ignored", "aha_refused")),
    ],
    ids=[
        "nothing to write",
        "a state without a status",
        "a status outside the workflow",
        "no right to write the status",
        "a name",
        "a name and a status",
        "a status, and a name that stays",
        "a status that stays",
        "a description that stays",
    ],
)
def test_what_changed_nothing_in_aha_has_a_reason(
    refused: dict[Field, Refused], kept: tuple[Field, ...], unmapped: str | None, answer: tuple[str, str]
) -> None:
    written = WrittenToAha(RECORD, refused, frozenset(kept))

    found = answer_after_write(link(), plan(unmapped), written, has_written=False)

    assert (found.result, found.reason) == answer
    assert found.detail == {"work_item_id": 12, "reference": "PROD-2"}


def test_an_unchanged_record_is_logged_as_such() -> None:
    found = answer_after_write(link(), plan(), WrittenToAha(RECORD), has_written=False)

    assert found.message == "No synced field changed."


@pytest.mark.parametrize("refused", [{}, {STATE: RULE}, {NAME: RIGHT}])
def test_what_changed_something_in_aha_is_an_update_whatever_was_refused_besides(
    refused: dict[Field, Refused],
) -> None:
    written = WrittenToAha(RECORD, refused)

    assert answer_after_write(link(), plan("Removed"), written, has_written=True) == Received("updated")


@pytest.mark.parametrize(
    ("updated", "answer"),
    [(0, Received("unchanged", "already_agreed")), (1, UPDATED), (3, UPDATED)],
    ids=["none", "one", "three"],
)
def test_a_notification_without_details_is_an_update_if_any_record_was(
    updated: int, answer: Received
) -> None:
    assert answer_after_backfill(updated) == answer


def test_a_link_of_which_nothing_changed_is_not_stored() -> None:
    assert link_to_store(link(), link(), None, NOON, "op-1") is None
    assert link_to_store(link(), link(), RULE, NOON, "op-1") is None


def test_a_changed_link_knows_when_it_was_changed() -> None:
    new = link(agreed_revision=9)

    assert link_to_store(link(), new, None, NOON, "op-1") == replace(new, received_at=NOON)


def test_a_changed_link_knows_what_aha_refused() -> None:
    new = link(refused_revision=9)

    assert link_to_store(link(), new, RULE, NOON, "op-1") == replace(
        new,
        received_at=NOON,
        last_error=RecordError(NOON, "aha_rule_violation", "No such status.", "op-1"),
    )


def test_the_link_of_a_record_that_may_not_be_read_knows_the_revision_and_why() -> None:
    assert refused_link(link(), 9, RIGHT, NOON, "op-1") == link(
        refused_revision=9,
        last_error=RecordError(NOON, "aha_forbidden", "May not write.", "op-1"),
    )
