"""Sending over work items that engineers have changed: no edit of theirs is overwritten unnoticed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.e2e.sending_payloads import Json, described, feature, requirement, requirements
from tests.e2e.sending_scene import A_WRITE, DESCRIPTION, TITLE, Scene, Sent
from tests.e2e.system import eventually


def test_an_engineers_edit_stays_when_aha_changed_something_else(scene: Scene) -> None:
    payload = feature()
    (number,) = scene.send(payload).ids
    scene.edit(number, title="Named by an engineer")

    sent = scene.send(described(payload, "<p>Written in Aha!</p>"), "update_feature")

    assert sent.actions == ["updated"]
    assert scene.value(number, TITLE) == "Named by an engineer"
    assert scene.value(number, DESCRIPTION) == "<p>Written in Aha!</p>"
    assert sent.feature["conflicts"] == []
    assert [entry["detail"]["field"] for entry in scene.log("work-item.left-alone")] == ["name"]


def test_an_engineers_edit_stays_when_aha_changed_nothing(scene: Scene) -> None:
    payload = feature()
    (number,) = scene.send(payload).ids
    scene.edit(number, title="Named by an engineer", description="<div>Rewritten</div>")

    sent = scene.send(payload, "update_feature")

    assert sent.actions == ["unchanged"]
    assert scene.writes() == []
    assert scene.value(number, TITLE) == "Named by an engineer"


def test_where_both_sides_changed_aha_is_kept_and_the_conflict_is_reported(scene: Scene) -> None:
    payload = feature(requirements=[requirement("Card form")])
    number, below = scene.send(payload).ids
    scene.edit(number, title="Named by an engineer")
    scene.edit(below, description="<p>Written by an engineer</p>")
    payload["requirements"][0] = described(payload["requirements"][0], "<p>Written in Aha!</p>")

    sent = scene.send(payload | {"name": "Named in Aha!"}, "update_feature")

    assert sent.actions == ["updated", "updated"]
    assert sent.feature["conflicts"] == [{"field": "name", "kept": "aha", "overwritten_rev": 2}]
    assert sent.requirements[0]["conflicts"] == [
        {"field": "description", "kept": "aha", "overwritten_rev": 2}
    ]
    assert scene.value(number, TITLE) == "Named in Aha!"
    logged = {entry["detail"]["field"]: entry for entry in scene.log("work-item.conflict", "warning")}
    assert sorted(logged) == ["description", "name"]
    assert logged["name"]["detail"]["overwritten_revision"] == 2
    assert logged["name"]["detail"]["overwritten_url"].endswith(f"/{number}/revisions/2")


def test_the_same_edit_on_both_sides_is_no_conflict(scene: Scene) -> None:
    payload = feature()
    (number,) = scene.send(payload).ids
    scene.edit(number, title="Same on both sides")

    sent = scene.send(payload | {"name": "Same on both sides"}, "update_feature")

    assert (sent.actions, sent.feature["conflicts"]) == (["unchanged"], [])
    assert scene.writes() == []


def test_an_engineers_state_and_area_and_other_fields_stay(scene: Scene) -> None:
    payload = feature()
    (number,) = scene.send(payload).ids
    moved = {"op": "add", "path": "/fields/System.AreaPath", "value": "Fabrikam\\Devices"}
    scene.edit(number, [moved], state="Active")

    sent = scene.send(payload | {"name": "Named anew"}, "update_feature")

    assert sent.actions == ["updated"]
    fields = scene.item(number)["fields"]
    assert (fields["System.State"], fields["System.AreaPath"]) == ("Active", "Fabrikam\\Devices")


def edited_meanwhile(scene: Scene, payload: Json, **edit: str) -> Sent:
    """Send, and let an engineer edit the feature's work item after it was read and before it is written."""
    (number,) = scene.items_of(payload)
    fault = scene.azure_devops.add_fault(path=A_WRITE, delay_ms=500)
    with ThreadPoolExecutor(1) as other:
        sending = other.submit(scene.send, payload, "update_feature")
        eventually(lambda: any(request["fault"] == fault for request in scene.azure_devops.requests()))
        scene.edit(number, [], **edit)
        return sending.result()


def test_an_edit_between_reading_and_writing_is_not_lost(scene: Scene) -> None:
    payload = feature()
    (number,) = scene.send(payload).ids

    sent = edited_meanwhile(scene, payload | {"name": "Named in Aha!"}, description="<p>By an engineer</p>")

    assert (sent.status, sent.actions, sent.feature["conflicts"]) == (200, ["updated"], [])
    assert scene.value(number, TITLE) == "Named in Aha!"
    assert scene.value(number, DESCRIPTION) == "<p>By an engineer</p>"
    paths = [request["path"].rsplit("/", 1)[-1] for request in scene.requests()]
    assert paths == ["workitemsbatch", str(number), "workitemsbatch", str(number)]


