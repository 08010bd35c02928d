"""What the log says about a work item's change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.aha_record import AhaRecord, WorkflowStatus
from shared.domain.links import Field, Link
from shared.domain.merge import FieldOutcome
from shared.domain.receive_plan import ReceivePlan
from shared.domain.written_to_aha import WrittenToAha
from shared.errors import Forbidden, Refused, RuleViolation, System
from shared.receiving.receive_log import ReceiveLog
from tests.unit.examples import a_link, a_record, a_requirement, a_work_item
from tests.unit.operations import Log, an_operation

NAME, DESCRIPTION, STATE = Field.NAME, Field.DESCRIPTION, Field.STATE
PAGE = "https://dev.azure.com/fabrikam/web/_workitems/edit/12"
ITEM = a_work_item(revision=9, state="Active", page_url=PAGE)
LINK = a_link(a_record(), ITEM)
RECORD = AhaRecord("6776487451", "PROD-2", "Search", "", WorkflowStatus("55", "Ready"))
RULE = RuleViolation(System.AHA, "It is not a status of the workflow.", evidence={"status": 422})
RIGHT = Forbidden(System.AHA, "The user may not write.")
WHERE = {"work_item_id": 12, "reference": "PROD-2", "revision": 9}
NOTHING = ReceivePlan(None, None, None, {}, None)


def decided(plan: ReceivePlan, link: Link = LINK) -> Log:
    """The lines about a plan."""
    operation, log = an_operation()
    ReceiveLog(operation.log, "https://fabrikam.aha.io").decision(link, ITEM, plan)
    operation.log.flush()
    return log


def not_taken(refused: dict[Field, Refused], kept: frozenset[Field] = frozenset(), link: Link = LINK) -> Log:
    """The lines about a write that Aha! did not take as a whole."""
    operation, log = an_operation()
    plan = replace(NOTHING, name="Find", status="Shipped")
    ReceiveLog(operation.log, "https://fabrikam.aha.io").not_taken(
        link, ITEM, plan, WrittenToAha(RECORD, refused, kept)
    )
    operation.log.flush()
    return log


def test_a_plan_that_does_nothing_says_nothing() -> None:
    assert decided(NOTHING) == []


def test_what_is_written_is_named() -> None:
    (entry,) = decided(replace(NOTHING, name="Find", status="Shipped"))

    assert (entry.event, entry.message) == (
        "record.changes",
        "Work item 12 changes PROD-2 in Aha!: name, state.",
    )
    assert entry.detail == {"state": "Active", "status": "Shipped", **WHERE}


def test_each_conflict_has_a_line() -> None:
    outcomes = {NAME: FieldOutcome.CONFLICT, DESCRIPTION: FieldOutcome.WRITE, STATE: FieldOutcome.CONFLICT}

    log = decided(replace(NOTHING, outcomes=outcomes))

    assert [(entry.event, entry.detail["field"], entry.detail["kept"]) for entry in log] == [
        ("record.conflict", "name", "azure_devops"),
        ("record.conflict", "state", "azure_devops"),
    ]
    assert log[0].message == (
        "Both sides changed the name of PROD-2; Azure DevOps' text was kept. The record's history in Aha! has the "
        "overwritten text."
    )


@pytest.mark.parametrize(
    ("changes", "event", "begin", "detail"),
    [
        (
            {"left_images": ("a.png", "b.png")},
            "record.images-left",
            "2 images of PROD-2 exist in Azure DevOps only.",
            {"images": ["a.png", "b.png"]},
        ),
        (
            {"shows_source": True},
            "record.markdown-left",
            "The description of PROD-2 is Markdown that could not be rendered",
            {"characters": len(ITEM.description)},
        ),
        (
            {"unmapped_state": "Removed"},
            "state.not-mapped",
            "The state “Removed” is not mapped to a status",
            {"state": "Removed"},
        ),
    ],
    ids=["images", "Markdown", "a state"],
)
def test_what_is_left_out_is_said(
    changes: dict[str, Any], event: str, begin: str, detail: dict[str, Any]
) -> None:
    (entry,) = decided(replace(NOTHING, **changes))

    assert entry.event == event
    assert entry.message.startswith(begin)
    assert entry.detail == {**detail, **WHERE}


def test_a_refused_status_leads_to_the_mapping() -> None:
    (entry,) = not_taken({STATE: RULE})

    assert (entry.event, entry.message) == (
        "aha.status-refused",
        "Aha! refused the status “Shipped” for PROD-2. Check the integration's status mapping: the status must belong "
        "to the record's workflow. It is not a status of the workflow.",
    )
    assert entry.detail == {"code": "aha_rule_violation", "status": "Shipped", **WHERE}


@pytest.mark.parametrize(
    ("refused", "fields"),
    [({STATE: RIGHT}, ["state"]), ({NAME: RULE, STATE: RULE}, ["name", "state"]), ({NAME: RULE}, ["name"])],
    ids=["a right", "name and status", "a name"],
)
def test_any_other_refusal_names_the_fields_and_both_pages(
    refused: dict[Field, Refused], fields: list[str]
) -> None:
    (entry,) = not_taken(refused)
    error = next(iter(refused.values()))

    assert (entry.event, entry.message) == (
        "aha.refused",
        f"Aha! refused the {', '.join(fields)} of PROD-2 (https://fabrikam.aha.io/features/PROD-2), changed by work "
        f"item 12 ({PAGE}). {error.detail} The next change of the work item tries it again.",
    )
    assert entry.detail == {"code": error.code, "fields": fields, **error.evidence, **WHERE}


def test_fields_that_were_refused_apart_have_lines_apart() -> None:
    log = not_taken({NAME: RIGHT, STATE: RULE})

    assert [entry.event for entry in log] == ["aha.refused", "aha.status-refused"]


def test_what_aha_kept_is_said_too() -> None:
    link = a_link(a_requirement(reference=""), ITEM)

    (entry,) = not_taken({}, frozenset({STATE, NAME}), link)

    assert (entry.event, entry.message) == (
        "aha.kept",
        "Aha! accepted the name, state of 6776487452 (https://fabrikam.aha.io/requirements/6776487452) from work item "
        f"12 ({PAGE}), and kept the old value. The next change of the work item tries it again.",
    )
    assert entry.detail["fields"] == ["name", "state"]


def test_a_record_that_may_not_be_read_is_refused_as_a_whole() -> None:
    operation, log = an_operation()

    ReceiveLog(operation.log, "https://fabrikam.aha.io").refused(LINK, ITEM, RIGHT)
    operation.log.flush()

    (entry,) = log
    assert entry.message.startswith(
        "Aha! refused PROD-2 (https://fabrikam.aha.io/features/PROD-2), changed by"
    )
    assert entry.detail == {"code": "aha_forbidden", "fields": [], **WHERE}
