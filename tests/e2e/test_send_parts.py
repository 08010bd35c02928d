"""Payloads with a part of a record: enough for one that was sent before, too little for a new one."""

from __future__ import annotations

import pytest

from tests.e2e.configuration_bodies import faults_of
from tests.e2e.sending_payloads import Json, feature, requirement
from tests.e2e.sending_scene import DESCRIPTION, TITLE, Scene

PARTS: list[Json] = [
    {},
    {"reference_num": "PROD-5"},
    {"workflow_status": {"name": "Shipped"}, "updated_at": "2026-11-01T10:00:00Z"},
    {"requirements": [{"id": "43", "name": "Complete"}]},
]


@pytest.mark.parametrize("dry_run", ["false", "true"])
@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_a_feature_that_was_never_sent_is_refused(scene: Scene, part: Json, dry_run: str) -> None:
    answer = scene.post({"feature": {"id": "PROD-5", **part}}, dry_run=dry_run)

    assert answer.status == 400
    assert answer.body["code"] == "invalid_request"
    detail = faults_of(answer.response)["/feature/name"]
    assert f"/api/integrations/{scene.integration.id}/features/PROD-5" in detail
    assert "Send the whole event of Aha!" in detail
    assert scene.items() == {}
    assert scene.claims() == []
    assert scene.link_rows() == {}


def test_a_refused_part_does_not_hold_up_the_whole_feature(scene: Scene) -> None:
    whole = feature("Pay by card")
    assert scene.post({"feature": {"id": whole["id"]}}).status == 400

    assert scene.send(whole).actions == ["created"]


def test_a_part_of_a_feature_that_was_sent_leaves_the_rest_alone(scene: Scene) -> None:
    whole = feature("Pay by card", "<p>One</p>", [requirement()])
    first = scene.send(whole)

    again = scene.post({"feature": {"id": whole["id"]}})

    assert (again.status, again.actions) == (200, ["unchanged"])
    assert scene.value(first.ids[0], TITLE) == "Pay by card"
    assert scene.value(first.ids[0], DESCRIPTION) == "<p>One</p>"


def test_a_part_of_a_new_requirement_fails_and_stops_no_other(scene: Scene) -> None:
    whole = feature(requirements=[requirement("First"), requirement("Second")])
    whole["requirements"].insert(1, {"id": "43", "reference_num": "PROD-5-3", "position": 1})

    sent = scene.send(whole)

    assert (sent.status, sent.actions) == (207, ["created", "created", "failed", "created"])
    error = sent.requirements[1]["error"]
    assert error["code"] == "invalid_request"
    assert "PROD-5-3 has no work item yet" in error["detail"]
    assert len(scene.items()) == 3
    assert scene.claims() == []
    checked = scene.send(whole, dry_run="true")
    assert checked.actions == ["unchanged", "unchanged", "failed", "unchanged"]


def test_a_part_of_a_requirement_that_was_sent_is_enough(scene: Scene) -> None:
    below = requirement("First")
    whole = feature(requirements=[below])
    scene.send(whole)

    again = scene.send({**whole, "requirements": [{"id": below["id"]}]})

    assert (again.status, again.actions) == (200, ["unchanged", "unchanged"])


@pytest.mark.parametrize("of_requirement", [False, True])
def test_a_part_is_too_little_for_a_work_item_that_was_deleted(scene: Scene, of_requirement: bool) -> None:
    below = requirement("First")
    whole = feature(requirements=[below])
    sent = scene.send(whole)
    number = sent.ids[1 if of_requirement else 0]
    scene.azure_devops.delete_work_item(number)

    part = {"requirements": [{"id": below["id"]}]} if of_requirement else {"requirements": []}
    answer = scene.post({"feature": {"id": whole["id"], **part}})

    assert answer.status == (207 if of_requirement else 400)
    assert scene.send(whole).actions.count("created") == 1
