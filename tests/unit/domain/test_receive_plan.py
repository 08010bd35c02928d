"""What a changed work item means for its Aha! record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from shared.domain.aha_record import AhaRecord, WorkflowStatus
from shared.domain.contents import name_content
from shared.domain.field_decisions import is_outdated_text
from shared.domain.images import Images
from shared.domain.intentions import Seen, settle
from shared.domain.links import Base, Field, Intention, Link, Side, digest
from shared.domain.merge import FieldOutcome
from shared.domain.receive_plan import aha_texts, kept_fields, link_after_receive, plan_receive
from shared.domain.work_item import WorkItem
from tests.unit.examples import NOON, a_link, a_record, a_work_item

READY = WorkflowStatus("55", "Ready")
MAPPING = {"Active": "In development", "Closed": "57", "Resolved": "in development"}
ITEM = a_work_item()
LINK = a_link(a_record(), ITEM)
RECORD = AhaRecord(
    "6776487451",
    "PROD-2",
    "Search by colour",
    "<p>Shoppers look for colours.</p>",
    READY,
    datetime(2026, 3, 2, tzinfo=timezone.utc),
)


def changed(**fields: Any) -> Any:
    """The work item after an engineer's edit."""
    return a_work_item(revision=2, **fields)


def test_a_work_item_that_did_not_change_writes_nothing() -> None:
    plan = plan_receive(LINK, ITEM, RECORD, MAPPING)

    assert not plan.writes
    assert set(plan.outcomes.values()) == {FieldOutcome.UNCHANGED}


@pytest.mark.parametrize(
    ("fields", "written"),
    [
        ({"title": "Find colours"}, ("Find colours", None, None)),
        ({"description": "<div>New</div>"}, (None, "<div>New</div>", None)),
        ({"description": ""}, (None, "", None)),
        ({"state": "Active"}, (None, None, "In development")),
        ({"state": "Closed"}, (None, None, "57")),
        ({"title": "T", "description": "<p>D</p>", "state": "Closed"}, ("T", "<p>D</p>", "57")),
    ],
)
def test_what_an_engineer_changed_is_written(fields: dict[str, str], written: tuple[str | None, ...]) -> None:
    plan = plan_receive(LINK, changed(**fields), RECORD, MAPPING)

    assert (plan.name, plan.description, plan.status) == written
    assert plan.conflicts == ()


def test_a_state_that_is_not_mapped_changes_no_status() -> None:
    # aha-app/aha-services: an unmapped state became an empty status.
    plan = plan_receive(LINK, changed(state="Removed"), RECORD, MAPPING)

    assert not plan.writes
    assert plan.status is None
    assert plan.unmapped_state == "Removed"


def test_a_state_that_is_not_mapped_is_reported_once() -> None:
    item = changed(state="Removed")
    plan = plan_receive(LINK, item, RECORD, MAPPING)

    link = link_after_receive(plan, LINK, item, RECORD, not_taken=frozenset(), operation_id="op")

    assert plan_receive(link, item, RECORD, MAPPING).unmapped_state is None


@pytest.mark.parametrize(
    ("status", "state"),
    [(WorkflowStatus("57", "Shipped"), "Closed"), (WorkflowStatus("56", "In Development"), "Active")],
)
def test_a_status_that_aha_has_already_is_not_written(status: WorkflowStatus, state: str) -> None:
    assert not plan_receive(LINK, changed(state=state), replace(RECORD, status=status), MAPPING).writes


def test_two_states_of_the_same_status_write_it_once() -> None:
    # getsentry/sentry#79668: Resolved is not Closed, but both may mean the same to a product manager.
    in_development = replace(RECORD, status=WorkflowStatus("56", "In development"))
    active = changed(state="Active")
    link = link_after_receive(
        plan_receive(LINK, active, RECORD, MAPPING),
        LINK,
        active,
        in_development,
        not_taken=frozenset(),
        operation_id="op",
    )

    assert not plan_receive(link, changed(state="Resolved"), in_development, MAPPING).writes


def test_what_changed_in_aha_alone_is_left_for_the_next_send() -> None:
    record = replace(RECORD, name="By a manager", description="<p>By a manager</p>")

    plan = plan_receive(LINK, ITEM, record, MAPPING)

    assert not plan.writes
    assert plan.outcomes[Field.NAME] is FieldOutcome.LEAVE
    assert (
        link_after_receive(plan, LINK, ITEM, record, not_taken=frozenset(), operation_id="op").base
        == LINK.base
    )


def test_if_both_changed_azure_devops_wins_and_the_conflict_is_named() -> None:
    record = replace(RECORD, name="By a manager")

    plan = plan_receive(LINK, changed(title="By an engineer"), record, MAPPING)

    assert plan.name == "By an engineer"
    assert plan.conflicts == (Field.NAME,)


