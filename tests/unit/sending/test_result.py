"""What a send did, as the answer says it."""

from __future__ import annotations

import pytest

from shared.domain.links import Field
from shared.domain.send_plan import Family
from shared.errors import (
    CredentialsRejected,
    OperationFailed,
    RevisionConflict,
    RuleViolation,
    System,
    TimeSpent,
    Unavailable,
)
from shared.sending.outcome import Outcome, deferred, failed, unchanged, unknown, written
from shared.sending.result import (
    Action,
    AttachmentResult,
    Conflict,
    RecordResult,
    SendResult,
    SentWorkItem,
    Status,
)
from shared.sending.upload_results import UploadResults
from tests.unit.examples import (
    a_link,
    a_record,
    a_requirement,
    a_work_item,
    an_attachment,
    planned,
    sent_file,
)

REFUSED = RuleViolation(System.AZURE_DEVOPS, "A required field has no value.")
LATE = TimeSpent(System.AHA, "The time is over.")
ITEM = a_work_item()
CREATED, UPDATED = written(ITEM, creates=True), written(ITEM, creates=False)
UNCHANGED = unchanged(ITEM)


def with_action(action: Action, *, attachment: Action | None = None) -> RecordResult:
    """A record with this outcome, and one attachment with the other."""
    files = () if attachment is None else (AttachmentResult(an_attachment(), attachment),)
    return RecordResult(a_requirement(), action, attachments=files)


def sent(feature: RecordResult, *requirements: RecordResult) -> SendResult:
    """A whole send."""
    return SendResult(feature, requirements, "op-1", 812, 5)


def after(*outcomes: Outcome) -> RecordResult:
    """A record's result after these outcomes, one round each."""
    result = RecordResult(a_record())
    for outcome in outcomes:
        result = result.written(planned(a_record(), None, None, Family()), outcome)
    return result


def test_the_answer_has_the_shape_that_the_contract_fixes() -> None:
    feature = RecordResult(
        a_record(),
        Action.UPDATED,
        SentWorkItem(12, "https://dev.azure.com/fabrikam/web/_workitems/edit/12", "Feature", 3),
        conflicts=(Conflict(Field.NAME, 2),),
        attachments=(AttachmentResult(an_attachment(), Action.UPLOADED),),
    )
    requirement = RecordResult(a_requirement(), Action.FAILED, error=REFUSED)

    assert sent(feature, requirement).to_json() == {
        "status": "partial",
        "operation_id": "op-1",
        "duration_ms": 812,
        "azure_devops_requests": 5,
        "feature": {
            "id": "6776487451",
            "reference_num": "PROD-2",
            "action": "updated",
            "work_item": {
                "id": 12,
                "url": "https://dev.azure.com/fabrikam/web/_workitems/edit/12",
                "type": "Feature",
                "rev": 3,
            },
            "error": None,
            "conflicts": [{"field": "name", "kept": "aha", "overwritten_rev": 2}],
            "attachments": [{"id": "41", "file_name": "colours.png", "action": "uploaded", "error": None}],
        },
        "requirements": [
            {
                "id": "6776487452",
                "reference_num": "PROD-2-1",
                "action": "failed",
                "work_item": None,
                "error": {"code": "azure_devops_rule_violation", "detail": "A required field has no value."},
                "conflicts": [],
                "attachments": [],
            }
        ],
    }


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ([with_action(Action.CREATED)], Status.SUCCEEDED),
        ([with_action(Action.UNCHANGED), with_action(Action.UPDATED)], Status.SUCCEEDED),
        ([with_action(Action.CREATED), with_action(Action.FAILED)], Status.PARTIAL),
        ([with_action(Action.CREATED, attachment=Action.FAILED)], Status.PARTIAL),
        (
            [with_action(Action.CREATED), with_action(Action.PENDING), with_action(Action.FAILED)],
            Status.IN_PROGRESS,
        ),
        ([with_action(Action.CREATED, attachment=Action.PENDING)], Status.IN_PROGRESS),
        ([with_action(Action.UNCHANGED, attachment=Action.UPLOADED)], Status.SUCCEEDED),
        ([RecordResult(a_record())], Status.IN_PROGRESS),
    ],
)
def test_the_status_of_a_send_follows_from_its_records_and_attachments(
    results: list[RecordResult], status: Status
) -> None:
    assert sent(*results).status is status


@pytest.mark.parametrize(
    ("outcomes", "action"),
    [
        ([CREATED], Action.CREATED),
        ([UPDATED], Action.UPDATED),
        ([UNCHANGED], Action.UNCHANGED),
        ([CREATED, UPDATED], Action.CREATED),
        ([CREATED, UNCHANGED], Action.CREATED),
        ([UPDATED, UNCHANGED], Action.UPDATED),
        ([UNCHANGED, UPDATED], Action.UPDATED),
    ],
)
def test_a_created_record_stays_created_and_an_updated_one_updated_in_later_rounds(
    outcomes: list[Outcome], action: Action
) -> None:
    assert after(*outcomes).done is action


