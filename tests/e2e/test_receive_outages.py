"""Notifications on bad days: delivered again when that may help, never lost, and the log tells what to do."""

from __future__ import annotations

from typing import Any

import pytest

from local.system import READ_TOKEN, WRITE_TOKEN
from tests.e2e.reconciling import damage_link, repair_link
from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import Scene

NAME = "Refund to the same card"
ATTEMPTS = 4
"""How often the app asks before it gives up."""

AGAIN = {"time_scale": 0.001}
"""Azure DevOps delivers again without waiting."""


def send_sample(scene: Scene) -> int:
    sent = scene.send(scene.aha.event("PROD-2")["feature"])
    scene.azure_devops.clear_requests()
    scene.aha.clear_requests()
    return int(sent.ids[0])


def statuses(answers: list[Json]) -> list[int]:
    return [answer["status"] for answer in answers]


@pytest.mark.parametrize("status", [500, 503])
def test_a_notification_is_delivered_again_when_azure_devops_was_down(scene: Scene, status: int) -> None:
    number = send_sample(scene)
    scene.azure_devops.add_fault(method="GET", path="/workitems/", status=status, times=ATTEMPTS)

    scene.edit(number, title="Named anew")
    answers = scene.deliver(**AGAIN)

    assert statuses(answers) == [503, 200]
    assert answers[0]["code"] == "azure_devops_unavailable"
    assert scene.aha.feature("PROD-2")["name"] == "Named anew"


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_notification_is_delivered_again_when_aha_was_down(scene: Scene, method: str) -> None:
    number = send_sample(scene)
    scene.aha.add_fault(method=method, path="^/api/v1/features/", status=503, times=ATTEMPTS)

    scene.edit(number, title="Named anew")
    answers = scene.deliver(**AGAIN)

    assert statuses(answers) == [503, 200]
    assert answers[0]["code"] == "aha_unavailable"
    assert scene.aha.feature("PROD-2")["name"] == "Named anew"


def test_a_short_outage_is_bridged_without_another_delivery(scene: Scene) -> None:
    number = send_sample(scene)
    scene.azure_devops.add_fault(method="GET", path="/workitems/", status=503, times=1)
    scene.aha.add_fault(method="PUT", status=502, times=1)

    scene.edit(number, title="Named anew")

    assert statuses(scene.deliver()) == [200]
    assert scene.aha.feature("PROD-2")["name"] == "Named anew"


def test_ahas_request_to_wait_is_honoured(scene: Scene) -> None:
    number = send_sample(scene)
    scene.aha.add_fault(method="PUT", status=429, headers={"Retry-After": "1"}, times=1)

    scene.edit(number, title="Named anew")
    assert statuses(scene.deliver()) == [200]

    refused, accepted = scene.aha_requests("PUT")
    assert accepted["started_at"] - refused["ended_at"] >= 1
    assert scene.aha.feature("PROD-2")["name"] == "Named anew"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_connection_that_breaks_while_aha_is_written_to_changes_it_once(scene: Scene, moment: str) -> None:
    number = send_sample(scene)
    scene.aha.add_fault(method="PUT", cut=moment)

    scene.edit(number, title="Named anew", description="<p>Anew</p>", state="Active")
    assert statuses(scene.deliver()) == [200]

    feature = scene.aha.feature("PROD-2")
    assert (feature["name"], feature["workflow_status"]["name"]) == ("Named anew", "In progress")
    assert scene.post(scene.aha.event("PROD-2", "update_feature")).actions == ["unchanged"]


def test_a_notification_is_delivered_again_when_storage_was_down(scene: Scene) -> None:
    number = send_sample(scene)
    scene.edit(number, title="Named anew")
    body = {"eventType": "workitem.updated", "resource": {"workItemId": number, "id": 2}}

    scene.system.storage.stop()
    refused = scene.notify(body)
    scene.system.storage.start()

    assert refused.status_code == 503
    assert refused.json()["code"] == "storage_unavailable"
    assert int(refused.headers["retry-after"]) > 0
    assert scene.notify(body).json()["result"] == "updated"
    assert scene.aha.feature("PROD-2")["name"] == "Named anew"


def test_a_link_that_cannot_be_read_is_in_the_log_and_delivered_again(scene: Scene) -> None:
    number = send_sample(scene)
    scene.edit(number, title="Named anew")
    body = {"eventType": "workitem.updated", "resource": {"workItemId": number, "id": 2}}
    row = damage_link(scene, number)

    failed = scene.notify(body)

    assert (failed.status_code, failed.json()["code"]) == (503, "internal_error")
    assert scene.log("operation.defect", "error") != []
    repair_link(scene, row)
    assert scene.notify(body).json()["result"] == "updated"


