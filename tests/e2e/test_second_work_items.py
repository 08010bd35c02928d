"""A work item that carries a record's marker and is not the linked one is told of, whoever made it."""

from __future__ import annotations

from typing import Any

from tests.e2e.sending_payloads import Json, feature
from tests.e2e.sending_scene import Scene

MARKER = "Hyperlink"


def copy_of(scene: Scene, number: int) -> int:
    """A second work item with the marker, as a create that is carried out late or a copy makes it."""
    (marker,) = scene.relations(number, MARKER)
    made = scene.azure_devops.control("POST", "/work_items", {"count": 1, "type": "Feature"})["ids"][0]
    value = {key: marker[key] for key in ("rel", "url")} | {
        "attributes": {"comment": marker["attributes"]["comment"]}
    }
    scene.edit(made, [{"op": "add", "path": "/relations/-", "value": value}])
    return int(made)


def send_one(scene: Scene) -> tuple[Json, int]:
    """Send a feature; its payload and its work item."""
    payload = feature()
    (number,) = scene.send(payload).ids
    scene.azure_devops.clear_requests()
    return payload, number


def requests_of_delivery(scene: Scene) -> list[Any]:
    """The product's requests to Azure DevOps while notifications are delivered."""
    scene.azure_devops.clear_requests()
    scene.deliver()
    return scene.requests()


def test_a_second_work_item_is_told_of_by_its_first_notification(scene: Scene) -> None:
    payload, number = send_one(scene)
    second = copy_of(scene, number)

    answers = scene.deliver()

    assert {answer["reason"] for answer in answers} == {"work_item_not_linked"}
    entry = scene.log("work-item.second", "error")[0]
    for word in (payload["reference_num"], str(number), str(second), f"/edit/{second}", "delete"):
        assert word in entry["message"]
    assert (entry["detail"]["work_item_id"], entry["detail"]["second_work_item_id"]) == (number, second)
    assert scene.send(payload, "update_feature").ids == [number]


def test_a_work_item_that_was_restored_after_a_new_one_was_made_is_told_of(scene: Scene) -> None:
    payload, old = send_one(scene)
    scene.azure_devops.delete_work_item(old)
    (new,) = scene.send(payload, "update_feature").ids
    scene.azure_devops.restore_work_item(old)
    scene.deliver()
    scene.edit(old, title="Restored")

    scene.deliver()

    entry = scene.log("work-item.second", "error")[0]
    assert (entry["detail"]["work_item_id"], entry["detail"]["second_work_item_id"]) == (new, old)


def test_a_restored_event_tells_of_it_at_once(scene: Scene) -> None:
    payload, old = send_one(scene)
    scene.azure_devops.delete_work_item(old)
    (new,) = scene.send(payload, "update_feature").ids
    scene.azure_devops.restore_work_item(old)
    body = {"eventType": "workitem.restored", "resource": {**scene.item(old), "id": old}}

    answer = scene.notify({**body, "subscriptionId": "3c8f0d4e-2a31-4b14-9b3e-6f6f0c1d2e3f"})

    assert answer.json()["reason"] == "other_event"
    (entry,) = scene.log("work-item.second", "error")
    assert (entry["detail"]["work_item_id"], entry["detail"]["second_work_item_id"]) == (new, old)


def test_the_linked_work_item_and_strangers_cost_nothing_more(scene: Scene) -> None:
    _, number = send_one(scene)
    stranger = scene.azure_devops.control("POST", "/work_items", {"count": 1, "type": "Feature"})["ids"][0]
    scene.edit(stranger, title="Not ours")
    assert requests_of_delivery(scene) == []

    body = {"eventType": "workitem.created", "resource": {**scene.item(number), "id": number}}
    scene.azure_devops.clear_requests()
    scene.notify({**body, "subscriptionId": "3c8f0d4e-2a31-4b14-9b3e-6f6f0c1d2e3f"})

    assert scene.requests() == []
    assert scene.log("work-item.second") == []


def test_a_marker_that_only_the_notification_shows_is_not_believed(scene: Scene) -> None:
    _, number = send_one(scene)
    stranger = scene.azure_devops.control("POST", "/work_items", {"count": 1, "type": "Feature"})["ids"][0]
    (marker,) = scene.relations(number, MARKER)
    revision = {"id": stranger, "rev": 2, "relations": [marker]}
    body = {
        "eventType": "workitem.updated",
        "subscriptionId": "3c8f0d4e-2a31-4b14-9b3e-6f6f0c1d2e3f",
        "resource": {"id": 2, "workItemId": stranger, "rev": 2, "revision": revision},
    }

    assert scene.notify(body).json()["reason"] == "work_item_not_linked"
    assert scene.log("work-item.second") == []


def test_a_marker_of_another_integration_is_none_of_ours(scene: Scene) -> None:
    _, number = send_one(scene)
    second = copy_of(scene, number)
    (marker,) = scene.relations(second, MARKER)
    index = scene.item(second)["relations"].index(marker)
    comment = marker["attributes"]["comment"].replace(scene.integration.id, "other")
    scene.deliver(drop=True)
    scene.edit(
        second, [{"op": "replace", "path": f"/relations/{index}/attributes/comment", "value": comment}]
    )

    scene.deliver(drop=False)

    assert scene.log("work-item.second") == []


def test_the_search_of_an_interrupted_send_tells_of_a_second_one(scene: Scene) -> None:
    """Given a create whose sender died, when somebody copied its work item, then the older one is kept."""
    scene.azure_devops.add_fault(path=r"/wit/wiql", status=503, times=None)
    scene.azure_devops.add_fault(path=r"/wit/workitems/", method="POST", cut="after")
    payload = feature()
    scene.send(payload)
    scene.azure_devops.clear_faults()
    (number,) = scene.items()
    second = copy_of(scene, number)
    scene.give_claims_up()

    sent = scene.send(payload)

    assert sent.ids == [number]
    (entry,) = scene.log("work-item.second", "error")
    assert entry["detail"]["second_work_item_id"] == second