def test_a_record_that_was_only_written_is_not_settled() -> None:
    # Its link may have been changed by somebody else at the same time: the send looks at it again.
    result = after(UPDATED)

    assert (result.is_settled, result.is_final(by_timer=False), result.action) == (
        False,
        False,
        Action.PENDING,
    )
    assert result.has_effect
    assert result.work_item == SentWorkItem(12, ITEM.page_url, "Feature", 1)


def test_a_settled_record_says_what_was_done() -> None:
    plan = planned(a_record(), None, None, Family())

    assert after(CREATED, UPDATED).settled(plan, UploadResults(), "").action is Action.CREATED


@pytest.mark.parametrize(
    ("feature", "failure"),
    [
        (RecordResult(a_record(), Action.FAILED, error=REFUSED), REFUSED),
        # The time was over before the feature: the answer says that the send is in progress.
        (RecordResult(a_record(), Action.PENDING, error=LATE), None),
        (RecordResult(a_record(), Action.FAILED, SentWorkItem.of(ITEM), REFUSED), None),
        (RecordResult(a_record(), Action.UNCHANGED, SentWorkItem.of(ITEM)), None),
    ],
)
def test_the_error_of_a_feature_without_a_work_item_is_the_error_of_the_send(
    feature: RecordResult, failure: OperationFailed | None
) -> None:
    assert sent(feature, with_action(Action.UPDATED)).failure is failure


def test_a_text_that_was_overwritten_is_a_conflict_with_its_revision() -> None:
    edited = a_work_item(revision=2, title="By an engineer")
    plan = planned(a_record(name="By a manager"), a_link(a_record(), ITEM), edited, Family())

    result = RecordResult(a_record()).written(plan, written(a_work_item(revision=3), creates=False))

    assert result.conflicts == (Conflict(Field.NAME, 2),)


def test_a_settled_record_shows_its_work_item_and_its_attachments() -> None:
    known, new, refused, late = (an_attachment(id=number) for number in ("41", "42", "43", "44"))
    record = a_record(attachments=(known, new, refused, late))
    plan = planned(record, a_link(record, ITEM, attachments={"41": sent_file()}), ITEM, Family())
    uploads = UploadResults({"42": sent_file(2)}, {"43": REFUSED, "44": LATE})

    result = RecordResult(record).written(plan, UNCHANGED).settled(plan, uploads, "")

    assert result.is_settled
    assert result.work_item == SentWorkItem(12, ITEM.page_url, "Feature", 1)
    assert result.attachments == (
        AttachmentResult(known, Action.UNCHANGED),
        AttachmentResult(new, Action.UPLOADED),
        AttachmentResult(refused, Action.FAILED, REFUSED),
        AttachmentResult(late, Action.PENDING, LATE),
    )


def test_the_page_that_the_link_knows_is_shown_if_azure_devops_does_not_name_it() -> None:
    plan = planned(a_record(), a_link(a_record(), ITEM), ITEM, Family())

    written_item = RecordResult(a_record()).written(plan, unchanged(a_work_item(page_url="")))
    result = written_item.settled(plan, UploadResults(), "https://x/12")

    assert result.work_item is not None
    assert result.work_item.url == "https://x/12"


OUTAGE = Unavailable(System.AZURE_DEVOPS, "Azure DevOps is throttling this token's user.")
REJECTED = CredentialsRejected(System.AZURE_DEVOPS, "The token has expired.")


@pytest.mark.parametrize(
    ("outcome", "action"),
    [
        (failed(REFUSED), Action.FAILED),
        (failed(OUTAGE), Action.FAILED),
        (deferred(LATE), Action.PENDING),
        (unknown(OUTAGE), Action.PENDING),
        (unknown(REJECTED), Action.FAILED),
    ],
)
def test_a_record_that_was_given_up_is_pending_if_the_next_send_continues_it(
    outcome: Outcome, action: Action
) -> None:
    result = RecordResult(a_record()).given_up(outcome, None)

    assert (result.action, result.error, result.is_settled) == (action, outcome.error, True)
    assert result.work_item is None


def test_a_record_that_was_given_up_still_shows_the_work_item_that_it_has() -> None:
    result = RecordResult(a_record()).given_up(failed(REFUSED), SentWorkItem.of(ITEM))

    assert result.work_item == SentWorkItem(12, ITEM.page_url, "Feature", 1)


@pytest.mark.parametrize(
    ("error", "is_retried"),
    [(RevisionConflict("The work item was changed."), True), (LATE, False), (OUTAGE, False)],
)
def test_a_send_looks_again_at_what_somebody_else_changed(error: OperationFailed, is_retried: bool) -> None:
    assert deferred(error).is_retried_in_this_send is is_retried


def test_an_attachment_that_failed_says_why() -> None:
    late = AttachmentResult(an_attachment(), Action.PENDING, LATE)

    assert late.to_json()["error"] == {"code": "aha_unavailable", "detail": "The time is over."}
