"""What happens on the way back when Aha! was edited, too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.sending_scene import DESCRIPTION, TITLE, Scene
from tests.e2e.system import eventually


def send_sample(scene: Scene) -> int:
    sent = scene.send(scene.aha.event("PROD-2")["feature"])
    scene.aha.clear_requests()
    return int(sent.ids[0])


def test_the_change_made_in_azure_devops_wins_and_the_log_names_the_conflict(scene: Scene) -> None:
    number = send_sample(scene)
    scene.aha.edit("PROD-2", name="Named in Aha!")

    scene.edit(number, title="Named in Azure DevOps")
    (answer,) = scene.deliver()

    assert answer["result"] == "updated"
    assert scene.aha.feature("PROD-2")["name"] == "Named in Azure DevOps"
    (entry,) = scene.log("record.conflict")
    assert entry["operation_id"] == answer["operation_id"]
    assert entry["level"] == "warning"
    assert (entry["detail"]["field"], entry["detail"]["kept"]) == ("name", "azure_devops")


@pytest.mark.parametrize("effect", ["done", "none"])
def test_an_edit_in_aha_between_two_attempts_to_write_is_a_conflict_in_the_log(
    scene: Scene, effect: str
) -> None:
    """Given an Aha! that answers a write with 503, whether or not it did it, and asks to wait."""
    number = send_sample(scene)
    again = {"Retry-After": "2"}
    scene.aha.add_fault(method="PUT", path="/features/", status=503, effect=effect, headers=again, times=1)
    scene.edit(number, title="Named in Azure DevOps")

    with ThreadPoolExecutor(1) as other:
        delivering = other.submit(scene.deliver)
        eventually(lambda: [one for one in scene.aha_requests("PUT") if one["status"]])
        scene.aha.edit("PROD-2", name="Named in Aha! meanwhile")
        (answer,) = delivering.result()

    assert answer["result"] == "updated"
    (entry,) = scene.log("record.conflict")
    assert (entry["detail"]["field"], entry["detail"]["kept"]) == ("name", "azure_devops")
    assert scene.aha.feature("PROD-2")["name"] == "Named in Azure DevOps"


def test_a_write_that_aha_did_and_answered_with_an_error_is_not_done_again(scene: Scene) -> None:
    number = send_sample(scene)
    scene.aha.add_fault(method="PUT", path="/features/", status=503, effect="done", times=1)
    scene.edit(number, title="Named in Azure DevOps")

    (answer,) = scene.deliver()

    assert answer["status"] == 200
    assert len(scene.aha_requests("PUT")) == 1
    assert scene.log("record.conflict") == []
    assert scene.post(scene.aha.event("PROD-2", "update_feature")).actions == ["unchanged"]


def test_an_edit_of_another_field_in_aha_is_left_alone_and_goes_out_with_the_next_send(scene: Scene) -> None:
    number = send_sample(scene)
    scene.aha.edit("PROD-2", description="<p>Written in Aha!</p>", status="Shipped")

    scene.edit(number, title="Named in Azure DevOps")
    scene.deliver()

    feature = scene.aha.feature("PROD-2")
    assert feature["name"] == "Named in Azure DevOps"
    assert feature["description"]["body"] == "<p>Written in Aha!</p>"
    assert feature["workflow_status"]["name"] == "Shipped"
    assert scene.log("record.conflict") == []
    event = scene.aha.event("PROD-2", "update_feature")
    assert scene.post(event).actions == ["updated"]
    assert scene.value(number, DESCRIPTION) == "<p>Written in Aha!</p>"
    assert scene.value(number, TITLE) == "Named in Azure DevOps"


def test_the_same_edit_on_both_sides_is_no_conflict(scene: Scene) -> None:
    number = send_sample(scene)
    scene.aha.edit("PROD-2", name="Same on both sides")

    scene.edit(number, title="Same on both sides")
    (answer,) = scene.deliver()

    assert answer["result"] == "unchanged"
    assert scene.aha_requests("PUT") == []
    assert scene.log("record.conflict") == []
    assert scene.post(scene.aha.event("PROD-2", "update_feature")).actions == ["unchanged"]


@pytest.mark.parametrize("edits", [["Active"], ["Active", "New"]])
def test_a_status_that_a_manager_set_stays_until_the_state_changes(scene: Scene, edits: list[str]) -> None:
    number = send_sample(scene)
    scene.aha.edit("PROD-2", status="Will not implement")
    scene.edit(number, title="Only the title")
    scene.deliver()
    assert scene.aha.feature("PROD-2")["workflow_status"]["name"] == "Will not implement"

    for state in edits:
        scene.edit(number, state=state)
        scene.deliver()

    expected = {"Active": "In progress", "New": "Under consideration"}[edits[-1]]
    assert scene.aha.feature("PROD-2")["workflow_status"]["name"] == expected


def test_a_send_that_left_an_engineers_change_alone_does_not_hide_it_from_the_webhook(scene: Scene) -> None:
    number = send_sample(scene)
    scene.edit(number, title="Named in Azure DevOps")
    scene.aha.edit("PROD-2", description="<p>Written in Aha!</p>")

    # The notification of the engineer's edit is still on its way when Aha!'s update is sent.
    assert scene.post(scene.aha.event("PROD-2", "update_feature")).actions == ["updated"]
    assert scene.value(number, TITLE) == "Named in Azure DevOps"
    scene.deliver(shuffle=True)

    feature = scene.aha.feature("PROD-2")
    assert feature["name"] == "Named in Azure DevOps"
    assert feature["description"]["body"] == "<p>Written in Aha!</p>"
    assert scene.log("record.conflict") == []
    assert scene.post(scene.aha.event("PROD-2", "update_feature")).actions == ["unchanged"]
