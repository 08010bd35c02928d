"""What a send changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.contents import description_content, name_content
from shared.domain.links import AttachedFile, Base, Field, Intention, Side, digest
from shared.domain.merge import FieldOutcome
from shared.domain.send_plan import Family, link_after_send, removed_requirements
from shared.domain.work_item import WorkItem
from tests.unit.examples import (
    NOON,
    a_link,
    a_record,
    a_requirement,
    a_work_item,
    an_attachment,
    attachment_url,
    file_relation,
    parent_relation,
    planned,
    sent_file,
)

NOBODY = Family()
RECORD = a_record()
ITEM = a_work_item()
LINK = a_link(RECORD, ITEM)
EDITED = a_work_item(revision=2, title="By an engineer", description="<p>By an engineer</p>")


def test_a_new_record_is_created_with_its_name_and_description() -> None:
    plan = planned(RECORD, None, None, NOBODY)

    assert plan.creates
    assert plan.value_to_write(Field.NAME) == "Search by colour"
    assert plan.value_to_write(Field.DESCRIPTION) == "<p>Shoppers look for colours.</p>"
    assert plan.conflicts == ()


def test_a_record_that_did_not_change_is_not_written() -> None:
    assert not planned(RECORD, LINK, ITEM, NOBODY).writes


@pytest.mark.parametrize(
    ("changes", "name", "description"),
    [
        ({"name": "New name"}, "New name", None),
        ({"description": "<p>New</p>"}, None, "<p>New</p>"),
        ({"description": ""}, None, ""),
        ({"name": "", "description": "<p>First. Second.</p>"}, "First.", "<p>First. Second.</p>"),
        ({"name": None, "description": None}, None, None),
        ({"name": None, "description": "<p>New</p>"}, None, "<p>New</p>"),
    ],
)
def test_only_what_changed_in_aha_is_written(changes, name, description) -> None:  # type: ignore[no-untyped-def]
    plan = planned(a_record(**changes), LINK, ITEM, NOBODY)

    assert plan.value_to_write(Field.NAME) == name
    assert plan.value_to_write(Field.DESCRIPTION) == description
    assert plan.conflicts == plan.left_alone == ()


def test_what_an_engineer_changed_is_left_alone() -> None:
    plan = planned(RECORD, LINK, EDITED, NOBODY)

    assert not plan.writes
    assert plan.left_alone == (Field.NAME, Field.DESCRIPTION)


def test_if_both_changed_aha_wins_and_the_conflict_is_named() -> None:
    plan = planned(a_record(name="By a manager"), LINK, EDITED, NOBODY)

    assert plan.value_to_write(Field.NAME) == "By a manager"
    assert plan.conflicts == (Field.NAME,)
    assert plan.left_alone == (Field.DESCRIPTION,)


def test_if_both_made_the_same_change_there_is_nothing_to_write() -> None:
    plan = planned(a_record(name="By an engineer"), LINK, EDITED, NOBODY)

    assert not plan.writes
    assert plan.conflicts == ()
    assert plan.decisions[0].outcome is FieldOutcome.AGREED


def test_a_long_name_is_cut_and_the_cut_is_no_change() -> None:
    # microsoft/onefuzz#3369, solidify/jira-azuredevops-migrator#627: titles over 255 characters.
    record = a_record(name="x" * 300)
    created = a_work_item(title=planned(record, None, None, NOBODY).value_to_write(Field.NAME))
    link = link_after_send(planned(record, None, None, NOBODY), None, created, {}, "op")

    assert created.title == "x" * 254 + "…"
    assert not planned(record, link, created, NOBODY).writes


def test_a_work_item_that_aha_names_is_taken_with_its_differences_as_conflicts() -> None:
    plan = planned(RECORD, None, EDITED, NOBODY)

    assert plan.conflicts == (Field.NAME, Field.DESCRIPTION)


def test_an_empty_field_of_a_work_item_that_aha_names_is_no_conflict() -> None:
    plan = planned(RECORD, None, a_work_item(description="<p></p>"), NOBODY)

    assert plan.value_to_write(Field.DESCRIPTION) == "<p>Shoppers look for colours.</p>"
    assert plan.conflicts == ()


def test_a_work_item_found_again_is_compared_with_the_texts_that_created_it() -> None:
    base = {Field.NAME: Base(digest("Search by colour"), digest("Search by colour"))}
    plan = planned(a_record(name="Newer"), None, ITEM, NOBODY, base=base)

    assert plan.value_to_write(Field.NAME) == "Newer"
    assert plan.conflicts == ()


def test_the_base_of_a_new_work_item_is_its_first_revision() -> None:
    link = link_after_send(planned(RECORD, None, None, NOBODY), None, ITEM, {}, "op")

    assert link.agreed_revision == 1
    assert link.base == {
        Field.NAME: Base(digest("Search by colour"), digest("Search by colour")),
        Field.DESCRIPTION: Base(digest(RECORD.description or ""), digest(ITEM.description)),
        Field.STATE: Base("", digest("New")),
    }
    assert (link.work_item_id, link.work_item_type, link.reference) == (12, "Feature", "PROD-2")


def test_the_agreed_revision_does_not_move_past_a_change_that_was_left_alone() -> None:
    edited = a_work_item(revision=2, description="<p>By an engineer</p>")
    plan = planned(a_record(name="New name"), LINK, edited, NOBODY)
    written = replace(edited, revision=3, title="New name")

    link = link_after_send(plan, LINK, written, {}, "op")

    assert link.agreed_revision == 1
    assert link.base[Field.NAME] == Base(digest("New name"), digest("New name"))
    assert link.base[Field.DESCRIPTION] == LINK.base[Field.DESCRIPTION]


def test_the_agreed_revision_does_not_move_past_a_state_that_was_not_carried() -> None:
    active = a_work_item(revision=2, state="Active")
    plan = planned(a_record(name="New name"), LINK, active, NOBODY)

    link = link_after_send(plan, LINK, replace(active, revision=3, title="New name"), {}, "op")

    assert link.agreed_revision == 1
    assert link.base[Field.STATE] == LINK.base[Field.STATE]


def test_each_field_that_is_updated_is_noted_with_the_revision_that_the_update_makes() -> None:
    plan = planned(a_record(name="By a manager", description="<p>New</p>"), LINK, EDITED, NOBODY)

    assert plan.intentions("op-1", NOON) == (
        Intention(
            field=Field.NAME,
            side=Side.AZURE_DEVOPS,
            source=digest("By a manager"),
            written=name_content("By a manager"),
            replaced=digest("By an engineer"),
            revision=3,
            operation_id="op-1",
            noted_at=NOON,
        ),
        Intention(
            field=Field.DESCRIPTION,
            side=Side.AZURE_DEVOPS,
            source=digest("<p>New</p>"),
            written=description_content("<p>New</p>", plan.images),
            replaced=digest("<p>By an engineer</p>"),
            revision=3,
            operation_id="op-1",
            noted_at=NOON,
        ),
    )


def test_a_field_that_is_left_alone_is_not_noted() -> None:
    assert planned(RECORD, LINK, EDITED, NOBODY).intentions("op-1", NOON) == ()


def test_a_create_is_not_noted_because_a_claim_and_the_marker_show_it() -> None:
    assert planned(RECORD, None, None, NOBODY).intentions("op-1", NOON) == ()


def test_a_committed_update_leaves_no_intention_of_its_own() -> None:
    plan = planned(a_record(name="New name"), LINK, ITEM, NOBODY)
    own = plan.intentions("op-1", NOON)
    other = replace(own[0], operation_id="op-2", revision=5)

    link = link_after_send(
        plan,
        replace(LINK, intentions=(*own, other)),
        a_work_item(revision=2, title="New name"),
        {},
        operation_id="op-1",
    )

    assert link.intentions == (other,)
    assert link.base[Field.NAME] == Base(digest("New name"), digest("New name"))


def test_an_outdated_payload_moves_nothing_and_forgets_no_requirement() -> None:
    sent = a_record(updated_at=NOON)
    link = a_link(sent, ITEM, sent_as_of=NOON, requirement_ids=("R1", "R2"))
    late = a_record(updated_at=NOON - timedelta(seconds=1), name="Outdated")
    plan = planned(late, link, ITEM, Family(requirement_ids=("R1",)))

    after = link_after_send(plan, link, ITEM, {}, "op")

    assert plan.has_outdated_text
    assert not plan.writes
    assert removed_requirements(plan, link) == ()
    assert after.requirement_ids == ("R1", "R2")
    assert after.sent_as_of == NOON


def test_a_payload_with_an_outdated_text_still_removes_the_requirements_that_it_no_longer_lists() -> None:
    sent = a_record(updated_at=NOON)
    linked = a_link(sent, ITEM, sent_as_of=NOON, requirement_ids=("R1", "R2"))
    received = replace(linked.base[Field.NAME], received_as_of=NOON + timedelta(minutes=2))
    link = replace(linked, base={**linked.base, Field.NAME: received})
    newer = a_record(updated_at=NOON + timedelta(minutes=1), name="From before the notification")
    plan = planned(newer, link, ITEM, Family(requirement_ids=("R1",)))

    assert plan.has_outdated_text
    assert removed_requirements(plan, link) == ("R2",)
    assert link_after_send(plan, link, ITEM, {}, "op").requirement_ids == ("R1",)


REQUIREMENT = a_requirement()


def child_of(parent: int | None) -> WorkItem:
    """The requirement's work item below a parent."""
    return a_work_item(
        id=20, type="User Story", relations=() if parent is None else (parent_relation(parent),)
    )


