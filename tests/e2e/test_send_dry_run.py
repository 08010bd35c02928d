"""A dry run decides everything and writes nothing, here or there."""

from __future__ import annotations

import pytest

from tests.e2e.sending_payloads import described, feature, linked_to, requirement, requirements
from tests.e2e.sending_scene import Scene


def assert_nothing_was_written(scene: Scene) -> None:
    for request in scene.requests():
        is_validation = "validateOnly=true" in request["query"]
        is_read = request["method"] == "GET" or request["path"].endswith(("/workitemsbatch", "/wiql"))
        assert is_validation or is_read, request["path"]
    assert scene.claims() == []


@pytest.mark.contract
def test_a_dry_run_of_a_new_feature_says_what_would_be_created(scene: Scene) -> None:
    sent = scene.send(feature(requirements=requirements(3)), dry_run="true")

    assert sent.status == 200
    assert sent.actions == ["created"] * 4
    assert {part["work_item"] and part["work_item"]["id"] for part in sent.records} == {None}
    assert scene.items() == {}
    assert_nothing_was_written(scene)


def test_a_dry_run_foretells_what_a_send_then_does(scene: Scene) -> None:
    payload = feature(requirements=requirements(3))
    scene.send(payload)
    payload["requirements"][0]["name"] = "Changed"
    payload["requirements"][1] = described(payload["requirements"][1], "<p>Changed</p>")
    payload["requirements"].append(requirement("New"))
    before = scene.items()

    foretold = scene.send(payload, "update_feature", dry_run="true")
    assert_nothing_was_written(scene)
    assert scene.items() == before
    sent = scene.send(payload, "update_feature")

    assert foretold.status == 200
    assert foretold.actions == ["unchanged", "updated", "updated", "unchanged", "created"] == sent.actions


def test_a_dry_run_uploads_nothing(scene: Scene) -> None:
    event = scene.aha.event("PROD-1")

    sent = scene.post(event, dry_run="true")

    assert [file["action"] for file in sent.feature["attachments"]] == ["uploaded"] * 3
    assert scene.uploads() == []
    assert_nothing_was_written(scene)
    assert [file["action"] for file in scene.post(event).feature["attachments"]] == ["uploaded"] * 3


def test_a_dry_run_names_what_azure_devops_would_refuse(scene: Scene) -> None:
    kind = {"work_item_type": "Customer Request", "status_mapping": {}, "default_fields": {}}
    scene.configure(requirement=kind)
    payload = feature(requirements=requirements(1))

    foretold = scene.send(payload, dry_run="true")

    assert foretold.status == 200
    assert foretold.actions == ["created", "failed"]
    assert foretold.requirements[0]["error"]["code"] == "azure_devops_rule_violation"
    assert "Custom.Team" in foretold.requirements[0]["error"]["detail"]
    assert_nothing_was_written(scene)
    assert scene.send(payload).actions == foretold.actions


def test_a_dry_run_of_an_adoption_does_not_adopt(scene: Scene) -> None:
    made = scene.azure_devops.control("POST", "/work_items", {"count": 1, "type": "Feature", "title": "Old"})
    (number,) = made["ids"]
    payload = feature(integration_fields=linked_to(str(number)))

    foretold = scene.send(payload, dry_run="true")

    assert (foretold.actions, foretold.ids) == (["updated"], [number])
    assert_nothing_was_written(scene)
    other = scene.send(feature(integration_fields=linked_to(str(number))))
    assert other.ids == [number]


@pytest.mark.contract
def test_dry_run_must_be_true_or_false(scene: Scene) -> None:
    sent = scene.send(feature(), dry_run="perhaps")

    assert sent.status == 400
    assert [fault["pointer"] for fault in sent.body["errors"]] == ["/dry_run"]
    assert scene.requests() == []
