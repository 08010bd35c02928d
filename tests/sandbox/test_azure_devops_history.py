"""Reading work items, their history and their deletion, and saving them at once, in the sandbox Azure DevOps."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sandbox.azure_devops_caller import (
    AzureDevOpsCaller,
    child_of,
    create_request,
    guard,
    running_azure_devops,
    set_field,
    title,
)


@pytest.fixture
def ado() -> Iterator[AzureDevOpsCaller]:
    with running_azure_devops() as caller:
        yield caller


def test_a_comment_counts_and_is_named_by_the_revision_that_carries_it(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]

    commented = ado.update(number, set_field("System.History", "Looks good"))
    after = ado.update(number, title("B"))

    assert commented["fields"]["System.History"] == "Looks good"
    assert commented["commentVersionRef"]["version"] == 1
    assert after["fields"]["System.CommentCount"] == 1
    assert "System.History" not in after["fields"]
    assert "commentVersionRef" not in after


def test_a_work_item_moves_to_another_project_and_changes_its_type(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]

    moved = ado.update(
        number,
        set_field("System.TeamProject", "Contoso Café"),
        set_field("System.AreaPath", "Contoso Café\\Küche"),
        set_field("System.IterationPath", "Contoso Café"),
    )
    changed = ado.update(
        number, set_field("System.WorkItemType", "Task"), set_field("System.State", "Active")
    )

    assert moved["fields"]["System.TeamProject"] == "Contoso Café"
    assert changed["fields"]["System.WorkItemType"] == "Task"
    assert ado.call("GET", f"/Fabrikam/_apis/wit/workitems/{number}").status_code == 404


def test_revisions_and_updates_tell_the_history(ado: AzureDevOpsCaller) -> None:
    number = ado.create("Feature", title("A"), set_field("System.Description", "<div>Text</div>"))["id"]
    ado.update(number, title("B"), {"op": "remove", "path": "/fields/System.Description"})
    path = f"/_apis/wit/workitems/{number}"

    first = ado.get(f"{path}/revisions/1")
    update = ado.get(f"{path}/updates/2")

    assert (first["rev"], first["fields"]["System.Title"]) == (1, "A")
    assert [entry["rev"] for entry in ado.get(f"{path}/revisions")["value"]] == [1, 2]
    assert (update["id"], update["workItemId"], update["rev"]) == (2, number, 2)
    assert update["fields"]["System.Title"] == {"oldValue": "A", "newValue": "B"}
    assert update["fields"]["System.Description"] == {"oldValue": "<div>Text</div>"}
    assert update["fields"]["System.Rev"] == {"oldValue": 1, "newValue": 2}
    assert update["revisedBy"]["name"] == "Aha Synchronization <synchronization@fabrikam.com>"
    assert ado.call("GET", f"{path}/revisions/9").status_code == 404


def test_several_work_items_are_read_at_once(ado: AzureDevOpsCaller) -> None:
    ids = [ado.create()["id"] for _ in range(3)]

    listed = ado.get("/_apis/wit/workitems", params={"ids": ",".join(map(str, ids))})
    batch = ado.post("/_apis/wit/workitemsbatch", {"ids": ids, "fields": ["System.Title"]}).json()

    assert [item["id"] for item in listed["value"]] == ids
    assert [item["fields"] for item in batch["value"]] == [{"System.Title": "A work item"}] * 3


@pytest.mark.parametrize("way", ["query", "body"])
def test_a_missing_work_item_fails_the_whole_read_unless_errors_are_left_out(
    ado: AzureDevOpsCaller, way: str
) -> None:
    number = ado.create()["id"]

    def read(policy: str | None) -> Any:
        if way == "body":
            return ado.post("/_apis/wit/workitemsbatch", {"ids": [number, 99], "errorPolicy": policy})
        params = {"ids": f"{number},99"} | ({"errorPolicy": policy} if policy else {})
        return ado.call("GET", "/_apis/wit/workitems", params=params)

    failed, omitted = read(None), read("omit")

    assert failed.status_code == 404
    assert failed.json()["typeKey"] == "WorkItemUnauthorizedAccessException"
    assert failed.json()["message"].startswith("TF401232: Work item 99 does not exist")
    assert omitted.json()["count"] == 2
    assert omitted.json()["value"][1] is None


def test_more_than_200_work_items_are_too_many_to_read(ado: AzureDevOpsCaller) -> None:
    answer = ado.post("/_apis/wit/workitemsbatch", {"ids": list(range(1, 202))})

    assert answer.status_code == 400
    assert answer.json()["message"].startswith("VS403474: You requested 201 work items")


def test_fields_and_expand_exclude_each_other_in_a_batch_read(ado: AzureDevOpsCaller) -> None:
    body = {"ids": [ado.create()["id"]], "fields": ["System.Title"], "$expand": "relations"}

    assert ado.post("/_apis/wit/workitemsbatch", body).status_code == 400


def test_a_deleted_work_item_is_gone_until_it_is_restored(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]

    deleted = ado.call("DELETE", f"/_apis/wit/workitems/{number}")
    gone = ado.call("GET", f"/_apis/wit/workitems/{number}")
    listed = ado.control("GET", "/work_items")["work_items"]
    restored = ado.call("PATCH", f"/Fabrikam/_apis/wit/recyclebin/{number}", json={"isDeleted": False})

    assert (deleted.status_code, deleted.json()["id"]) == (200, number)
    assert gone.status_code == 404
    assert [(item["id"], item["deleted"]) for item in listed] == [(number, True)]
    assert restored.status_code == 200
    assert ado.read(number)["rev"] == 3


def test_a_destroyed_work_item_does_not_come_back(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]

    ado.call("DELETE", f"/_apis/wit/workitems/{number}", params={"destroy": "true"})

    restored = ado.call("PATCH", f"/Fabrikam/_apis/wit/recyclebin/{number}", json={"isDeleted": False})
    assert restored.status_code == 404


def test_an_engineers_edit_takes_the_same_path(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]

    item = ado.control("POST", "/edit", {"id": number, "fields": {"System.Title": "Mine"}})
    other = {"id": number, "fields": {"System.State": "Active"}, "as": "Johnnie McLeod"}
    ado.control("POST", "/edit", other)
    refused = ado.try_control("POST", "/edit", {"id": number, "fields": {"System.State": "Done"}})

    assert item["fields"]["System.ChangedBy"]["displayName"] == "Jamal Hartnett"
    assert ado.read(number)["fields"]["System.ChangedBy"]["displayName"] == "Johnnie McLeod"
    assert (ado.read(number)["rev"], refused.status_code) == (3, 400)


def test_of_several_guarded_updates_at_once_one_succeeds(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda name: ado.try_update(number, guard(1), title(name)), "ABCDEFGH"))

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    assert ado.read(number)["rev"] == 2


def test_creates_at_once_get_ids_of_their_own(ado: AzureDevOpsCaller) -> None:
    parent = ado.create()["id"]

    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(lambda name: ado.create("User Story", title(str(name)), child_of(parent)), range(40))
        )

    assert sorted(item["id"] for item in made) == list(range(2, 42))
    assert len(ado.read(parent)["relations"]) == 40


def test_everything_goes_back_to_the_seed(ado: AzureDevOpsCaller) -> None:
    ado.create()
    ado.control("POST", "/projects", {"name": "Another"})
    ado.control("PUT", "/batch", {"mode": "refused"})
    ado.control("POST", "/faults", {"status": 503, "times": None})
    ado.control("PUT", "/latency", {"ms": 1})

    ado.control("DELETE", "/all")

    assert ado.control("GET", "/work_items")["work_items"] == []
    assert ado.control("GET", "/requests")["requests"] == []
    assert ado.control("GET", "/latency") == {"ms": 0}
    assert ado.get("/_apis/projects")["count"] == 3
    assert len(ado.batch(create_request("Feature", title("A")))) == 1
    assert ado.create()["id"] == 2