@pytest.mark.parametrize(
    ("linked_to", "below", "family", "moves"),
    [
        (("F", 12), 12, Family("F", 12), False),
        (("F", 12), 12, Family("G", 13), True),
        (("F", 12), 13, Family("G", 13), False),
        (("F", 12), 99, Family("F", 12), False),
        (("F", 12), None, Family("F", 12), False),
        (("F", 12), 12, Family("G", None), True),
        (("F", 12), 12, Family("F", 15), True),
        (("F", 12), None, Family("F", 15), True),
        (("F", 12), 99, Family("F", 15), False),
    ],
)
def test_only_a_move_in_aha_or_a_new_work_item_of_the_feature_moves_a_requirement(
    linked_to: tuple[str, int], below: int | None, family: Family, moves: bool
) -> None:
    # aha-app/aha-services 8a5c01c: moving a requirement. An engineer's own choice of a parent stays.
    item = child_of(below)
    link = a_link(REQUIREMENT, item, parent_aha_id=linked_to[0], parent_work_item_id=linked_to[1])

    assert planned(REQUIREMENT, link, item, family).moves_to_parent is moves


@pytest.mark.parametrize(("below", "moves"), [(None, True), (12, False), (99, False)])
def test_a_work_item_that_aha_names_goes_below_the_feature_unless_it_is_below_another(
    below: int | None, moves: bool
) -> None:
    assert planned(REQUIREMENT, None, child_of(below), Family("F", 12)).moves_to_parent is moves


