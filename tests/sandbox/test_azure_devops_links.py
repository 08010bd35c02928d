"""Relations between work items, and to files and pages, in the sandbox Azure DevOps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.azure_devops_caller import (
    AzureDevOpsCaller,
    child_of,
    guard,
    relation,
    running_azure_devops,
    title,
)

PARENT, CHILD = "System.LinkTypes.Hierarchy-Reverse", "System.LinkTypes.Hierarchy-Forward"


@pytest.fixture
def ado() -> Iterator[AzureDevOpsCaller]:
    with running_azure_devops() as caller:
        yield caller


def ends(item: dict[str, Any]) -> list[tuple[str, int]]:
    """The work item links as relation type and id."""
    return [(one["rel"], int(one["url"].rpartition("/")[2])) for one in item.get("relations", [])]


def linked(number: int) -> str:
    return f"https://dev.azure.com/fabrikam/_apis/wit/workItems/{number}"


def test_a_child_shows_its_parent_and_the_parent_its_child(ado: AzureDevOpsCaller) -> None:
    parent = ado.create()["id"]

    child = ado.create("User Story", title("B"), child_of(parent))["id"]

    assert ends(ado.read(child)) == [(PARENT, parent)]
    assert ends(ado.read(parent)) == [(CHILD, child)]
    assert ado.read(child)["fields"]["System.Parent"] == parent
    assert ado.read(child)["relations"][0]["attributes"] == {"isLocked": False, "name": "Parent"}


def test_relations_are_shown_only_when_asked_for(ado: AzureDevOpsCaller) -> None:
    parent = ado.create()["id"]
    ado.create("User Story", title("B"), child_of(parent))

    assert "relations" not in ado.get(f"/_apis/wit/workitems/{parent}")
    assert "relations" in ado.read(parent, **{"$expand": "all"})


def test_a_link_made_from_the_other_end_adds_an_update_but_no_revision(ado: AzureDevOpsCaller) -> None:
    parent = ado.create()["id"]
    child = ado.create("User Story", title("B"), child_of(parent))["id"]

    updates = ado.get(f"/_apis/wit/workitems/{parent}/updates")["value"]

    assert ado.read(parent)["rev"] == 1
    assert [(update["id"], update["rev"]) for update in updates] == [(1, 1), (2, 1)]
    assert "fields" not in updates[1]
    assert ends({"relations": updates[1]["relations"]["added"]}) == [(CHILD, child)]


def test_a_parent_set_as_a_field_is_silently_ignored(ado: AzureDevOpsCaller) -> None:
    parent = ado.create()["id"]
    patch = {"op": "add", "path": "/fields/System.Parent", "value": parent}

    assert "relations" not in ado.read(ado.create("User Story", title("B"), patch)["id"])


@pytest.mark.parametrize(
    "base",
    [
        "https://dev.azure.com/fabrikam",
        "https://dev.azure.com/fabrikam/Fabrikam",
        "https://fabrikam.visualstudio.com",
        "https://fabrikam.visualstudio.com/DefaultCollection",
    ],
)
def test_a_work_item_is_named_by_any_form_of_its_address(ado: AzureDevOpsCaller, base: str) -> None:
    parent = ado.create()["id"]

    child = ado.create("User Story", title("B"), relation(PARENT, f"{base}/_apis/wit/workitems/{parent}"))

    assert child["fields"]["System.Parent"] == parent


def test_a_second_parent_is_refused(ado: AzureDevOpsCaller) -> None:
    first, second = ado.create()["id"], ado.create()["id"]
    child = ado.create("User Story", title("B"), child_of(first))["id"]

    from_below = ado.try_update(child, child_of(second))
    from_above = ado.try_update(second, relation(CHILD, linked(child)))

    assert [from_below.status_code, from_above.status_code] == [400, 400]
    assert from_below.json()["message"].startswith("TF201036")
    assert from_above.json()["message"].startswith("TF201036")


def test_a_work_item_gets_another_parent_by_removing_the_first(ado: AzureDevOpsCaller) -> None:
    first, second = ado.create()["id"], ado.create()["id"]
    child = ado.create("User Story", title("B"), child_of(first))["id"]

    ado.update(child, guard(1), {"op": "remove", "path": "/relations/0"}, child_of(second))

    assert ends(ado.read(child)) == [(PARENT, second)]
    assert ends(ado.read(first)) == []
    assert ends(ado.read(second)) == [(CHILD, child)]


def test_a_circle_is_refused(ado: AzureDevOpsCaller) -> None:
    top = ado.create()["id"]
    middle = ado.create("Feature", title("B"), child_of(top))["id"]
    bottom = ado.create("Feature", title("C"), child_of(middle))["id"]

    answer = ado.try_update(top, child_of(bottom))

    assert answer.status_code == 400
    assert answer.json()["message"].startswith("TF201035")
    assert ado.try_update(top, child_of(top)).status_code == 400


def test_the_same_link_twice_is_refused(ado: AzureDevOpsCaller) -> None:
    parent = ado.create()["id"]
    child = ado.create("User Story", title("B"), child_of(parent))["id"]

    answer = ado.try_update(child, child_of(parent))

    assert answer.status_code == 400
    assert answer.json()["message"] == "Relation already exists."


def test_a_link_to_a_missing_work_item_is_refused(ado: AzureDevOpsCaller) -> None:
    answer = ado.try_create("User Story", [title("B"), child_of(99)])

    assert answer.status_code == 404
    assert answer.json()["message"].startswith("TF401232")
    assert ado.control("GET", "/work_items")["work_items"] == []


@pytest.mark.parametrize(
    ("rel", "url"),
    [
        ("System.LinkTypes.Unknown", "https://dev.azure.com/fabrikam/_apis/wit/workItems/1"),
        (PARENT, "https://dev.azure.com/fabrikam/_workitems/edit/1"),
        (PARENT, "https://dev.azure.com/contoso/_apis/wit/workItems/1"),
        ("Hyperlink", "not an address"),
        ("AttachedFile", "https://dev.azure.com/fabrikam/_apis/wit/attachments/1"),
    ],
)
def test_relations_that_lead_nowhere_are_refused(ado: AzureDevOpsCaller, rel: str, url: str) -> None:
    ado.create()

    assert ado.try_create("Feature", [title("A"), relation(rel, url)]).status_code == 400


def test_a_hyperlink_keeps_its_comment_and_is_there_once(ado: AzureDevOpsCaller) -> None:
    page = relation("Hyperlink", "https://company.aha.io/features/PROD-1", comment="Fabrikam web")
    number = ado.create("Feature", title("A"), page)["id"]

    kept = ado.read(number)["relations"][0]
    again = ado.try_update(number, page)

    assert kept["url"] == "https://company.aha.io/features/PROD-1"
    assert kept["attributes"]["comment"] == "Fabrikam web"
    assert kept["attributes"]["revisedDate"] == "9999-01-01T00:00:00Z"
    assert again.json()["message"] == "Relation already exists."


def test_a_comment_of_a_relation_can_be_changed(ado: AzureDevOpsCaller) -> None:
    number = ado.create("Feature", title("A"), relation("Hyperlink", "https://example.com/", comment="old"))[
        "id"
    ]

    ado.update(number, {"op": "replace", "path": "/relations/0/attributes/comment", "value": "new"})

    assert ado.read(number)["relations"][0]["attributes"]["comment"] == "new"
    update = ado.get(f"/_apis/wit/workitems/{number}/updates/2")
    assert update["relations"]["updated"][0]["attributes"]["comment"] == "new"


def test_an_index_without_a_relation_is_out_of_range(ado: AzureDevOpsCaller) -> None:
    answer = ado.try_update(ado.create()["id"], {"op": "remove", "path": "/relations/0"})

    assert answer.status_code == 400
    assert answer.json()["message"] == "Index out of range for path /relations/0."


def test_past_a_thousand_links_one_more_is_refused(ado: AzureDevOpsCaller) -> None:
    pages = [relation("Hyperlink", f"https://example.com/{number}") for number in range(1000)]
    number = ado.create("Feature", title("A"), *pages)["id"]

    hyperlink = ado.try_update(number, relation("Hyperlink", "https://example.com/more"))
    child = ado.try_create("User Story", [title("B"), child_of(number)])

    assert [hyperlink.status_code, child.status_code] == [400, 400]
    assert hyperlink.json()["message"].startswith("TF237201")
    assert child.json()["message"].startswith("TF237201")


def test_a_deleted_work_items_links_vanish_and_return_with_it(ado: AzureDevOpsCaller) -> None:
    parent = ado.create()["id"]
    child = ado.create("User Story", title("B"), child_of(parent))["id"]

    ado.control("POST", "/delete", {"id": child})
    without = ends(ado.read(parent))
    ado.control("POST", "/restore", {"id": child})

    assert without == []
    assert ends(ado.read(parent)) == [(CHILD, child)]
    assert ends(ado.read(child)) == [(PARENT, parent)]
