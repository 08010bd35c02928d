"""What a send did, as the answer says it."""

from __future__ import annotations

import pytest

from shared.domain.links import Field
from shared.errors import RuleViolation, System, TimeSpent
from shared.sending.result import (
    Action,
    AttachmentResult,
    Conflict,
    RecordResult,
    SendResult,
    SentWorkItem,
    Status,
)
from tests.unit.examples import a_record, a_requirement, an_attachment

REFUSED = RuleViolation(System.AZURE_DEVOPS, "A required field has no value.")


def settled(action: Action, *, attachment: Action | None = None) -> RecordResult:
    """A record with this outcome."""
    result = RecordResult(a_requirement())
    if action in (Action.FAILED, Action.PENDING):
        result.fail(action, REFUSED)
    else:
        result.settle(action)
    if attachment is not None:
        result.attachments["41"] = AttachmentResult(an_attachment(), attachment)
    return result


def sent(feature: RecordResult, *requirements: RecordResult) -> SendResult:
    """A whole send."""
    return SendResult(feature, requirements, "op-1", 812, 5)


def test_the_answer_has_the_shape_that_the_contract_fixes() -> None:
    feature = RecordResult(a_record())
    feature.work_item = SentWorkItem(
        12, "https://dev.azure.com/fabrikam/web/_workitems/edit/12", "Feature", 3
    )
    feature.conflicts.append(Conflict(Field.NAME, 2))
    feature.attachments["41"] = AttachmentResult(an_attachment(), Action.UPLOADED)
    feature.settle(Action.UPDATED)
    requirement = RecordResult(a_requirement())
    requirement.fail(Action.FAILED, REFUSED)

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
        ([settled(Action.CREATED)], Status.SUCCEEDED),
        ([settled(Action.UNCHANGED), settled(Action.UPDATED)], Status.SUCCEEDED),
        ([settled(Action.CREATED), settled(Action.FAILED)], Status.PARTIAL),
        ([settled(Action.CREATED, attachment=Action.FAILED)], Status.PARTIAL),
        ([settled(Action.CREATED), settled(Action.PENDING), settled(Action.FAILED)], Status.IN_PROGRESS),
        ([settled(Action.CREATED, attachment=Action.PENDING)], Status.IN_PROGRESS),
        ([settled(Action.UNCHANGED, attachment=Action.UPLOADED)], Status.SUCCEEDED),
        ([RecordResult(a_record())], Status.IN_PROGRESS),
    ],
)
def test_the_whole_is_what_its_parts_are(results: list[RecordResult], status: Status) -> None:
    assert sent(*results).status is status


@pytest.mark.parametrize(
    ("before", "then", "after"),
    [
        (Action.PENDING, Action.UPDATED, Action.UPDATED),
        (Action.CREATED, Action.UPDATED, Action.CREATED),
        (Action.CREATED, Action.UNCHANGED, Action.CREATED),
        (Action.UPDATED, Action.UNCHANGED, Action.UPDATED),
        (Action.UNCHANGED, Action.UPDATED, Action.UPDATED),
    ],
)
def test_what_was_created_stays_so_whatever_is_done_to_it_afterwards(
    before: Action, then: Action, after: Action
) -> None:
    result = RecordResult(a_record())
    result.note(before)
    result.settle(then)

    assert result.action is after


def test_an_attachment_that_failed_says_why() -> None:
    late = AttachmentResult(an_attachment(), Action.PENDING, TimeSpent(System.AHA, "The time is over."))

    assert late.to_json()["error"] == {"code": "aha_unavailable", "detail": "The time is over."}