def test_a_feature_never_moves() -> None:
    assert not planned(RECORD, LINK, a_work_item(relations=(parent_relation(7),)), NOBODY).moves_to_parent


PICTURE = an_attachment()


def test_an_attachment_is_uploaded_once() -> None:
    record = a_record(attachments=(PICTURE,))
    plan = planned(record, LINK, ITEM, NOBODY)

    assert plan.files.to_upload == (PICTURE,)
    with_file = a_work_item(revision=2, relations=(file_relation("colours.png", 2048),))
    link = link_after_send(plan, LINK, with_file, {"41": sent_file()}, "op")
    assert not planned(record, link, with_file, NOBODY).writes


def test_an_attachment_that_an_engineer_removed_does_not_come_back() -> None:
    link = a_link(RECORD, ITEM, attachments={"41": sent_file()})

    assert planned(a_record(attachments=(PICTURE,)), link, ITEM, NOBODY).files.to_upload == ()


def test_a_file_of_the_same_name_and_size_is_taken_to_be_the_attachment() -> None:
    item = a_work_item(relations=(file_relation("colours.png", 2048, 7),))

    plan = planned(a_record(attachments=(PICTURE,)), LINK, item, NOBODY)

    assert plan.files.to_upload == ()
    assert plan.files.found_on_work_item == {"41": AttachedFile(attachment_url(7), "colours.png", 2048)}
    assert link_after_send(plan, LINK, item, {}, "op").attachments == plan.files.found_on_work_item


@pytest.mark.parametrize(
    ("name", "size", "sent_size"),
    [
        ("colours.png", 2049, 2048),
        ("other.png", 2048, 2048),
    ],
)
def test_a_file_of_another_name_or_size_is_another_file(name: str, size: int, sent_size: int) -> None:
    # aha-app/aha-services matched by name only, so that a replaced file never travelled.
    attachment = an_attachment(size=sent_size)
    item = a_work_item(relations=(file_relation(name, size),))

    assert planned(a_record(attachments=(attachment,)), LINK, item, NOBODY).files.to_upload == (attachment,)


def test_one_file_stands_for_one_attachment_only() -> None:
    twin = an_attachment(id="42")
    item = a_work_item(relations=(file_relation("colours.png", 2048),))

    assert planned(a_record(attachments=(PICTURE, twin)), LINK, item, NOBODY).files.to_upload == (twin,)


def test_a_file_that_was_sent_for_one_attachment_is_not_taken_for_another() -> None:
    # The link knows that the file on the work item is attachment 41; a new one of the same name and size is new.
    twin = an_attachment(id="42")
    item = a_work_item(relations=(file_relation("colours.png", 2048, 1),))
    link = a_link(RECORD, item, attachments={"41": sent_file(1)})

    assert planned(a_record(attachments=(PICTURE, twin)), link, item, NOBODY).files.to_upload == (twin,)


def test_attachments_are_reason_enough_to_write() -> None:
    assert planned(a_record(attachments=(PICTURE,)), LINK, ITEM, NOBODY).writes
