"""The markers that work items carry, and the records that they name."""

from __future__ import annotations

from operate.markers import MarkedWorkItem, markers_of
from operate.rebuild import MarkedWorkItems
from shared.domain.kind import Kind
from shared.domain.markers import marker_of
from shared.domain.records import Record
from shared.domain.work_item import HYPERLINK, Relation, WorkItem
from tests.unit.examples import a_record, a_requirement, a_work_item, an_integration, parent_relation


def marked_item(number: int, *records: Record, parent: int | None = None) -> WorkItem:
    relations = [
        Relation(HYPERLINK, marker.url, {"comment": marker.comment})
        for record in records
        for marker in [marker_of(record, an_integration(), "https://app.example.com")]
    ]
    below = [parent_relation(parent)] if parent else []
    return a_work_item(id=number, relations=(*relations, *below))


def test_the_marks_of_one_integration_with_the_parent() -> None:
    item = marked_item(12, a_requirement(url="https://a.example/requirements/PROD-2-1"), parent=11)

    assert markers_of(item, "fabrikam-web") == [
        MarkedWorkItem(12, Kind.REQUIREMENT, "6776487452", "PROD-2-1", 11)
    ]
    assert markers_of(item, "another") == []
    assert markers_of(a_work_item(), "fabrikam-web") == []


def test_a_marker_that_is_there_twice_counts_once() -> None:
    assert len(markers_of(marked_item(12, a_record(), a_record()), "fabrikam-web")) == 1


def test_the_oldest_work_item_of_a_record_is_its_own() -> None:
    marked = MarkedWorkItems.collected(
        [
            MarkedWorkItem(3, Kind.FEATURE, "1", "PROD-2"),
            MarkedWorkItem(4, Kind.REQUIREMENT, "11", "PROD-2-1", 3),
            MarkedWorkItem(5, Kind.FEATURE, "1", "PROD-2"),
            MarkedWorkItem(6, Kind.REQUIREMENT, "12", "PROD-2-2", 5),
        ]
    )

    assert marked.oldest["1"].work_item_id == 3
    assert dict(marked.others) == {"1": [5]}
    assert marked.requirements_below(3) == ("11",)
    assert marked.features == {3: "1", 5: "1"}
    assert marked.feature_ids == {"PROD-2": "1"}
