"""Work items as Azure DevOps shows them."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.links import Field, digest
from shared.domain.work_item import Relation, WorkItem, description_digest
from shared.domain.work_item_urls import work_item_id_of
from tests.unit.examples import ACCOUNT_URL, a_work_item, file_relation, parent_relation

PAYLOAD: dict[str, Any] = {
    "id": 12,
    "rev": 3,
    "fields": {
        "System.WorkItemType": "User Story",
        "System.Title": "Search by colour",
        "System.State": "Active",
        "System.Description": "<div>Colours</div>",
        "System.AreaPath": "Fabrikam\\Web",
    },
    "relations": [
        {
            "rel": "System.LinkTypes.Hierarchy-Reverse",
            "url": f"{ACCOUNT_URL}/_apis/wit/workItems/11",
            "attributes": {"isLocked": False, "name": "Parent"},
        },
        {
            "rel": "Hyperlink",
            "url": "https://fabrikam.aha.io/features/PROD-2",
            "attributes": {"id": 4, "comment": "Sent from Aha!"},
        },
    ],
    "_links": {"html": {"href": f"{ACCOUNT_URL}/p/_workitems/edit/12"}},
    "url": f"{ACCOUNT_URL}/p/_apis/wit/workItems/12",
    "multilineFieldsFormat": {"System.Description": "markdown"},
}


def test_a_work_item_is_read_from_the_answer_of_the_api() -> None:
    item = WorkItem.from_payload(PAYLOAD)

    assert item == WorkItem(
        id=12,
        revision=3,
        type="User Story",
        title="Search by colour",
        description="<div>Colours</div>",
        state="Active",
        page_url=f"{ACCOUNT_URL}/p/_workitems/edit/12",
        relations=(
            Relation(
                "System.LinkTypes.Hierarchy-Reverse",
                f"{ACCOUNT_URL}/_apis/wit/workItems/11",
                {"isLocked": False, "name": "Parent"},
            ),
            Relation(
                "Hyperlink",
                "https://fabrikam.aha.io/features/PROD-2",
                {"id": 4, "comment": "Sent from Aha!"},
            ),
        ),
        description_is_markdown=True,
    )
    assert item.parent_id == 11
    assert item.relations[1].comment == "Sent from Aha!"


def test_a_work_item_without_relations_texts_or_links_is_read_too() -> None:
    # aha-app/aha-services fc04dbe: an answer without relations ended the send.
    item = WorkItem.from_payload(
        {"id": 12, "rev": 1, "fields": {"System.Description": None}, "relations": None}
    )

    assert (item.title, item.description, item.relations, item.page_url) == ("", "", (), "")
    assert item.parent_index is None
    assert item.parent_id is None


@pytest.mark.parametrize(
    "payload", [{}, {"id": 12}, {"rev": 1}, {"id": "12", "rev": 1}, {"id": 12, "rev": None}]
)
def test_an_answer_without_an_id_or_a_revision_is_no_work_item(payload: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="without id or rev"):
        WorkItem.from_payload(payload)


def test_the_parent_is_found_at_its_place_among_the_relations() -> None:
    item = a_work_item(relations=(file_relation("a.png", 5), parent_relation(7)))

    assert item.parent_index == 1
    assert item.parent_id == 7
    assert [file.attributes["name"] for file in item.attached_files] == ["a.png"]


@pytest.mark.parametrize(
    ("url", "work_item_id"),
    [
        ("https://dev.azure.com/fabrikam/_apis/wit/workItems/12", 12),
        ("https://fabrikam.visualstudio.com/c2f/_apis/wit/workitems/12/updates/5", 12),
        ("http://tfs.example:8080/tfs/DefaultCollection/_apis/wit/recyclebin/12", 12),
        ("vstfs:///WorkItemTracking/WorkItem/12", None),
        ("https://dev.azure.com/fabrikam/_apis/wit/workItems/12345678901", None),
        ("https://dev.azure.com/fabrikam/_apis/wit/workItems/x?q=/workItems/12", None),
        ("http://[::1", None),
        ("", None),
    ],
)
def test_the_id_is_taken_from_the_path_of_an_address(url: str, work_item_id: int | None) -> None:
    assert work_item_id_of(url) == work_item_id


def test_all_the_ways_of_writing_nothing_have_one_digest() -> None:
    nothing = {description_digest(html) for html in ("", "<p></p>", "<div><br></div>", " ", "<p>&nbsp;</p>")}

    assert nothing == {digest("")}
    assert description_digest("<p>x</p>") != description_digest("<div>x</div>")


def test_each_field_has_the_digest_of_what_the_work_item_says() -> None:
    item = a_work_item(description="<p></p>", state="Active")

    assert item.digest_of(Field.NAME) == digest("Search by colour")
    assert item.digest_of(Field.DESCRIPTION) == digest("")
    assert item.digest_of(Field.STATE) == digest("Active")
