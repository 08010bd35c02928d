"""Work items that a token's user cannot see, and those that the recycle bin has: the sandbox tells them apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.azure_devops_caller import (
    WRITE,
    AzureDevOpsCaller,
    child_of,
    running_azure_devops,
    set_field,
    title,
)

AREA = "Fabrikam\\Devices"
SECOND = "second-token"


@pytest.fixture
def ado() -> Iterator[AzureDevOpsCaller]:
    with running_azure_devops() as caller:
        caller.control("POST", "/tokens", {"token": SECOND, "kind": "write_as_second_user"})
        yield caller


def hide(ado: AzureDevOpsCaller, token: str = WRITE, area: str = AREA) -> None:
    """The token's user loses “View work items in this node”."""
    ado.control("PUT", "/areas/visibility", {"area": area, "token": token, "visible": False})


def hidden_item(ado: AzureDevOpsCaller) -> int:
    """A work item in an area that the writing token's user cannot see."""
    number: int = ado.create("Feature", title("Out of sight"), set_field("System.AreaPath", AREA))["id"]
    hide(ado)
    return number


def test_a_work_item_out_of_sight_looks_like_one_that_does_not_exist(ado: AzureDevOpsCaller) -> None:
    number = hidden_item(ado)

    for path in (
        f"/_apis/wit/workitems/{number}",
        f"/_apis/wit/workitems/{number}/revisions/1",
        f"/_apis/wit/workitems/{number}/updates",
    ):
        answer = ado.call("GET", path)
        assert (answer.status_code, "TF401232" in answer.text) == (404, True), path


def test_a_batch_read_and_a_query_leave_it_out(ado: AzureDevOpsCaller) -> None:
    seen, number = ado.create()["id"], hidden_item(ado)

    read = ado.post("/_apis/wit/workitemsbatch", {"ids": [seen, number], "errorPolicy": "omit"}).json()

    assert [item and item["id"] for item in read["value"]] == [seen, None]
    assert ado.found("[System.Id] > 0") == [seen]


def test_it_can_be_neither_written_nor_linked_to(ado: AzureDevOpsCaller) -> None:
    number = hidden_item(ado)

    assert ado.try_update(number, title("Mine")).status_code == 404
    assert ado.try_create("User Story", [title("Below"), child_of(number)]).status_code == 404
    (entry,) = ado.batch(
        {
            "method": "PATCH",
            "uri": f"/_apis/wit/workitems/{number}?api-version=7.1",
            "headers": {"Content-Type": "application/json-patch+json"},
            "body": [title("Mine")],
        }
    )
    assert entry["code"] == 404


def test_another_user_sees_it_and_so_does_the_same_one_later(ado: AzureDevOpsCaller) -> None:
    number = hidden_item(ado)

    assert ado.call("GET", f"/_apis/wit/workitems/{number}", token=SECOND).status_code == 200

    ado.control("PUT", "/areas/visibility", {"area": AREA, "token": WRITE, "visible": True})
    assert ado.read(number)["id"] == number


def test_areas_below_a_hidden_one_are_hidden_too(ado: AzureDevOpsCaller) -> None:
    number = ado.create("Feature", title("Deep"), set_field("System.AreaPath", "Fabrikam\\Web\\Checkout"))[
        "id"
    ]
    hide(ado, area="Fabrikam\\Web")

    assert ado.call("GET", f"/_apis/wit/workitems/{number}").status_code == 404


def test_a_work_item_that_moved_to_a_project_out_of_sight_is_gone_to_the_eye(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]
    hide(ado, area="Fabrikam Scrum")

    ado.control("POST", "/edit", {"id": number, "fields": {"System.TeamProject": "Fabrikam Scrum"}})

    assert ado.call("GET", f"/_apis/wit/workitems/{number}").status_code == 404
    assert ado.call("GET", f"/Fabrikam/_apis/wit/recyclebin/{number}").status_code == 404


def test_the_recycle_bin_has_what_was_deleted_and_nothing_else(ado: AzureDevOpsCaller) -> None:
    kept, deleted, hidden = ado.create()["id"], ado.create()["id"], hidden_item(ado)
    ado.call("DELETE", f"/_apis/wit/workitems/{deleted}")
    recycle_bin = "/Fabrikam/_apis/wit/recyclebin"

    assert [item["id"] for item in ado.get(recycle_bin)["value"]] == [deleted]
    asked = f"{kept},{deleted},{hidden},4711"
    (reference,) = ado.get(recycle_bin, params={"ids": asked})["value"]
    assert (reference["id"], reference["code"], reference["project"]) == (deleted, 200, "Fabrikam")
    assert ado.get(f"{recycle_bin}/{deleted}")["id"] == deleted
    for number in (kept, hidden, 4711):
        assert ado.call("GET", f"{recycle_bin}/{number}").status_code == 404


def test_the_recycle_bin_is_the_projects_and_hides_what_the_user_cannot_see(ado: AzureDevOpsCaller) -> None:
    number = hidden_item(ado)
    ado.control("POST", "/delete", {"id": number})

    assert ado.call("GET", f"/Fabrikam/_apis/wit/recyclebin/{number}").status_code == 404
    assert ado.call("GET", f"/Fabrikam/_apis/wit/recyclebin/{number}", token=SECOND).status_code == 200
    assert (
        ado.call("GET", f"/Fabrikam%20Scrum/_apis/wit/recyclebin/{number}", token=SECOND).status_code == 404
    )


def test_a_destroyed_work_item_is_in_neither_place(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]
    ado.call("DELETE", f"/_apis/wit/workitems/{number}")

    assert ado.call("DELETE", f"/Fabrikam/_apis/wit/recyclebin/{number}").status_code == 204

    assert ado.call("GET", f"/Fabrikam/_apis/wit/recyclebin/{number}").status_code == 404
    assert ado.get("/Fabrikam/_apis/wit/recyclebin")["value"] == []


def test_what_two_users_create_bears_their_names(ado: AzureDevOpsCaller) -> None:
    first = ado.create()["id"]
    second = ado.create("Feature", token=SECOND)["id"]

    assert ado.found("[System.CreatedBy] = @Me") == [first]
    assert ado.read(second)["fields"]["System.CreatedBy"]["displayName"] == "Second Synchronization"


def test_a_query_counts_hyperlinks(ado: AzureDevOpsCaller) -> None:
    ado.create()
    link = {"rel": "Hyperlink", "url": "https://company.aha.io/features/PROD-1", "attributes": {}}
    with_link = ado.create("Feature", title("Linked"), {"op": "add", "path": "/relations/-", "value": link})[
        "id"
    ]

    assert ado.found("[System.HyperLinkCount] > 0") == [with_link]


def test_an_engineer_changes_the_type_of_a_work_item(ado: AzureDevOpsCaller) -> None:
    number = ado.create("User Story")["id"]

    ado.control("POST", "/edit", {"id": number, "fields": {"System.WorkItemType": "Bug"}})

    assert ado.read(number)["fields"]["System.WorkItemType"] == "Bug"
