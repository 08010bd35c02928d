"""From a plan to the request that carries it out."""

from __future__ import annotations

import pytest

from shared.domain.integration import RecordMapping
from shared.domain.send_plan import Family
from shared.sending.work_item_write import WorkItemWrite, write_of
from tests.unit.examples import (
    a_link,
    a_record,
    a_requirement,
    a_work_item,
    an_attachment,
    an_integration,
    file_relation,
    parent_relation,
    planned,
    sent_file,
)

PUBLIC_URL = "https://app.example.com"
INTEGRATION = an_integration(
    requirement=RecordMapping("User Story", {}, {"Custom.Team": "Web", "System.Tags": "aha"})
)


def test_a_new_requirement_is_created_with_default_fields_below_the_feature() -> None:
    plan = planned(a_requirement(), None, None, Family("F", None))

    write = write_of(plan, INTEGRATION, PUBLIC_URL, {"41": sent_file()})

    assert write is not None
    assert (write.record_id, write.work_item_type, write.work_item_id) == ("6776487452", "User Story", None)
    assert write.goes_below_feature
    assert not write.is_feature
    values = {operation["path"]: operation["value"] for operation in write.document[:5]}
    assert values == {
        "/fields/System.Title": "Search by colour",
        "/fields/System.Description": "<p>Shoppers look for colours.</p>",
        "/fields/System.AreaPath": "Fabrikam\\Web",
        "/fields/Custom.Team": "Web",
        "/fields/System.Tags": "aha",
    }
    assert [operation["value"]["rel"] for operation in write.document[5:]] == ["Hyperlink", "AttachedFile"]


def test_a_new_feature_goes_below_nothing() -> None:
    write = write_of(planned(a_record(), None, None, Family()), INTEGRATION, PUBLIC_URL, {})

    assert write is not None
    assert write.is_feature
    assert not write.goes_below_feature


def test_a_parent_link_is_added_only_to_what_goes_below_the_feature() -> None:
    below = WorkItemWrite("1", "User Story", None, [{"op": "x"}], goes_below_feature=True)
    feature = WorkItemWrite("2", "Feature", None, [{"op": "x"}], is_feature=True)

    assert below.document_below("https://x/12")[-1]["value"]["url"] == "https://x/12"
    assert feature.document_below("https://x/12") == feature.document_below(None) == [{"op": "x"}]


def test_a_move_never_takes_a_work_item_off_its_parent_without_a_new_one() -> None:
    remove = {"op": "remove", "path": "/relations/0"}
    moves = WorkItemWrite("1", "User Story", 5, [remove], goes_below_feature=True)

    with pytest.raises(ValueError, match="below the feature"):
        moves.document_below(None)


def test_a_write_without_a_work_item_creates_one() -> None:
    assert WorkItemWrite("1", "Feature", None, []).creates
    assert not WorkItemWrite("1", "Feature", 12, []).creates


def test_an_update_sets_no_default_fields_and_no_marker_again() -> None:
    item = a_work_item(type="User Story")
    plan = planned(a_requirement(name="New"), a_link(a_requirement(), item), item, Family())

    write = write_of(plan, INTEGRATION, PUBLIC_URL, {})

    assert write is not None
    assert write.work_item_id == 12
    assert write.document == [
        {"op": "test", "path": "/rev", "value": 1},
        {"op": "add", "path": "/fields/System.Title", "value": "New"},
    ]


def test_a_move_removes_the_old_parent_at_its_present_index() -> None:
    item = a_work_item(relations=(file_relation("a.png", 5), parent_relation(7)))
    link = a_link(a_requirement(), item, parent_aha_id="F", parent_work_item_id=7)
    plan = planned(a_requirement(), link, item, Family("G", 13))

    write = write_of(plan, INTEGRATION, PUBLIC_URL, {})

    assert write is not None
    assert write.goes_below_feature
    assert write.document == [
        {"op": "test", "path": "/rev", "value": 1},
        {"op": "remove", "path": "/relations/1"},
    ]


def test_if_no_file_could_be_uploaded_and_nothing_else_changed_there_is_no_write() -> None:
    item = a_work_item()
    record = a_record(attachments=(an_attachment(),))
    plan = planned(record, a_link(record, item), item, Family())

    assert plan.writes
    assert write_of(plan, INTEGRATION, PUBLIC_URL, {}) is None
