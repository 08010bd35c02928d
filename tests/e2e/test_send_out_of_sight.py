"""A work item that cannot be read is not created again: only the recycle bin proves that one was deleted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.sending_payloads import Json, feature, linked_to, requirement, requirements
from tests.e2e.sending_scene import TITLE, Scene, Sent
from tests.e2e.sight import bring_into_sight, destroy, move_out_of_sight, move_to_hidden_project


def renamed(payload: Json, name: str) -> Json:
    """The feature with another name."""
    return {**payload, "name": name}


def all_renamed(payload: Json, name: str) -> Json:
    """The feature and its requirements with another name."""
    below = [{**item, "name": f"{name} {item['position']}"} for item in payload["requirements"]]
    return {**payload, "name": name, "requirements": below}


def errors(sent: Sent) -> list[str | None]:
    """The error codes of the feature and of each requirement."""
    return [part["error"] and part["error"]["code"] for part in sent.records]


def recycle_bin_reads(scene: Scene) -> int:
    """How often the send asked the recycle bin."""
    return len(scene.requests("/recyclebin"))


@pytest.mark.contract
@pytest.mark.parametrize("lose", [move_out_of_sight, move_to_hidden_project, destroy])
def test_a_feature_whose_work_item_cannot_be_read_is_not_created_again(
    scene: Scene, lose: Callable[[Scene, int], None]
) -> None:
    payload = feature(requirements=requirements(2))
    first = scene.send(payload)
    url = first.feature["work_item"]["url"]
    lose(scene, first.ids[0])

    sent = scene.send(all_renamed(payload, "Anew"), "update_feature")

    assert sent.status == 207
    assert errors(sent) == ["azure_devops_not_found", None, None]
    assert sent.ids == first.ids
    assert [scene.value(number, TITLE) for number in sent.ids[1:]] == ["Anew 1", "Anew 2"]
    detail = sent.feature["error"]["detail"]
    for word in (
        str(first.ids[0]),
        url,
        payload["reference_num"],
        "View work items in this node",
        "project",
        "unlink",
    ):
        assert word in detail
    assert recycle_bin_reads(scene) == 1
    assert sorted(scene.link_rows()) == sorted(first.ids)
    assert scene.claims() == []


def test_its_children_stay_below_it_and_all_goes_on_when_it_comes_back(scene: Scene) -> None:
    payload = feature(requirements=requirements(2))
    ids = scene.send(payload).ids
    move_out_of_sight(scene, ids[0])
    scene.send(all_renamed(payload, "Out of sight"), "update_feature")

    assert [scene.parent(number) for number in ids[1:]] == [ids[0], ids[0]]

    bring_into_sight(scene)
    again = scene.send(all_renamed(payload, "In sight"), "update_feature")

    assert (again.status, again.ids) == (200, ids)
    assert scene.value(ids[0], TITLE) == "In sight"
    scene.assert_one_each(payload)


def test_nothing_new_is_put_below_a_feature_that_cannot_be_read(scene: Scene) -> None:
    payload = feature(requirements=requirements(1))
    ids = scene.send(payload).ids
    move_out_of_sight(scene, ids[0])
    added = {**payload, "requirements": [*payload["requirements"], requirement("Added")]}

    sent = scene.send(added, "update_feature")

    assert errors(sent) == ["azure_devops_not_found", None, "azure_devops_not_found"]
    assert str(ids[0]) in sent.requirements[1]["error"]["detail"]
    assert len(scene.items()) == 2

    bring_into_sight(scene)
    assert scene.send(added, "update_feature").status == 200
    scene.assert_one_each(added)


def test_a_requirement_that_moves_below_a_feature_that_cannot_be_read_stays_where_it_is(scene: Scene) -> None:
    moving = requirement("Moves")
    origin, target = feature(requirements=[moving]), feature()
    origin_id, moving_id = scene.send(origin).ids
    (target_id,) = scene.send(target).ids
    move_out_of_sight(scene, target_id)
    moved = {**target, "requirements": [{**moving, "position": 1}]}

    sent = scene.send(moved, "update_feature")

    assert errors(sent) == ["azure_devops_not_found", "azure_devops_not_found"]
    assert scene.parent(moving_id) == origin_id

    bring_into_sight(scene)
    scene.send(moved, "update_feature")
    assert scene.parent(moving_id) == target_id


def test_a_requirement_that_cannot_be_read_holds_up_nobody(scene: Scene) -> None:
    payload = feature(requirements=requirements(3))
    ids = scene.send(payload).ids
    move_out_of_sight(scene, ids[2])

    sent = scene.send(all_renamed(payload, "Anew"), "update_feature")

    assert errors(sent) == [None, None, "azure_devops_not_found", None]
    assert sent.actions == ["updated", "updated", "failed", "updated"]
    assert len(scene.items()) == 4
    (entry,) = scene.log("work-item.failed")
    assert (entry["detail"]["code"], entry["detail"]["work_item_id"]) == ("azure_devops_not_found", ids[2])


def test_a_deleted_requirement_and_one_out_of_sight_are_told_apart_by_one_request(scene: Scene) -> None:
    payload = feature(requirements=requirements(4))
    ids = scene.send(payload).ids
    move_out_of_sight(scene, ids[1], ids[2])
    for number in ids[3:]:
        scene.azure_devops.delete_work_item(number)

    sent = scene.send(payload, "update_feature")

    assert sent.actions == ["unchanged", "failed", "failed", "created", "created"]
    assert sent.ids[:3] == ids[:3]
    assert recycle_bin_reads(scene) == 1
    assert {entry["detail"]["work_item_id"] for entry in scene.log("work-item.gone")} == set(ids[3:])


def test_what_is_in_sight_costs_no_look_into_the_recycle_bin(scene: Scene) -> None:
    payload = feature(requirements=requirements(2))
    scene.send(payload)

    assert recycle_bin_reads(scene) == 0
    assert scene.send(payload, "update_feature").body["azure_devops_requests"] == 1
    assert scene.send(renamed(payload, "Anew"), "update_feature").body["azure_devops_requests"] == 2


def test_a_recycle_bin_that_cannot_be_read_proves_nothing(scene: Scene) -> None:
    payload = feature(requirements=requirements(1))
    ids = scene.send(payload).ids
    scene.azure_devops.delete_work_item(ids[1])
    scene.azure_devops.add_fault(
        method="GET",
        path="/recyclebin",
        status=403,
        times=None,
        headers={"Content-Type": "application/json"},
        body={"message": "TF401027: You need the Work Items permission to perform this action."},
    )

    sent = scene.send(payload, "update_feature")

    assert errors(sent) == [None, "azure_devops_not_found"]
    assert len(scene.items()) == 1

    scene.azure_devops.clear_faults()
    assert scene.send(payload, "update_feature").actions == ["unchanged", "created"]


def test_a_recycle_bin_that_does_not_answer_makes_nothing(scene: Scene) -> None:
    payload = feature()
    ids = scene.send(payload).ids
    scene.azure_devops.delete_work_item(ids[0])
    scene.azure_devops.add_fault(method="GET", path="/recyclebin", status=503, times=None)

    assert scene.send(payload, "update_feature").status == 503
    assert scene.items() == {}


def test_a_restored_work_item_that_is_out_of_sight_is_not_created_again(scene: Scene) -> None:
    """Given a deleted work item that could not be created anew, when it comes back out of sight, then it is kept."""
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
    move_out_of_sight(scene, ids[0])

    sent = scene.send(payload, "update_feature")

    assert (sent.status, sent.body["code"]) == (422, "azure_devops_not_found")
    assert str(ids[0]) in sent.body["detail"]
    assert list(scene.items()) == ids

    bring_into_sight(scene)
    assert scene.send(payload, "update_feature").ids == ids
    scene.assert_one_each(payload)


def test_a_dry_run_says_the_same_and_writes_nothing(scene: Scene) -> None:
    payload = feature(requirements=requirements(3))
    ids = scene.send(payload).ids
    move_out_of_sight(scene, ids[1])
    scene.azure_devops.delete_work_item(ids[2])

    sent = scene.send(payload, "update_feature", dry_run="true")

    assert sent.actions == ["unchanged", "failed", "created", "unchanged"]
    assert errors(sent)[1] == "azure_devops_not_found"
    assert scene.writes() == []


def test_a_dry_run_below_a_feature_out_of_sight_creates_nothing_either(scene: Scene) -> None:
    payload = feature(requirements=requirements(1))
    ids = scene.send(payload).ids
    move_out_of_sight(scene, ids[0])
    added = {**payload, "requirements": [*payload["requirements"], requirement("Added")]}

    sent = scene.send(added, "update_feature", dry_run="true")

    assert sent.actions == ["failed", "unchanged", "failed"]


def test_one_that_only_aha_names_and_that_cannot_be_read_is_told_of(scene: Scene) -> None:
    (number,) = scene.azure_devops.control("POST", "/work_items", {"count": 1, "type": "Feature"})["ids"]
    move_out_of_sight(scene, number)

    sent = scene.send(feature(integration_fields=linked_to(str(number))))

    assert sent.actions == ["created"]
    (entry,) = scene.log("work-item.not-adopted")
    assert "cannot be read" in entry["message"]
    assert entry["detail"]["work_item_id"] == number
