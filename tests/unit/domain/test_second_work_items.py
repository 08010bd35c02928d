"""A second work item carries the marker of a record that is linked to another one."""

from __future__ import annotations

from shared.domain.links import Link
from shared.domain.second_work_items import linked_elsewhere, marked_by_comments, with_second_work_item
from shared.domain.work_item import HYPERLINK, Relation
from tests.unit.examples import a_link, a_record, a_requirement, a_work_item

OURS = "Sent from Aha! by integration fabrikam-web, feature 6776487451"
OF_REQUIREMENT = "Sent from Aha! by integration fabrikam-web, requirement 6776487452"
OF_OTHERS = "Sent from Aha! by integration contoso, feature 6776487451"

FEATURE = a_link(a_record(), a_work_item(id=12))
REQUIREMENT = a_link(a_requirement(), a_work_item(id=13))


def hyperlink(comment: str, rel: str = HYPERLINK) -> Relation:
    return Relation(rel, "https://fabrikam.aha.io/features/PROD-2", {"comment": comment})


def second(*relations: Relation, elsewhere: tuple[Link, ...] = (FEATURE, REQUIREMENT)) -> list[str]:
    """The references of the records that work item 174 is a second work item of."""
    found = with_second_work_item(elsewhere, a_work_item(id=174, relations=relations), "fabrikam-web")
    return [link.reference for link in found]


def test_only_markers_of_the_same_integration_name_records() -> None:
    comments = ["See also", OF_OTHERS, OURS, OF_REQUIREMENT, OURS]

    assert marked_by_comments(comments, "fabrikam-web") == {"6776487451", "6776487452"}
    assert marked_by_comments(comments, "contoso") == {"6776487451"}
    assert marked_by_comments(["See also"], "fabrikam-web") == frozenset()


def test_a_link_to_the_same_work_item_leads_nowhere_else() -> None:
    assert linked_elsewhere([FEATURE, REQUIREMENT], 12) == [REQUIREMENT]
    assert linked_elsewhere([FEATURE, REQUIREMENT], 174) == [FEATURE, REQUIREMENT]


def test_a_work_item_with_the_marker_of_a_record_that_is_linked_elsewhere_is_its_second_one() -> None:
    assert second(hyperlink(OURS)) == ["PROD-2"]
    assert second(hyperlink(OF_REQUIREMENT), hyperlink(OURS)) == ["PROD-2", "PROD-2-1"]


def test_a_work_item_whose_marker_is_no_longer_there_is_no_second_one() -> None:
    assert second() == []
    assert second(hyperlink("See also")) == []
    assert second(hyperlink(OF_OTHERS)) == []
    assert second(hyperlink(OURS, rel="ArtifactLink")) == []


def test_a_record_that_is_not_linked_elsewhere_has_no_second_work_item() -> None:
    assert second(hyperlink(OURS), elsewhere=(REQUIREMENT,)) == []
