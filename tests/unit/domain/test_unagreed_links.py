"""The link of two sides that never agreed."""

from __future__ import annotations

from shared.domain.description_field import REPRO_STEPS, SYSTEM_DESCRIPTION
from shared.domain.kind import Kind
from shared.domain.links import Field, Link
from shared.domain.send_plan import Family
from shared.domain.unagreed_links import unagreed_link
from shared.domain.work_item import WorkItem
from tests.unit.examples import a_work_item, an_integration

PAGE = "https://dev.azure.com/fabrikam/web/_workitems/edit/174"
ITEM = a_work_item(id=174, revision=5, title="Index", page_url=PAGE)
BELOW_FEATURE = Family("6776487451", 12)


def linked(item: WorkItem = ITEM, family: Family = BELOW_FEATURE) -> Link:
    return unagreed_link(
        an_integration(),
        item,
        kind=Kind.REQUIREMENT,
        aha_id="6776487452",
        reference="PROD-2-1",
        name="Index the colours",
        family=family,
    )


def test_it_names_both_sides_and_where_the_record_belongs() -> None:
    link = linked()

    assert (link.kind, link.aha_id, link.reference, link.name) == (
        Kind.REQUIREMENT,
        "6776487452",
        "PROD-2-1",
        "Index the colours",
    )
    assert (link.work_item_id, link.work_item_url, link.work_item_type) == (174, PAGE, "Feature")
    assert (link.parent_aha_id, link.parent_work_item_id, link.requirement_ids) == ("6776487451", 12, ())


def test_a_feature_knows_its_requirements() -> None:
    assert linked(family=Family(requirement_ids=("1", "2"))).requirement_ids == ("1", "2")


def test_it_knows_what_the_work_item_says_and_nothing_of_aha() -> None:
    link = linked()

    assert {name: base.aha for name, base in link.base.items()} == dict.fromkeys(Field, "")
    assert {name: base.azure_devops for name, base in link.base.items()} == {
        name: ITEM.digest_of(name) for name in Field
    }


def test_a_notification_of_the_revision_that_was_linked_carries_nothing() -> None:
    link = linked()

    assert link.is_agreed(5)
    assert not link.is_agreed(6)


def test_the_description_of_a_bug_is_in_its_repro_steps() -> None:
    assert linked(a_work_item(type="Bug", description_field=REPRO_STEPS)).description_field == REPRO_STEPS
    assert linked().description_field == SYSTEM_DESCRIPTION