def test_a_status_changed_by_hand_is_no_conflict_as_long_as_the_base_has_no_status() -> None:
    plan = plan_receive(
        LINK, changed(state="Active"), replace(RECORD, status=WorkflowStatus("9", "Idea")), MAPPING
    )

    assert plan.status == "In development"
    assert plan.conflicts == ()


def test_a_title_that_was_cut_is_no_change_on_the_way_back() -> None:
    record = a_record(name="x" * 300)
    item = a_work_item(title="x" * 254 + "…")
    shown = replace(RECORD, name="x" * 300)

    assert not plan_receive(a_link(record, item), item, shown, MAPPING).writes


def test_a_title_made_of_the_description_is_no_change_on_the_way_back() -> None:
    record = a_record(name="", description="<p>Colours. More.</p>")
    item = a_work_item(title="Colours.", description="<p>Colours. More.</p>")
    shown = replace(RECORD, name="", description="<p>Colours. More.</p>")

    assert not plan_receive(a_link(record, item), item, shown, MAPPING).writes


def test_a_description_in_markdown_is_rendered() -> None:
    # microsoft/azure-devops-mcp#775: formats flip, and raw tags or raw Markdown are shown.
    item = changed(description="# Title\n\n**Bold** <b>x</b>", description_is_markdown=True)

    plan = plan_receive(LINK, item, RECORD, MAPPING)

    assert plan.description == "<h1>Title</h1>\n<p><strong>Bold</strong> <b>x</b></p>"
    assert not plan.shows_source


def test_a_description_in_markdown_that_cannot_be_rendered_is_shown_as_it_is_written() -> None:
    item = changed(description="# Title\n" + "*a* " * 50_000, description_is_markdown=True)

    plan = plan_receive(LINK, item, RECORD, MAPPING)

    assert plan.shows_source
    assert plan.description is not None
    assert plan.description.startswith("<p># Title<br>*a* *a*")


@pytest.mark.parametrize("nothing", ["<p></p>", "<div><br></div>", "&nbsp;"])
def test_another_way_of_writing_nothing_is_no_change(nothing: str) -> None:
    item = a_work_item(description="")
    link = a_link(a_record(description=""), item)

    assert not plan_receive(
        link, changed(description=nothing), replace(RECORD, description=""), MAPPING
    ).writes


def test_the_base_is_what_aha_made_of_the_written_text() -> None:
    item = changed(description="<div>New</div>")
    after = replace(RECORD, description="<p>New</p>", updated_at=datetime(2026, 3, 3, tzinfo=timezone.utc))

    link = link_after_receive(
        plan_receive(LINK, item, RECORD, MAPPING), LINK, item, after, not_taken=frozenset(), operation_id="op"
    )

    assert link.base[Field.DESCRIPTION] == Base(
        digest("<p>New</p>"), digest("<div>New</div>"), after.updated_at
    )
    assert link.agreed_revision == 2
    assert link.base[Field.NAME] == LINK.base[Field.NAME]


def noted(name: str, revision: int, replaced: str) -> Intention:
    """What another notification noted before it wrote this name into Aha!."""
    return Intention(
        Field.NAME, Side.AHA, digest(name), name_content(name), digest(replaced), revision, "op-2", NOON
    )


def settled(link: Link, item: WorkItem, record: AhaRecord) -> Link:
    """The link as a notification finds it that looks at both sides a moment later."""
    seen = Seen(item, {}, aha_texts(link, record, Images()), Images(), "op-1", NOON)
    return settle(link, seen).link


def test_what_another_notification_has_just_written_outdates_payloads_from_before() -> None:
    written = replace(
        RECORD, name="By an engineer", updated_at=datetime(2030, 1, 1, 0, 0, 1, tzinfo=timezone.utc)
    )
    item = changed(title="By an engineer")
    link = replace(LINK, intentions=(noted("By an engineer", 2, replaced=RECORD.name),))
    from_before = a_record(updated_at=datetime(2030, 1, 1, tzinfo=timezone.utc))

    link = settled(link, item, written)

    assert not plan_receive(link, item, written, MAPPING).writes
    assert is_outdated_text(from_before, link, Field.NAME, NOON)
    assert not is_outdated_text(replace(from_before, updated_at=written.updated_at), link, Field.NAME, NOON)


def test_an_older_revision_that_a_slow_notification_wrote_is_written_over_again() -> None:
    # The engineer went from “Search by colour” to “Outdated” and back, and only the revision between was carried.
    item = a_work_item(revision=3)
    outdated = replace(RECORD, name="Outdated")
    link = replace(LINK, intentions=(noted("Outdated", 2, replaced=RECORD.name),))

    plan = plan_receive(settled(link, item, outdated), item, outdated, MAPPING)

    assert plan.name == "Search by colour"
    assert plan.conflicts == ()


