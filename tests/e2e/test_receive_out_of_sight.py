"""Notifications of work items that cannot be read: deleted ones and those out of sight are told apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.sending_scene import Scene
from tests.e2e.sight import bring_into_sight, destroy, move_out_of_sight, move_to_hidden_project


def send_one(scene: Scene) -> int:
    """Send PROD-2; its work item."""
    sent = scene.send(scene.aha.event("PROD-2")["feature"])
    scene.azure_devops.clear_requests()
    return int(sent.ids[0])


@pytest.mark.parametrize("lose", [move_out_of_sight, move_to_hidden_project, destroy])
def test_a_change_out_of_sight_is_told_with_what_to_grant(
    scene: Scene, lose: Callable[[Scene, int], None]
) -> None:
    number = send_one(scene)
    scene.edit(number, title="Named anew")
    lose(scene, number)

    answers = scene.deliver()

    assert {(answer["status"], answer["reason"]) for answer in answers} == {(200, "work_item_out_of_sight")}
    entry = scene.log("work-item.out-of-sight", "error")[0]
    for word in (str(number), "PROD-2", "View work items in this node", "unlink"):
        assert word in entry["message"]
    assert (entry["detail"]["code"], entry["detail"]["work_item_id"]) == ("azure_devops_not_found", number)
    assert len(scene.link_rows()) == 1


def test_a_deleted_work_item_is_no_error(scene: Scene) -> None:
    number = send_one(scene)
    scene.edit(number, title="Named anew")
    scene.azure_devops.delete_work_item(number)

    (answer,) = scene.deliver()

    assert answer["reason"] == "work_item_gone"
    assert "was deleted" in scene.log("notification.ignored")[0]["message"]
    assert scene.log(level="error") == []


def test_a_restored_work_item_syncs_again(scene: Scene) -> None:
    number = send_one(scene)
    scene.azure_devops.delete_work_item(number)
    scene.azure_devops.restore_work_item(number)
    scene.deliver()
    scene.edit(number, title="Named anew")

    (answer,) = scene.deliver()

    assert answer["result"] == "updated"
    assert scene.aha.feature("PROD-2")["name"] == "Named anew"


def test_a_work_item_that_comes_back_into_sight_syncs_with_its_next_change(scene: Scene) -> None:
    number = send_one(scene)
    move_out_of_sight(scene, number)
    scene.edit(number, title="Changed out of sight")
    scene.deliver()

    bring_into_sight(scene)
    scene.edit(number, state="Active")
    (answer,) = scene.deliver()

    assert answer["result"] == "updated"
    assert scene.aha.feature("PROD-2")["name"] == "Changed out of sight"


def test_a_readable_work_item_costs_no_look_into_the_recycle_bin(scene: Scene) -> None:
    number = send_one(scene)
    scene.edit(number, title="Named anew")

    scene.deliver()

    assert scene.requests("/recyclebin") == []


def test_a_recycle_bin_that_does_not_answer_brings_the_notification_again(scene: Scene) -> None:
    number = send_one(scene)
    move_out_of_sight(scene, number)
    scene.deliver(drop=True)
    scene.azure_devops.add_fault(method="GET", path="/recyclebin", status=503, times=None)

    body = {
        "eventType": "workitem.updated",
        "resource": {"id": 9, "workItemId": number, "rev": 9},
        "subscriptionId": "3c8f0d4e-2a31-4b14-9b3e-6f6f0c1d2e3f",
    }

    assert scene.notify(body).status_code == 503