def test_the_log_of_an_outage_names_record_and_work_item(scene: Scene) -> None:
    number = send_sample(scene)
    scene.aha.add_fault(method="PUT", path="^/api/v1/features/", status=503, times=ATTEMPTS)

    scene.edit(number, title="Named anew")
    scene.deliver(**AGAIN)

    (entry,) = scene.log("operation.failed", "error")
    assert entry["message"].startswith(f"PROD-2, work item {number}: ")
    assert (entry["detail"]["reference"], entry["detail"]["work_item_id"]) == ("PROD-2", number)


def test_a_refused_azure_devops_token_is_not_taken_for_a_change_and_the_log_tells_what_to_do(
    scene: Scene,
) -> None:
    number = send_sample(scene)
    scene.edit(number, title="Named anew")
    scene.azure_devops.control("DELETE", f"/tokens/{WRITE_TOKEN}")
    body = {"eventType": "workitem.updated", "resource": {"workItemId": number, "id": 2}}

    refused = scene.notify(body)

    assert refused.status_code == 503
    assert refused.json()["code"] == "azure_devops_credentials_rejected"
    assert scene.aha_requests("PUT") == []
    assert "personal access token" in scene.log("operation.failed", "error")[0]["message"]
    scene.azure_devops.control("POST", "/tokens", {"token": WRITE_TOKEN, "kind": "write"})
    assert scene.notify(body).json()["result"] == "updated"


def test_a_refused_aha_token_loses_no_change(scene: Scene) -> None:
    number = send_sample(scene)
    scene.configure(aha={"url": scene.aha.account_url, "api_token": "wrong"})
    scene.edit(number, title="Named anew")
    body = {"eventType": "workitem.updated", "resource": {"workItemId": number, "id": 2}}

    refused = scene.notify(body)

    assert refused.status_code == 503
    assert refused.json()["code"] == "aha_credentials_rejected"
    scene.configure()
    assert scene.notify(body).json()["result"] == "updated"
    assert scene.aha.feature("PROD-2")["name"] == "Named anew"


def test_a_token_that_may_only_read_is_enough_to_receive(scene: Scene) -> None:
    number = send_sample(scene)
    target = scene.integration.body["azure_devops"] | {"personal_access_token": READ_TOKEN}
    scene.configure(azure_devops=target)

    scene.edit(number, title="Named anew")

    assert statuses(scene.deliver()) == [200]
    assert scene.aha.feature("PROD-2")["name"] == "Named anew"


BEHAVIOURS: list[Json] = [
    {},
    {"refused_status": 400},
    {"error_shape": "errors_object"},
    {"error_shape": "errors_list"},
]


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_status_that_aha_refuses_does_not_hold_back_name_and_description(
    scene: Scene, behaviour: dict[str, Any]
) -> None:
    kind = scene.integration.body["feature"] | {"status_mapping": {"Active": "No such status"}}
    scene.configure(feature=kind)
    scene.aha.control("PUT", "/behaviour", behaviour)
    number = send_sample(scene)

    scene.edit(number, title="Named anew", description="<p>Anew</p>", state="Active")
    (answer,) = scene.deliver()

    feature = scene.aha.feature("PROD-2")
    assert (answer["status"], answer["result"]) == (200, "updated")
    assert (feature["name"], feature["description"]["body"]) == ("Named anew", "<p>Anew</p>")
    assert feature["workflow_status"]["name"] == "Under consideration"
    (entry,) = scene.log("aha.status-refused", "error")
    assert entry["detail"]["status"] == "No such status"
    assert "No such status" in entry["message"]
    assert "workflow" in entry["message"]


def test_a_status_that_aha_refused_is_asked_for_again_with_the_next_change(scene: Scene) -> None:
    mapping = {"Active": "No such status"}
    scene.configure(feature=scene.integration.body["feature"] | {"status_mapping": mapping})
    number = send_sample(scene)
    scene.edit(number, state="Active")
    (answer,) = scene.deliver()
    assert (answer["result"], answer["reason"]) == ("unchanged", "status_refused")
    assert len(scene.log("aha.status-refused")) == 1

    mapping = {"Active": "In progress"}
    scene.configure(feature=scene.integration.body["feature"] | {"status_mapping": mapping})
    scene.edit(number, title="Named anew")
    scene.deliver()

    feature = scene.aha.feature("PROD-2")
    assert (feature["name"], feature["workflow_status"]["name"]) == ("Named anew", "In progress")
    assert len(scene.log("aha.status-refused")) == 1
