"""What Aha! does not take from one record: it is said once, waits for the next change and holds nothing else up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.reconciling import hours_pass, reconcile, watermark
from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import Scene

NAME = "Refund to the same card"
AGAIN = {"time_scale": 0.001}
"""Azure DevOps delivers again without waiting."""

REFUSALS: list[Json] = [
    {"status": 422, "message": "Name is too long (maximum is 255 characters)"},
    {"status": 403, "message": "You do not have permission to do this."},
    {"status": 404, "message": "Record not found."},
    {"status": 400, "message": "Custom fields are required"},
]


def send_sample(scene: Scene) -> int:
    sent = scene.send(scene.aha.event("PROD-2")["feature"])
    forget_requests(scene)
    return int(sent.ids[0])


def forget_requests(scene: Scene) -> None:
    scene.azure_devops.clear_requests()
    scene.aha.clear_requests()


def brought(scene: Scene) -> tuple[str, str, str]:
    feature = scene.aha.feature("PROD-2")
    return feature["name"], feature["description"]["body"], feature["workflow_status"]["name"]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: str(refusal["status"]))
def test_a_record_that_aha_refuses_is_answered_once_and_tried_again_with_the_next_change(
    scene: Scene, refusal: Json
) -> None:
    number = send_sample(scene)
    scene.aha.takes_writes("PROD-2", refuses=refusal)

    scene.edit(number, title="Named anew")
    (answer,) = scene.deliver(**AGAIN)

    assert (answer["status"], answer["result"], answer["reason"]) == (200, "ignored", "aha_refused")
    (entry,) = scene.log("aha.refused", "error")
    assert f"{scene.aha.account_url}/features/PROD-2" in entry["message"]
    assert f"/_workitems/edit/{number}" in entry["message"]
    assert refusal["message"] in entry["message"]
    assert entry["detail"]["fields"] == ["name"]

    # Neither the same notification nor Reconcile asks again.
    forget_requests(scene)
    again = scene.notify({"eventType": "workitem.updated", "resource": {"workItemId": number, "id": 2}})
    assert again.json()["reason"] == "aha_refused"
    reconcile(scene)
    assert scene.aha_requests("PUT") == []

    scene.aha.takes_writes("PROD-2")
    scene.edit(number, description="<p>Anew</p>")
    (answer,) = scene.deliver()
    assert answer["result"] == "updated"
    assert brought(scene)[:2] == ("Named anew", "<p>Anew</p>")
    assert scene.post(scene.aha.event("PROD-2", "update_feature")).actions == ["unchanged"]


def test_a_record_that_aha_refuses_holds_back_neither_reconcile_nor_its_watermark(scene: Scene) -> None:
    number = send_sample(scene)
    sent = scene.send(scene.aha.event("PROD-1")["feature"])
    scene.aha.takes_writes("PROD-2", refuses=REFUSALS[0])
    refused = scene.edit(number, title="Refused")["fields"]["System.ChangedDate"]
    hours_pass(scene, 1)
    scene.edit(sent.ids[0], title="Brought")
    hours_pass(scene, 1)

    reconcile(scene)

    assert scene.aha.feature("PROD-1")["name"] == "Brought"
    assert watermark(scene).isoformat() > refused
    assert scene.log("reconcile.item-failed") == []
    assert len(scene.log("aha.refused")) == 1


def test_a_record_that_aha_refuses_does_not_hold_back_a_notification_without_details(scene: Scene) -> None:
    scene.subscribe_anew(
        resourceVersion="1.0",
        consumerInputs={"url": scene.integration.webhook_url, "resourceDetailsToSend": "none"},
    )
    number = send_sample(scene)
    sent = scene.send(scene.aha.event("PROD-1")["feature"])
    scene.aha.takes_writes("PROD-2", refuses=REFUSALS[0])
    scene.edit(number, title="Refused")
    scene.edit(sent.ids[0], title="Brought")

    answers = scene.deliver(**AGAIN)

    assert {answer["status"] for answer in answers} == {200}
    assert scene.aha.feature("PROD-1")["name"] == "Brought"


@pytest.mark.parametrize("refused", ["name", "description", "workflow_status"])
def test_one_field_that_aha_refuses_does_not_hold_back_the_others(scene: Scene, refused: str) -> None:
    number = send_sample(scene)
    before = brought(scene)
    scene.aha.takes_writes("PROD-2", refuses={**REFUSALS[0], "fields": [refused]})

    scene.edit(number, title="Named anew", description="<p>Anew</p>", state="Active")
    (answer,) = scene.deliver(**AGAIN)

    wanted = ("Named anew", "<p>Anew</p>", "In progress")
    is_refused = [refused == name for name in ("name", "description", "workflow_status")]
    expected = tuple(
        old if refuses else new for old, new, refuses in zip(before, wanted, is_refused, strict=True)
    )
    assert (answer["status"], answer["result"]) == (200, "updated")
    assert brought(scene) == expected
    # What a product manager sends meanwhile leaves the engineer's text alone, and nothing comes back as a change.
    scene.post(scene.aha.event("PROD-2", "update_feature"))
    assert scene.value(number, "System.Title") == "Named anew"

    scene.aha.takes_writes("PROD-2")
    scene.edit(number, title="Named again")
    scene.deliver()
    assert brought(scene) == ("Named again", *wanted[1:])


def test_two_fields_that_aha_refuses_do_not_hold_back_the_third(scene: Scene) -> None:
    number = send_sample(scene)
    before = brought(scene)
    scene.aha.takes_writes("PROD-2", refuses={**REFUSALS[0], "fields": ["name", "workflow_status"]})

    scene.edit(number, title="Named anew", description="<p>Anew</p>", state="Active")
    (answer,) = scene.deliver(**AGAIN)

    assert (answer["status"], answer["result"]) == (200, "updated")
    assert brought(scene) == (before[0], "<p>Anew</p>", before[2])
    assert len(scene.log("aha.refused", "error")) == 1
    assert len(scene.log("aha.status-refused", "error")) == 1


def test_a_record_that_aha_lets_the_token_not_read_is_answered_once(scene: Scene) -> None:
    number = send_sample(scene)
    body = {"error": "You do not have permission to do this."}
    scene.aha.add_fault(method="GET", path="^/api/v1/features/", status=403, body=body, times=1)

    scene.edit(number, title="Named anew")
    (answer,) = scene.deliver(**AGAIN)

    assert (answer["status"], answer["reason"]) == (200, "aha_refused")
    assert "PROD-2" in scene.log("aha.refused", "error")[0]["message"]
    scene.edit(number, description="<p>Anew</p>")
    scene.deliver()
    assert brought(scene)[:2] == ("Named anew", "<p>Anew</p>")


@pytest.mark.parametrize("kept", [["name"], ["workflow_status"], ["name", "description", "workflow_status"]])
def test_values_that_aha_keeps_although_it_answers_with_success_are_not_agreed(
    scene: Scene, kept: list[str]
) -> None:
    number = send_sample(scene)
    before = brought(scene)
    scene.aha.takes_writes("PROD-2", keeps=kept)

    scene.edit(number, title="Named anew", description="<p>Anew</p>", state="Active")
    (answer,) = scene.deliver(**AGAIN)

    wanted = ("Named anew", "<p>Anew</p>", "In progress")
    names = ("name", "description", "workflow_status")
    assert brought(scene) == tuple(
        old if name in kept else new for name, old, new in zip(names, before, wanted, strict=True)
    )
    expected = ("ignored", "aha_refused") if len(kept) == 3 else ("updated", None)
    assert (answer["result"], answer["reason"]) == expected
    (entry,) = scene.log("aha.kept", "warning")
    assert "PROD-2" in entry["message"]
    assert f"/_workitems/edit/{number}" in entry["message"]

    # Nothing is tried for ever: not by the same notification, by Reconcile or by a send.
    forget_requests(scene)
    scene.notify({"eventType": "workitem.updated", "resource": {"workItemId": number, "id": 2}})
    reconcile(scene)
    assert scene.aha_requests("PUT") == []
    scene.post(scene.aha.event("PROD-2", "update_feature"))
    assert (scene.value(number, "System.Title"), scene.value(number, "System.State")) == (
        "Named anew",
        "Active",
    )

    scene.aha.takes_writes("PROD-2")
    scene.edit(number, title="Named again")
    scene.deliver()
    assert brought(scene) == ("Named again", *wanted[1:])


def test_an_edit_of_the_product_manager_after_a_kept_value_wins_with_the_next_send(scene: Scene) -> None:
    number = send_sample(scene)
    scene.aha.takes_writes("PROD-2", keeps=["name"])
    scene.edit(number, title="Of the engineer")
    scene.deliver()

    scene.aha.edit("PROD-2", name="Of the product manager")
    sent = scene.post(scene.aha.event("PROD-2", "update_feature"))

    assert scene.value(number, "System.Title") == "Of the product manager"
    assert [conflict["field"] for conflict in sent.feature["conflicts"]] == ["name"]


STATUSES = [500, 520, 522, 524, 530, 599]


@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("status", STATUSES)
def test_no_status_of_a_proxy_is_taken_for_a_refusal_of_aha(
    scene: Scene, status: int, carried_out: bool
) -> None:
    number = send_sample(scene)
    fault: dict[str, Any] = {
        "status": status,
        "effect": "done" if carried_out else "none",
        "body": "<html>Error</html>",
    }
    scene.aha.add_fault(method="PUT", path="^/api/v1/features/", times=4, **fault)

    scene.edit(number, title="Named anew", state="Active")
    answers = scene.deliver(**AGAIN)

    # What Aha! did is seen by the second look.
    assert [answer["status"] for answer in answers] == ([200] if carried_out else [503, 200])
    assert brought(scene)[0] == "Named anew"
    assert brought(scene)[2] == "In progress"
    assert scene.log("aha.refused") == scene.log("aha.status-refused") == []
    assert scene.post(scene.aha.event("PROD-2", "update_feature")).actions == ["unchanged"]
