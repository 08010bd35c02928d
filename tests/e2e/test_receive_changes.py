"""Changes that engineers make in Azure DevOps, brought to Aha! by the webhook."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import TITLE, Scene, Sent


def updated(scene: Scene) -> None:
    """One notification is delivered and changes the record."""
    (answer,) = scene.deliver()
    assert (answer["status"], answer["result"]) == (200, "updated"), answer


def send_sample(scene: Scene, reference: str = "PROD-1") -> Sent:
    """A feature of the sandbox Aha! and its requirements, sent."""
    sent = scene.send(scene.aha.event(reference)["feature"])
    assert sent.status == 201
    scene.aha.clear_requests()
    return sent


def test_a_changed_title_becomes_the_name(scene: Scene) -> None:
    sent = send_sample(scene)

    scene.edit(sent.ids[0], title="Pay by any card")
    updated(scene)

    assert scene.aha.feature("PROD-1")["name"] == "Pay by any card"


def test_a_changed_description_becomes_the_description(scene: Scene) -> None:
    sent = send_sample(scene)

    scene.edit(sent.ids[0], description="<div>Rewritten by <b>Jamal</b>.</div>")
    updated(scene)

    assert scene.aha.feature("PROD-1")["description"]["body"] == "<p>Rewritten by <b>Jamal</b>.</p>"


def test_a_description_that_an_engineer_empties_is_emptied_in_aha(scene: Scene) -> None:
    sent = send_sample(scene)

    scene.edit(sent.ids[0], description="")
    updated(scene)

    assert scene.aha.feature("PROD-1")["description"]["body"] == ""


@pytest.mark.parametrize(
    ("state", "status"), [("Active", "In progress"), ("Resolved", "Ready to ship"), ("Closed", "Shipped")]
)
def test_a_features_state_becomes_the_status_that_it_is_mapped_to(
    scene: Scene, state: str, status: str
) -> None:
    sent = send_sample(scene)

    scene.edit(sent.ids[0], state=state)
    updated(scene)

    assert scene.aha.feature("PROD-1")["workflow_status"]["name"] == status


def test_a_requirement_has_a_mapping_of_its_own(scene: Scene) -> None:
    sent = send_sample(scene)
    part = sent.requirements[0]

    scene.edit(part["work_item"]["id"], state="Resolved", title="Bank asks")
    updated(scene)

    requirement = scene.aha.requirement(part["id"])
    assert (requirement["workflow_status"]["name"], requirement["name"]) == ("In test", "Bank asks")
    assert scene.aha.feature("PROD-1")["name"] == "Pay by card"


def test_all_that_changed_is_read_side_by_side_and_written_in_one_request(scene: Scene) -> None:
    sent = send_sample(scene)
    scene.azure_devops.clear_requests()

    scene.edit(sent.ids[0], title="New title", description="<p>New text</p>", state="Active")
    updated(scene)

    assert len(scene.requests()) == 1
    assert [len(scene.aha_requests(method)) for method in ("GET", "PUT")] == [1, 1]
    (write,) = scene.aha_requests("PUT")
    for value in ("New title", "New text", "In progress"):
        assert value in write["body"]


def test_only_what_changed_is_written(scene: Scene) -> None:
    sent = send_sample(scene)

    scene.edit(sent.ids[0], state="Active")
    updated(scene)

    (write,) = scene.aha_requests("PUT")
    assert "In progress" in write["body"]
    assert "name" not in write["body"].replace('"name": "In progress"', "")
    assert "description" not in write["body"]


def test_a_mapping_may_name_a_status_by_its_id(scene: Scene) -> None:
    status_id = scene.aha.feature("PROD-1")["workflow_status"]["id"]
    scene.aha.edit("PROD-1", status="In progress")
    kind = scene.integration.body["feature"] | {"status_mapping": {"Active": status_id}}
    scene.configure(feature=kind)
    sent = send_sample(scene)

    scene.edit(sent.ids[0], state="Active")
    updated(scene)

    assert scene.aha.feature("PROD-1")["workflow_status"]["name"] == "Under consideration"


def test_a_state_without_mapping_changes_no_status_and_the_log_says_so(scene: Scene) -> None:
    sent = send_sample(scene)

    scene.edit(sent.ids[0], state="Removed")
    (answer,) = scene.deliver()

    assert (answer["result"], answer["reason"]) == ("unchanged", "state_not_mapped")
    assert scene.aha_requests("PUT") == []
    assert [entry["detail"]["state"] for entry in scene.log("state.not-mapped")] == ["Removed"]
    assert scene.deliver() == []


def test_a_state_without_mapping_does_not_hold_back_the_name(scene: Scene) -> None:
    sent = send_sample(scene)

    scene.edit(sent.ids[0], state="Removed", title="Removed, and named anew")
    updated(scene)

    feature = scene.aha.feature("PROD-1")
    assert feature["name"] == "Removed, and named anew"
    assert feature["workflow_status"]["name"] == "Under consideration"


def test_a_state_that_aha_has_already_writes_nothing(scene: Scene) -> None:
    sent = send_sample(scene)
    scene.aha.edit("PROD-1", status="In progress")

    scene.edit(sent.ids[0], state="Active")
    (answer,) = scene.deliver()

    assert answer["result"] == "unchanged"
    assert scene.aha_requests("PUT") == []


def test_fields_that_do_not_travel_change_nothing(scene: Scene) -> None:
    sent = send_sample(scene)

    scene.edit(sent.ids[0], [{"op": "add", "path": "/fields/Microsoft.VSTS.Common.Priority", "value": 1}])
    scene.edit(sent.ids[0], [{"op": "add", "path": "/fields/System.Tags", "value": "later"}])
    answers = scene.deliver()

    assert {answer["result"] for answer in answers} == {"unchanged"}
    assert scene.aha_requests("PUT") == []


def test_a_name_that_was_cut_does_not_come_back_cut(scene: Scene) -> None:
    sent = send_sample(scene, "PROD-3")
    name = scene.aha.feature("PROD-3")["name"]
    assert scene.value(sent.ids[0], TITLE).endswith("…")

    scene.edit(sent.ids[0], state="Active")
    updated(scene)

    assert scene.aha.feature("PROD-3")["name"] == name
    assert scene.aha.feature("PROD-3")["workflow_status"]["name"] == "In progress"


def test_a_title_that_an_engineer_gives_to_a_long_named_feature_does_come_back(scene: Scene) -> None:
    sent = send_sample(scene, "PROD-3")

    scene.edit(sent.ids[0], title="Local prices")
    updated(scene)

    assert scene.aha.feature("PROD-3")["name"] == "Local prices"


def test_a_title_that_was_made_up_does_not_become_the_name(scene: Scene) -> None:
    sent = send_sample(scene)
    nameless = next(part for part in sent.requirements if part["reference_num"] == "PROD-1-3")
    assert scene.value(nameless["work_item"]["id"], TITLE) == "Declined cards get a plain reason."

    scene.edit(nameless["work_item"]["id"], state="Active")
    updated(scene)

    requirement = scene.aha.requirement("PROD-1-3")
    assert (requirement["name"], requirement["workflow_status"]["name"]) == ("", "In progress")


def test_the_log_tells_what_was_brought(scene: Scene) -> None:
    sent = send_sample(scene)

    scene.edit(sent.ids[0], title="Named anew", state="Active")
    (answer,) = scene.deliver()

    (entry,) = scene.log("record.changes")
    assert entry["operation_id"] == answer["operation_id"]
    assert entry["detail"]["work_item_id"] == sent.ids[0]
    assert entry["detail"]["reference"] == "PROD-1"
    assert "name, state" in entry["message"]


SWITCHES: list[Json] = [
    {"clean_html": False},
    {"error_shape": "errors_list"},
    {"small_integration_ids": True},
    {"demand_user_agent": True},
]


@pytest.mark.parametrize("switch", SWITCHES)
def test_changes_arrive_however_the_aha_account_behaves(scene: Scene, switch: dict[str, Any]) -> None:
    scene.aha.control("PUT", "/behaviour", switch)
    sent = send_sample(scene)

    scene.edit(sent.ids[0], title="Named anew", state="Active")
    updated(scene)

    feature = scene.aha.feature("PROD-1")
    assert (feature["name"], feature["workflow_status"]["name"]) == ("Named anew", "In progress")
