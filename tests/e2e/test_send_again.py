"""Sending a feature again: what changed is updated, what is new is created, nothing is there twice."""

from __future__ import annotations

import json

import pytest

from tests.e2e.sending_payloads import Json, described, feature, requirement, requirements
from tests.e2e.sending_scene import DESCRIPTION, STATE, TITLE, Scene


def without(payload: Json, *keys: str) -> Json:
    return {key: value for key, value in payload.items() if key not in keys}


def test_sending_the_same_again_reads_once_and_writes_nothing(scene: Scene) -> None:
    payload = feature(requirements=requirements(5))
    first = scene.send(payload)

    again = scene.send(payload, "update_feature")

    assert again.status == 200
    assert again.body["status"] == "succeeded"
    assert again.actions == ["unchanged"] * 6
    assert again.ids == first.ids
    assert [request["path"] for request in scene.requests()] == ["/fabrikam/_apis/wit/workitemsbatch"]
    assert again.body["azure_devops_requests"] == 1
    scene.assert_one_each(payload)


def test_a_changed_name_is_written_and_nothing_else(scene: Scene) -> None:
    payload = feature(requirements=requirements(2))
    ids = scene.send(payload).ids

    sent = scene.send(payload | {"name": "Pay by credit card"}, "update_feature")

    assert sent.status == 200
    assert sent.actions == ["updated", "unchanged", "unchanged"]
    assert scene.value(ids[0], TITLE) == "Pay by credit card"
    (write,) = scene.writes()
    assert [operation["path"] for operation in json.loads(write["body"])] == ["/rev", f"/fields/{TITLE}"]
    assert sent.feature["work_item"]["rev"] == 2


def test_a_changed_description_is_written(scene: Scene) -> None:
    payload = feature()
    (number,) = scene.send(payload).ids

    sent = scene.send(described(payload, "<p>By debit card, too.</p>"), "update_feature")

    assert sent.actions == ["updated"]
    assert scene.value(number, DESCRIPTION) == "<p>By debit card, too.</p>"


def test_a_new_requirement_is_created_below_the_feature_that_exists(scene: Scene) -> None:
    old, new = requirement("Card form"), requirement("Refunds")
    payload = feature(requirements=[old])
    first = scene.send(payload)

    payload["requirements"].append(new)
    sent = scene.send(payload, "update_feature")

    assert sent.status == 200
    assert sent.actions == ["unchanged", "unchanged", "created"]
    assert sent.ids[:2] == first.ids
    assert scene.parent(sent.ids[2]) == first.ids[0]
    assert sent.body["azure_devops_requests"] == len(scene.requests()) == 2
    scene.assert_one_each(payload)


def test_changes_of_several_records_are_written_in_one_batch(scene: Scene) -> None:
    payload = feature(requirements=requirements(4))
    scene.send(payload)

    payload["name"] = "Another name"
    payload["requirements"][1]["name"] = "Another requirement"
    payload["requirements"].append(requirement("New"))
    sent = scene.send(payload, "update_feature")

    assert sent.actions == ["updated", "unchanged", "updated", "unchanged", "unchanged", "created"]
    paths = [request["path"].rsplit("/", 1)[-1] for request in scene.requests()]
    assert paths == ["workitemsbatch", "$batch"]


@pytest.mark.parametrize("emptied", ["", "<p></p>", "<p><br></p>", None])
def test_an_emptied_description_clears_the_work_items(scene: Scene, emptied: str | None) -> None:
    payload = feature(body="<p>To be removed.</p>")
    (number,) = scene.send(payload).ids
    nothing = {"description": None} if emptied is None else described(payload, emptied)

    sent = scene.send(payload | nothing, "update_feature")

    assert sent.actions == ["updated"]
    assert "removed" not in (scene.value(number, DESCRIPTION) or "")
    assert scene.send(payload | nothing, "update_feature").actions == ["unchanged"]


@pytest.mark.parametrize("absent", ["name", "description", "attachments", "requirements"])
def test_what_a_payload_does_not_carry_is_left_alone(scene: Scene, absent: str) -> None:
    payload = feature(body="<p>Kept.</p>", requirements=requirements(2))
    ids = scene.send(payload).ids
    before = scene.items()

    sent = scene.send(without(payload, absent), "update_feature")

    assert sent.status == 200
    assert set(sent.actions) == {"unchanged"}
    assert scene.items() == before
    assert sorted(before) == sorted(ids)


def test_a_requirement_that_is_no_longer_sent_keeps_its_work_item(scene: Scene) -> None:
    payload = feature(requirements=requirements(2))
    _, _, gone = scene.send(payload).ids

    payload["requirements"].pop()
    sent = scene.send(payload, "update_feature")

    assert sent.actions == ["unchanged", "unchanged"]
    assert scene.value(gone, STATE) == "New"


def test_a_name_that_is_changed_behind_the_cut_changes_nothing_on_the_work_item(scene: Scene) -> None:
    payload = feature("x" * 280 + " one")
    (number,) = scene.send(payload).ids
    before = scene.value(number, TITLE)

    sent = scene.send(payload | {"name": "x" * 280 + " two"}, "update_feature")

    assert sent.actions == ["unchanged"]
    assert scene.value(number, TITLE) == before
    assert scene.writes() == []
