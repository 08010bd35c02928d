"""What becomes of requirements whose feature fails, and of records that are unlinked while they are sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.reconciling import notes
from tests.e2e.sending_payloads import feature, requirement
from tests.e2e.sending_scene import Scene, Sent
from tests.e2e.sight import move_out_of_sight
from tests.e2e.system import eventually

REFUSED_TYPE = {"work_item_type": "Customer Request", "status_mapping": {}, "default_fields": {}}
"""A type with a required field that the sandbox's project demands, so that each create is refused."""


def test_a_requirement_that_moved_to_a_new_feature_stays_where_it_is_if_the_feature_is_refused(
    scene: Scene,
) -> None:
    moving = requirement("Moving")
    old_id, number = scene.send(feature("Old", requirements=[moving])).ids
    new = feature("New", requirements=[moving])
    scene.configure(feature=REFUSED_TYPE)

    sent = scene.send(new)

    assert (sent.status, sent.body["code"]) == (422, "azure_devops_rule_violation")
    assert scene.parent(number) == old_id
    assert [write for write in scene.writes() if f"/{number}" in write["path"].casefold()] == []
    assert scene.claims() == []

    scene.configure()
    again = scene.send(new)

    assert (again.status, again.ids[1]) == (201, number)
    assert scene.parent(number) == again.ids[0]


def test_a_dry_run_leaves_the_links_as_they_are(scene: Scene) -> None:
    moving = requirement("Moving")
    scene.send(feature("Old", requirements=[moving]))
    new = feature("New")
    (new_id,) = scene.send(new).ids
    move_out_of_sight(scene, new_id)
    before = scene.link_rows()

    sent = scene.send({**new, "requirements": [moving]}, "update_feature", dry_run="true")

    assert sent.actions == ["failed", "failed"]
    assert scene.link_rows() == before


def test_an_update_that_met_an_outage_is_finished_later_although_the_feature_was_refused(
    scene: Scene,
) -> None:
    payload = feature(requirements=[requirement("Card form")])
    number, child = scene.send(payload).ids
    (other,) = scene.azure_devops.control("POST", "/work_items", {"count": 1, "type": "Feature"})["ids"]
    scene.set_parent(child, other)
    scene.azure_devops.delete_work_item(number)
    scene.configure(feature=REFUSED_TYPE)
    payload["requirements"][0]["name"] = "Named anew"
    scene.azure_devops.add_fault(method="PATCH", path=f"/wit/workitems/{child}", status=503, times=20)

    sent = scene.send(payload, "update_feature")

    assert (sent.status, sent.body["code"]) == (422, "azure_devops_rule_violation")
    assert len(notes(scene)) == 1


@pytest.mark.parametrize("link_back", ["none", "all"])
def test_a_feature_that_is_unlinked_while_it_is_sent_stays_unlinked(scene: Scene, link_back: str) -> None:
    scene.configure(aha={**scene.integration.body["aha"], "link_back": link_back})
    scene.send_reference("PROD-2")
    scene.aha.edit("PROD-2", name="Anew")
    event = scene.aha.event("PROD-2", "update_feature")
    scene.azure_devops.clear_requests()
    scene.azure_devops.add_fault(method="PATCH", delay_ms=2000, times=1)
    with ThreadPoolExecutor(1) as other:
        sending = other.submit(scene.post, event)
        eventually(lambda: any(write["fault"] for write in scene.writes()))
        unlinked = scene.api.delete(f"/integrations/{scene.integration.id}/features/PROD-2")
        sent: Sent = sending.result()

    assert unlinked.status_code == 204
    assert sent.actions == ["failed"]
    assert sent.feature["error"]["code"] == "feature_busy"
    assert "was unlinked while this send was running" in sent.feature["error"]["detail"]
    assert scene.link_rows() == {}
    assert len(scene.items()) == 1
    assert notes(scene) == []


def test_a_feature_whose_work_item_is_deleted_while_it_is_sent_is_created_anew_by_the_next_send(
    scene: Scene,
) -> None:
    old, new = requirement("Old"), requirement("New")
    payload = feature(requirements=[old])
    feature_id, old_id = scene.send(payload).ids
    payload |= {"name": "Named anew", "requirements": [old, new]}
    scene.azure_devops.add_fault(method="PATCH", delay_ms=1000, times=1)
    with ThreadPoolExecutor(1) as other:
        sending = other.submit(scene.send, payload, "update_feature")
        eventually(lambda: any(write["fault"] for write in scene.writes()))
        scene.azure_devops.delete_work_item(feature_id)
        sent: Sent = sending.result()

    assert sent.actions == ["failed", "unchanged", "failed"]
    assert scene.items().keys() == {old_id}
    assert scene.claims() == []

    again = scene.send(payload, "update_feature")

    assert again.actions == ["created", "updated", "created"]
    assert scene.items().keys() == set(again.ids)
    assert [scene.parent(number) for number in again.ids[1:]] == [again.ids[0]] * 2


def test_an_integration_that_is_deleted_while_it_sends_gets_no_second_work_item(scene: Scene) -> None:
    payload = feature(requirements=[requirement("One")])
    scene.azure_devops.clear_requests()
    scene.azure_devops.add_fault(method="PATCH", delay_ms=1000, times=1)
    with ThreadPoolExecutor(1) as other:
        sending = other.submit(scene.post, {"event": "create_feature", "feature": payload})
        eventually(lambda: any(write["fault"] for write in scene.writes()))
        deleted = scene.api.delete(f"/integrations/{scene.integration.id}")
        sent: Sent = sending.result()

    assert deleted.status_code == 204
    assert sent.actions == ["failed", "failed"]
    assert len(scene.items()) == 2
    assert scene.link_rows() == {}
