"""Notifications repeated, late, out of order and at once: Aha! ends up with what the work item says now, no echo."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import DESCRIPTION, TITLE, Scene

MESSY = '<DIV>One &amp; two<BR></DIV>loose <strong>text</strong><p style="COLOR: red">x</p>'
VERSIONS = ["1.0", "3.1-preview.3", "5.1-preview.3"]


def send_sample(scene: Scene, reference: str = "PROD-2") -> int:
    sent = scene.send(scene.aha.event(reference)["feature"])
    scene.azure_devops.clear_requests()
    scene.aha.clear_requests()
    return int(sent.ids[0])


def send_on(scene: Scene, reference: str = "PROD-2") -> list[str]:
    """The update event that Aha! makes of a feature as it is now, sent."""
    return scene.send(scene.aha.event(reference, "update_feature")["feature"], "update_feature").actions


def puts(scene: Scene, reference: str = "PROD-2") -> int:
    """How often a record was written to by way of the API."""
    return next(int(item["puts"]) for item in scene.aha.records() if item["reference_num"] == reference)


def assert_equal(scene: Scene, number: int, reference: str = "PROD-2") -> None:
    """Both sides say the same, and nobody has anything to tell the other."""
    feature = scene.aha.feature(reference)
    assert feature["name"] == scene.value(number, TITLE)
    assert {answer["result"] for answer in scene.deliver()} <= {"unchanged"}
    before = puts(scene, reference), scene.item(number)["rev"]
    assert set(send_on(scene, reference)) == {"unchanged"}
    assert scene.deliver() == []
    assert (puts(scene, reference), scene.item(number)["rev"]) == before


def test_what_we_sent_does_not_come_back(scene: Scene) -> None:
    number = send_sample(scene)
    scene.aha.edit("PROD-2", name="Named anew", description=MESSY)

    assert send_on(scene) == ["updated"]
    (answer,) = scene.deliver()

    assert (answer["result"], answer["reason"]) == ("unchanged", "already_agreed")
    assert scene.aha_requests("GET") == scene.aha_requests("PUT") == []
    assert puts(scene) == 0
    assert_equal(scene, number)


def test_what_the_webhook_wrote_is_not_sent_out_again(scene: Scene) -> None:
    number = send_sample(scene)
    scene.edit(number, title="Named anew", description=MESSY)
    scene.deliver()
    revision = scene.item(number)["rev"]

    assert send_on(scene) == ["unchanged"]

    assert scene.writes() == []
    assert scene.item(number)["rev"] == revision
    assert scene.deliver() == []
    assert puts(scene) == 1


def test_the_clean_up_of_either_side_is_no_change_of_the_other(scene: Scene) -> None:
    number = send_sample(scene)

    for round_number in range(3):
        scene.aha.edit("PROD-2", description=f"{MESSY}<em>from Aha! {round_number}</em>")
        assert send_on(scene) == ["updated"]
        assert [answer["result"] for answer in scene.deliver()] == ["unchanged"]
        scene.edit(number, description=f"{MESSY}<em>from Azure DevOps {round_number}</em>")
        assert [answer["result"] for answer in scene.deliver()] == ["updated"]
        assert send_on(scene) == ["unchanged"]

    assert puts(scene) == 3
    assert scene.item(number)["rev"] == 1 + 2 * 3
    assert_equal(scene, number)


def test_a_notification_of_a_revision_that_was_agreed_makes_no_request(scene: Scene) -> None:
    number = send_sample(scene)
    scene.edit(number, title="Named anew")
    scene.deliver()
    scene.azure_devops.clear_requests()
    scene.aha.clear_requests()

    for revision in (1, 2):
        resource = {"workItemId": number, "rev": revision, "id": revision}
        answer = scene.notify({"eventType": "workitem.updated", "resource": resource})
        assert (answer.json()["result"], answer.json()["reason"]) == ("unchanged", "already_agreed")

    assert scene.requests() == []
    assert scene.aha_requests("GET") == []


def test_a_notification_that_comes_twice_writes_once(scene: Scene) -> None:
    number = send_sample(scene)
    scene.azure_devops.control("PUT", "/service_hooks", {"duplicate": True})

    scene.edit(number, title="Named anew", state="Active")
    answers = scene.deliver()

    assert [answer["result"] for answer in answers] == ["updated", "unchanged"]
    assert puts(scene) == 1
    assert_equal(scene, number)


def test_notifications_out_of_order_end_with_the_work_items_present_state(scene: Scene) -> None:
    number = send_sample(scene)
    for count, state in enumerate(["Active", "Resolved", "Active", "Closed", "Active"]):
        scene.edit(number, title=f"Title {count}", description=f"<p>{count}</p>", state=state)

    answers = scene.deliver(shuffle=True, duplicate=True)

    assert [answer["result"] for answer in answers].count("updated") == 1
    feature = scene.aha.feature("PROD-2")
    assert feature["name"] == "Title 4"
    assert feature["description"]["body"] == "<p>4</p>"
    assert feature["workflow_status"]["name"] == "In progress"
    assert_equal(scene, number)


def test_a_late_notification_does_not_bring_old_values_back(scene: Scene) -> None:
    number = send_sample(scene)
    scene.edit(number, title="First")
    scene.deliver()
    scene.edit(number, title="Second")
    scene.deliver()

    scene.azure_devops.control("POST", "/service_hooks/redeliver", {"notification": 1})
    (late,) = scene.deliver()

    assert late["result"] == "unchanged"
    assert scene.aha.feature("PROD-2")["name"] == "Second"


def test_a_notification_that_got_lost_is_made_up_for_by_the_next_one(scene: Scene) -> None:
    number = send_sample(scene)
    scene.edit(number, title="Lost on the way", state="Active")
    scene.deliver(drop=True)
    assert scene.aha.feature("PROD-2")["name"] == "Refund to the same card"

    scene.edit(number, description="<p>Text</p>")
    scene.deliver(drop=False)

    feature = scene.aha.feature("PROD-2")
    assert (feature["name"], feature["workflow_status"]["name"]) == ("Lost on the way", "In progress")
    assert_equal(scene, number)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("details", ["all", "minimal", "none"])
def test_changes_arrive_in_every_shape_that_a_subscription_can_ask_for(
    scene: Scene, version: str, details: str
) -> None:
    inputs = {"url": scene.integration.webhook_url, "resourceDetailsToSend": details}
    scene.subscribe_anew(resourceVersion=version, consumerInputs=inputs)
    number = send_sample(scene)

    scene.edit(number, title="Named anew", state="Active")
    (answer,) = scene.deliver()

    assert answer["result"] == "updated"
    assert scene.aha.feature("PROD-2")["name"] == "Named anew"
    assert_equal(scene, number)


def test_several_subscriptions_of_different_shapes_write_once(scene: Scene) -> None:
    url = scene.integration.webhook_url
    for version in VERSIONS:
        inputs = {"url": url, "resourceDetailsToSend": "minimal"}
        scene.azure_devops.subscribe(url, resourceVersion=version, consumerInputs=inputs)
    number = send_sample(scene)

    scene.edit(number, title="Named anew")
    answers = scene.deliver()

    assert len(answers) == 4
    assert {answer["status"] for answer in answers} == {200}
    assert scene.aha.feature("PROD-2")["name"] == "Named anew"
    assert_equal(scene, number)


def test_notifications_at_once_do_not_undo_each_other(scene: Scene) -> None:
    number = send_sample(scene)
    scene.aha.set_latency(30)
    body: Json = {"eventType": "workitem.updated", "resource": {"workItemId": number, "id": 2}}

    with ThreadPoolExecutor(6) as threads:
        pending = []
        for count in range(12):
            scene.edit(number, title=f"Title {count}", description=f"<p>Text {count}</p>")
            pending.append(threads.submit(scene.notify, body))
        answers = [answer.result() for answer in pending]

    assert {answer.status_code for answer in answers} <= {200, 503}
    scene.deliver(time_scale=0.01)
    scene.aha.set_latency(0)
    feature = scene.aha.feature("PROD-2")
    assert feature["name"] == "Title 11"
    assert feature["description"]["body"] == scene.value(number, DESCRIPTION) == "<p>Text 11</p>"
    assert_equal(scene, number)


def test_sends_and_notifications_at_once_end_with_both_sides_equal(scene: Scene) -> None:
    number = send_sample(scene)
    body: Json = {"eventType": "workitem.updated", "resource": {"workItemId": number, "id": 2}}

    with ThreadPoolExecutor(4) as threads:
        for count in range(6):
            scene.edit(number, title=f"Title {count}")
            scene.aha.edit("PROD-2", description=f"<p>Text {count}</p>")
            event = scene.aha.event("PROD-2", "update_feature")
            pending = [threads.submit(scene.notify, body) for _ in range(2)]
            pending += [threads.submit(scene.api.send, scene.integration.id, event) for _ in range(2)]
            assert {answer.result().status_code for answer in pending} <= {200, 503}
    scene.deliver(time_scale=0.01)
    send_on(scene)

    assert scene.value(number, TITLE) == scene.aha.feature("PROD-2")["name"] == "Title 5"
    assert scene.value(number, DESCRIPTION) == "<p>Text 5</p>"
    assert_equal(scene, number)
