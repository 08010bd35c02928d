"""The description of a work item, whichever field holds it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.aha_record import AhaRecord, WorkflowStatus
from shared.domain.description_field import REPRO_STEPS, SYSTEM_DESCRIPTION, usual_description_field
from shared.domain.integration import RecordMapping
from shared.domain.links import Base, Field, Link, digest
from shared.domain.present_description import AgreedDescription, described
from shared.domain.receive_plan import link_after_receive, plan_receive
from shared.domain.send_plan import Family, RecordPlan, link_after_send
from shared.domain.work_item import WorkItem, description_digest
from tests.unit.examples import a_link, a_record, a_work_item, an_integration, planned

TEXT = "<p>Shoppers look for colours.</p>"
RECORD = a_record(description=TEXT)
STORY = a_work_item(type="User Story", description=TEXT)
LINK = a_link(RECORD, STORY)


def a_bug(steps: str = "", description: str = "", **changes: Any) -> WorkItem:
    """The work item after an engineer changed its type to Bug: its form shows Repro Steps."""
    as_read = replace(
        STORY,
        type="Bug",
        revision=2,
        description=steps,
        description_field=REPRO_STEPS,
        shown_field=REPRO_STEPS,
        other_description=description,
    )
    return replace(as_read, **changes)


def seen(item: WorkItem, link: Link = LINK) -> WorkItem:
    """The work item as an operation sees it."""
    return described(item, usual_description_field(item.type), AgreedDescription.of(link))


def sent(plan: RecordPlan, link: Link | None, result: WorkItem) -> Link:
    return link_after_send(plan, link, result, {}, "op")


@pytest.mark.parametrize(
    ("work_item_type", "expected"),
    [
        ("Bug", REPRO_STEPS),
        ("bug", REPRO_STEPS),
        ("User Story", SYSTEM_DESCRIPTION),
        ("Product Backlog Item", SYSTEM_DESCRIPTION),
        ("Debug", SYSTEM_DESCRIPTION),
        ("", SYSTEM_DESCRIPTION),
    ],
)
def test_a_type_has_its_usual_field(work_item_type: str, expected: str) -> None:
    assert an_integration().description_field(work_item_type) == expected


def test_a_chosen_field_is_that_of_the_mapped_type_alone() -> None:
    """Given features that become Defects with Repro Steps, requirements that become Bugs with Description."""
    integration = an_integration(
        feature=RecordMapping("Defect", description_field=REPRO_STEPS),
        requirement=RecordMapping("Bug", description_field=SYSTEM_DESCRIPTION),
    )

    found = [integration.description_field(name) for name in ("defect", "Bug", "Task")]

    assert found == [REPRO_STEPS, SYSTEM_DESCRIPTION, SYSTEM_DESCRIPTION]


def test_a_bug_is_read_from_repro_steps() -> None:
    payload = {
        "id": 12,
        "rev": 2,
        "fields": {"System.WorkItemType": "Bug", "System.Description": "a", REPRO_STEPS: "b"},
        "multilineFieldsFormat": {REPRO_STEPS: "markdown"},
    }

    item = WorkItem.from_payload(payload)

    assert (item.description, item.description_is_markdown, item.other_description) == ("b", True, "a")
    other = described(item, SYSTEM_DESCRIPTION, None)
    assert (other.description, other.description_is_markdown, other.shown_field) == (
        "a",
        False,
        SYSTEM_DESCRIPTION,
    )
    assert described(other, REPRO_STEPS, None) == item


def test_a_change_of_type_does_not_change_the_description() -> None:
    """Given a User Story that became a Bug, when it is looked at, then its text is still the old field's."""
    item = seen(a_bug(description=TEXT))

    assert item.description == TEXT
    assert item.description_is_hidden
    assert item.digest_of(Field.DESCRIPTION) == LINK.base[Field.DESCRIPTION].azure_devops


def test_a_notification_of_a_change_of_type_leaves_aha_alone_and_agrees() -> None:
    shown = AhaRecord(RECORD.id, RECORD.reference, RECORD.name or "", TEXT, WorkflowStatus("1", "New"))
    item = seen(a_bug(description=TEXT))

    plan = plan_receive(LINK, item, shown, {})
    link = link_after_receive(plan, LINK, item, shown, not_taken=frozenset(), operation_id="op")

    assert not plan.writes
    assert (link.agreed_revision, link.description_field) == (2, SYSTEM_DESCRIPTION)


def test_a_text_that_the_change_of_type_removed_counts_as_unchanged() -> None:
    """Given a Bug that became a User Story and lost its Repro Steps, then nobody cleared the description."""
    bug = described(a_bug(steps=TEXT), REPRO_STEPS, None)
    link = replace(a_link(RECORD, bug), description_field=REPRO_STEPS)
    item = seen(a_work_item(type="User Story", description="", revision=3), link)

    shown = AhaRecord(RECORD.id, RECORD.reference, RECORD.name or "", TEXT, WorkflowStatus("1", "New"))
    assert not plan_receive(link, item, shown, {}).writes
    assert planned(RECORD, link, item, Family()).value_to_write(Field.DESCRIPTION) == TEXT


