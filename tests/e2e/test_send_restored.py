"""Work items that were deleted in Azure DevOps and restored: the record has one work item all the same."""

from __future__ import annotations

from tests.e2e.sending_payloads import feature, requirements
from tests.e2e.sending_scene import Scene


def test_a_work_item_that_was_restored_before_the_next_send_is_used_again(scene: Scene) -> None:
    payload = feature(requirements=requirements(1))
    ids = scene.send(payload).ids
    scene.azure_devops.delete_work_item(ids[1])
    scene.azure_devops.restore_work_item(ids[1])

    again = scene.send(payload, "update_feature")

    assert again.ids == ids
    assert "created" not in again.actions
    scene.assert_one_each(payload)


def test_a_work_item_that_was_restored_while_it_could_not_be_created_anew_is_used_again(scene: Scene) -> None:
    """Given a deleted work item that a send failed to create anew, when it is restored, then no second one is made."""
    payload = feature()
    ids = scene.send(payload).ids
    scene.azure_devops.delete_work_item(ids[0])
    scene.azure_devops.add_fault(
        method="POST",
        path=r"/workitems/\$Feature",
        status=400,
        headers={"Content-Type": "application/json"},
        body={"message": "TF401320: Rule Error for field Team.", "typeKey": "RuleValidationException"},
    )
    assert scene.send(payload, "update_feature").status == 422
    scene.azure_devops.restore_work_item(ids[0])

    again = scene.send(payload, "update_feature")

    assert again.status == 200
    assert again.ids == ids
    scene.assert_one_each(payload)


def test_a_restored_work_item_is_used_again_whatever_its_type_is_now(scene: Scene) -> None:
    """Given a deleted work item that a send failed to create anew, when it comes back as an Epic, then it is kept."""
    payload = feature()
    ids = scene.send(payload).ids
    scene.azure_devops.delete_work_item(ids[0])
    scene.azure_devops.add_fault(
        method="POST",
        path=r"/workitems/\$Feature",
        status=400,
        headers={"Content-Type": "application/json"},
        body={"message": "TF401320: Rule Error for field Team.", "typeKey": "RuleValidationException"},
    )
    assert scene.send(payload, "update_feature").status == 422
    scene.azure_devops.clear_faults()
    scene.azure_devops.restore_work_item(ids[0])
    scene.azure_devops.edit(ids[0], {"System.WorkItemType": "Epic"})

    assert scene.send(payload, "update_feature").ids == ids
    scene.assert_one_each(payload)