def test_an_edit_of_the_same_field_between_reading_and_writing_is_a_conflict(scene: Scene) -> None:
    payload = feature()
    (number,) = scene.send(payload).ids

    sent = edited_meanwhile(scene, payload | {"name": "Named in Aha!"}, title="Named by an engineer")

    assert sent.feature["conflicts"] == [{"field": "name", "kept": "aha", "overwritten_rev": 2}]
    assert scene.value(number, TITLE) == "Named in Aha!"


def test_an_edit_during_a_batch_stops_none_of_its_other_updates(scene: Scene) -> None:
    payload = feature(requirements=requirements(3))
    ids = scene.send(payload).ids
    payload["name"] = "Named in Aha!"
    for item in payload["requirements"]:
        item["name"] += " anew"

    sent = edited_meanwhile(scene, payload, description="<p>By an engineer</p>")

    assert (sent.status, sent.actions) == (200, ["updated"] * 4)
    assert scene.value(ids[0], DESCRIPTION) == "<p>By an engineer</p>"
    assert [scene.value(number, TITLE) for number in ids[1:]] == [
        f"Requirement {number} anew" for number in (1, 2, 3)
    ]
    assert {scene.item(number)["rev"] for number in ids[1:]} == {2}


def test_a_work_item_that_was_deleted_is_created_anew_and_the_log_says_so(scene: Scene) -> None:
    payload = feature(requirements=requirements(2))
    ids = scene.send(payload).ids
    scene.azure_devops.control("POST", "/delete", {"id": ids[2]})

    sent = scene.send(payload, "update_feature")

    assert (sent.status, sent.actions) == (200, ["unchanged", "unchanged", "created"])
    assert sent.ids[2] not in ids
    assert scene.parent(sent.ids[2]) == ids[0]
    (entry,) = scene.log("work-item.gone")
    assert entry["detail"]["work_item_id"] == ids[2]
    scene.assert_one_each(payload)


def test_a_deleted_feature_is_created_anew_with_its_requirements_below_it(scene: Scene) -> None:
    payload = feature(requirements=requirements(2))
    ids = scene.send(payload).ids
    scene.azure_devops.control("POST", "/delete", {"id": ids[0]})

    sent = scene.send(payload, "update_feature")

    assert sent.status == 201
    assert sent.feature["action"] == "created"
    assert sent.ids[1:] == ids[1:]
    assert [scene.parent(number) for number in ids[1:]] == [sent.ids[0]] * 2
    scene.assert_one_each(payload)


def test_a_requirement_that_moved_to_another_feature_goes_below_that_one(scene: Scene) -> None:
    moving = requirement("Moving")
    old, new = feature("Old", requirements=[moving]), feature("New")
    old_id, number = scene.send(old).ids
    (new_id,) = scene.send(new).ids

    sent = scene.send(feature("New", id=new["id"], requirements=[moving]), "update_feature")

    assert sent.actions == ["unchanged", "updated"]
    assert sent.ids == [new_id, number]
    assert scene.parent(number) == new_id != old_id


def test_a_requirement_may_move_to_a_feature_that_was_never_sent(scene: Scene) -> None:
    moving = requirement("Moving")
    _, number = scene.send(feature("Old", requirements=[moving])).ids

    sent = scene.send(feature("New", requirements=[moving, requirement("Other")]))

    assert sent.actions == ["created", "updated", "created"]
    assert sent.ids[1] == number
    assert scene.parent(number) == sent.ids[0]


def test_a_parent_that_an_engineer_chose_stays(scene: Scene) -> None:
    payload = feature(requirements=[requirement("Card form")])
    _, number = scene.send(payload).ids
    (other,) = scene.azure_devops.control("POST", "/work_items", {"count": 1, "type": "Feature"})["ids"]
    scene.set_parent(number, other)

    payload["requirements"][0]["name"] = "Named anew"
    sent = scene.send(payload, "update_feature")

    assert sent.actions == ["unchanged", "updated"]
    assert scene.parent(number) == other


def test_an_attachment_that_an_engineer_removed_does_not_come_back(scene: Scene) -> None:
    (number,) = scene.send(scene.aha.event("PROD-4")["feature"]).ids
    scene.remove_relation(number, scene.relations(number, "AttachedFile")[0])

    sent = scene.send(scene.aha.event("PROD-4")["feature"] | {"name": "Named anew"}, "update_feature")

    assert sent.actions == ["updated"]
    assert scene.uploads() == []
    assert scene.file_names(number) == ["invoice.txt"]


def test_an_attachment_that_an_engineer_added_stays(scene: Scene) -> None:
    (number,) = scene.send(scene.aha.event("PROD-4")["feature"]).ids
    upload = scene.azure_devops.post("/_apis/wit/attachments?fileName=log.txt", data=b"log",
                                     headers={"content-type": "application/octet-stream"})  # fmt: skip
    value = {"rel": "AttachedFile", "url": upload.json()["url"]}
    scene.edit(number, [{"op": "add", "path": "/relations/-", "value": value}])

    scene.send(scene.aha.event("PROD-4")["feature"] | {"name": "Named anew"}, "update_feature")

    assert scene.file_names(number) == ["invoice.txt", "invoice.txt", "log.txt"]