def test_the_next_send_moves_the_text_into_the_field_that_the_form_shows() -> None:
    item = seen(a_bug(description=TEXT))
    plan = planned(RECORD, LINK, item, Family())

    assert plan.value_to_write(Field.DESCRIPTION) == TEXT
    assert plan.conflicts == ()
    written = a_bug(steps=TEXT, description=TEXT, revision=3)
    link = sent(plan, LINK, written)
    assert (link.description_field, link.other_text) == (REPRO_STEPS, digest(TEXT))
    assert link.agreed_revision == 3
    assert not planned(RECORD, link, seen(written, link), Family()).writes


def test_a_send_without_a_description_moves_nothing() -> None:
    item = seen(a_bug(description=TEXT))
    plan = planned(a_record(description=None, name="New name"), LINK, item, Family())

    link = sent(plan, LINK, a_bug(description=TEXT, revision=3, title="New name"))

    assert plan.value_to_write(Field.DESCRIPTION) is None
    assert (link.description_field, link.agreed_revision) == (SYSTEM_DESCRIPTION, 3)


def test_repro_steps_that_an_engineer_writes_are_the_description() -> None:
    item = seen(a_bug(steps="<p>Click twice</p>", description=TEXT))

    assert (item.description, item.description_is_hidden) == ("<p>Click twice</p>", False)
    plan = planned(RECORD, LINK, item, Family())
    assert plan.left_alone == (Field.DESCRIPTION,)


def test_repro_steps_that_an_engineer_clears_are_cleared() -> None:
    """Given a Bug whose text was moved to Repro Steps, when an engineer empties them, then the description is empty."""
    moved = replace(LINK, description_field=REPRO_STEPS, other_text=digest(TEXT))

    assert seen(a_bug(description=TEXT), moved).digest_of(Field.DESCRIPTION) == description_digest("")


def test_an_old_text_of_the_other_field_does_not_come_back() -> None:
    """Given text that was moved to Repro Steps and changed there, when the type changes back, then it is the text."""
    newer = "<p>Newer</p>"
    bug = seen(
        a_bug(steps=newer, description=TEXT),
        replace(LINK, description_field=REPRO_STEPS, other_text=digest(TEXT)),
    )
    link = replace(
        LINK,
        description_field=REPRO_STEPS,
        other_text=digest(TEXT),
        base={Field.DESCRIPTION: Base(description_digest(newer), bug.digest_of(Field.DESCRIPTION))},
    )
    story = a_work_item(type="User Story", description=TEXT, other_description=newer, revision=5)

    item = seen(story, link)

    assert item.description == newer
    plan = planned(a_record(description=newer), link, item, Family())
    assert plan.value_to_write(Field.DESCRIPTION) == newer
    after = sent(plan, link, a_work_item(type="User Story", description=newer, other_description=newer))
    assert (after.description_field, after.other_text) == (SYSTEM_DESCRIPTION, digest(newer))


def test_a_link_of_an_older_version_of_the_app_says_description() -> None:
    """Given a Bug whose text an older version put into Description, then a send moves it and nothing is cleared."""
    old_link = a_link(RECORD, replace(STORY, type="Bug"))
    item = seen(a_bug(description=TEXT), old_link)

    assert item.description == TEXT
    assert planned(RECORD, old_link, item, Family()).value_to_write(Field.DESCRIPTION) == TEXT


def test_a_new_work_item_notes_the_field_that_was_written() -> None:
    plan = replace(planned(RECORD, None, None, Family()), description_field=REPRO_STEPS)
    created = a_work_item(type="Defect", description="", other_description=TEXT)

    link = sent(plan, None, created)

    assert link.description_field == REPRO_STEPS
    assert link.base[Field.DESCRIPTION].azure_devops == description_digest(TEXT)


def test_a_moved_text_is_not_a_conflict_when_aha_changed_too() -> None:
    item = seen(a_bug(description=TEXT))
    plan = planned(a_record(description="<p>New</p>"), LINK, item, Family())

    assert plan.value_to_write(Field.DESCRIPTION) == "<p>New</p>"
    assert plan.conflicts == ()


def test_a_hidden_text_that_an_engineer_changed_first_is_his_change() -> None:
    item = seen(a_bug(description="<p>By an engineer</p>"))

    assert planned(RECORD, LINK, item, Family()).left_alone == (Field.DESCRIPTION,)
    assert planned(RECORD, LINK, item, Family()).description_to_write({}) is None