def test_what_is_about_to_be_written_is_noted_for_each_field() -> None:
    item = changed(title="Find colours", state="Active")
    plan = plan_receive(LINK, item, RECORD, MAPPING)

    by_name, by_state = plan.intentions(LINK, item, RECORD, "op-1", NOON)

    assert by_name == Intention(
        field=Field.NAME,
        side=Side.AHA,
        source=digest("Find colours"),
        written=name_content("Find colours"),
        replaced=digest("Search by colour"),
        revision=2,
        operation_id="op-1",
        noted_at=NOON,
        replaced_as_of=RECORD.updated_at,
    )
    assert (by_state.field, by_state.replaced) == (Field.STATE, digest("55"))


def test_a_committed_notification_leaves_no_intention_of_its_own() -> None:
    item = changed(title="Find colours")
    plan = plan_receive(LINK, item, RECORD, MAPPING)
    own = plan.intentions(LINK, item, RECORD, "op-1", NOON)
    other = replace(own[0], operation_id="op-2")
    link = replace(LINK, intentions=(*own, other))

    after = link_after_receive(
        plan, link, item, replace(RECORD, name="Find colours"), operation_id="op-1", not_taken=frozenset()
    )

    assert after.intentions == (other,)
    assert after.name == "Find colours"


@pytest.mark.parametrize("not_taken", [Field.NAME, Field.DESCRIPTION, Field.STATE])
def test_a_field_that_aha_does_not_take_waits_for_the_next_change_and_keeps_its_base(
    not_taken: Field,
) -> None:
    item = changed(title="Find colours", description="<p>New</p>", state="Active")
    values: dict[Field, dict[str, Any]] = {
        Field.NAME: {"name": "Find colours"},
        Field.DESCRIPTION: {"description": "<p>New</p>"},
        Field.STATE: {"status": WorkflowStatus("56", "In development")},
    }
    after = RECORD
    for name in set(Field) - {not_taken}:
        after = replace(after, **values[name])

    plan = plan_receive(LINK, item, RECORD, MAPPING)
    link = link_after_receive(plan, LINK, item, after, not_taken=frozenset({not_taken}), operation_id="op")

    assert link.base[not_taken] == LINK.base[not_taken]
    assert link.is_refused(item.revision)
    assert not link.is_agreed(item.revision)
    again = plan_receive(link, replace(item, revision=3), after, MAPPING)
    assert again.written_fields == {not_taken}
    done = link_after_receive(
        again,
        link,
        replace(item, revision=3),
        replace(after, **values[not_taken]),
        not_taken=frozenset(),
        operation_id="op",
    )
    assert done.is_agreed(3)
    assert done.refused_revision == 0


def kept(item: WorkItem, after: AhaRecord) -> frozenset[Field]:
    return kept_fields(plan_receive(LINK, item, RECORD, MAPPING), LINK, RECORD, after)


def test_what_aha_kept_although_it_answered_with_success_is_seen() -> None:
    item = changed(title="Find colours", description="<p>New</p>", state="Active")

    assert kept(item, RECORD) == set(Field)
    assert kept(item, replace(RECORD, name="Find colours")) == {Field.DESCRIPTION, Field.STATE}
    assert kept(item, replace(RECORD, status=WorkflowStatus("56", "In development"))) == {
        Field.NAME,
        Field.DESCRIPTION,
    }


@pytest.mark.parametrize(
    ("fields", "after"),
    [
        ({"description": "<DIV>New</DIV>"}, {"description": "<p>New</p>"}),
        ({"description": "<div>Shoppers look for colours.</div>"}, {}),
        ({"description": "New<script>1</script>"}, {"description": "<p>New</p>"}),
        ({"title": "Find  colours"}, {"name": "Find colours"}),
        ({"state": "Active"}, {"status": WorkflowStatus("57", "Shipped")}),
    ],
    ids=["cleaned up", "only markup", "a part is removed", "white space", "a rule of Aha! moved it on"],
)
def test_what_aha_cleans_up_or_changes_further_was_taken(
    fields: dict[str, str], after: dict[str, Any]
) -> None:
    assert kept(changed(**fields), replace(RECORD, **after)) == frozenset()


@pytest.mark.parametrize(
    ("mapped", "is_named"),
    [("55", True), ("Ready", True), ("READY", True), ("5", False), ("", False), ("Read", False)],
)
def test_a_status_is_named_by_its_name_or_its_id(mapped: str, is_named: bool) -> None:
    assert READY.is_named_by(mapped) is is_named


def test_a_link_without_a_base_takes_the_text_of_the_work_item() -> None:
    bare: Link = replace(LINK, base={})

    plan = plan_receive(bare, changed(title="Find colours"), RECORD, MAPPING)

    assert plan.name == "Find colours"
    assert plan.conflicts == ()
