"""The way that the README walks: test the connection, configure, send a feature, and see a state come back."""

from __future__ import annotations

from typing import Any

import pytest

from local.system import ACCOUNT, PROJECT, WRITE_TOKEN, LocalSystem
from tests.e2e.sending_scene import STATE, TITLE
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest, eventually


@pytest.mark.contract
def test_a_feature_travels_to_azure_devops_and_its_state_comes_back(
    api: Api, azure_devops: AzureDevOps, aha: Aha, integration_id: str
) -> None:
    # Account and token are tried; project, area and types are chosen among what the answer offers.
    credentials = {"account_name": f"https://dev.azure.com/{ACCOUNT}/", "personal_access_token": WRITE_TOKEN}
    tested = api.post("/test-connection", json={**credentials, "project": PROJECT}).json()
    assert tested["ok"] is True
    assert PROJECT in [project["name"] for project in tested["projects"]]
    area = next(area for area in tested["project"]["areas"] if area.endswith("\\Web"))
    types = {kind["name"]: kind for kind in tested["project"]["work_item_types"]}
    states = [state["name"] for state in types["Feature"]["states"]]
    assert states == ["New", "Active", "Resolved", "Closed", "Removed"]

    # The integration is saved, and its webhook URL pasted into the service hook.
    mapping = {"New": "Under consideration", "Active": "In progress", "Closed": "Shipped"}
    kind = {"status_mapping": mapping, "default_fields": {}}
    body: dict[str, Any] = {
        "name": "Fabrikam web",
        "product_id": "PROD",
        "enabled": True,
        "azure_devops": {**credentials, "authentication": "pat", "project": PROJECT, "area_path": area},
        "aha": {"url": aha.account_url, "api_token": "sandbox-aha-token"},
        "feature": {**kind, "work_item_type": "Feature"},
        "requirement": {**kind, "work_item_type": "User Story"},
    }
    saved = api.put_integration(integration_id, body)
    assert saved.status_code == 201
    assert saved.json()["azure_devops"]["account_name"] == ACCOUNT
    azure_devops.subscribe(saved.json()["webhook_url"])
    proven = api.post("/test-connection", json={"integration_id": integration_id, "project": PROJECT}).json()
    assert {check["name"]: check["ok"] for check in proven["checks"]}["create_work_item"] is True

    # The sample feature is sent.
    sent = api.send(integration_id, aha.event("PROD-1"))
    assert sent.status_code == 201
    answer = sent.json()
    work_item = answer["feature"]["work_item"]["id"]
    assert azure_devops.fields(work_item)[TITLE] == "Pay by card"
    assert len(azure_devops.relations(work_item, "System.LinkTypes.Hierarchy-Forward")) == 3
    assert len(azure_devops.relations(work_item, "AttachedFile")) == 3

    # An engineer starts work on it, and on a requirement.
    requirement = answer["requirements"][0]
    azure_devops.update(work_item, {STATE: "Active"})
    azure_devops.update(requirement["work_item"]["id"], {STATE: "Closed", TITLE: "Bank confirms"})
    eventually(lambda: aha.feature("PROD-1")["workflow_status"]["name"] == "In progress")
    eventually(lambda: aha.requirement(requirement["id"])["workflow_status"]["name"] == "Shipped")
    assert aha.requirement(requirement["id"])["name"] == "Bank confirms"

    # The log tells of both ways.
    events = {entry["event"] for entry in api.log(integration_id)}
    assert {"work-item.created", "attachment.uploaded", "record.changes"} <= events
    of_the_send = api.log(integration_id, operation_id=answer["operation_id"])
    assert {entry["operation_id"] for entry in of_the_send} == {answer["operation_id"]}


def test_a_restarted_function_app_goes_on_with_what_was_sent(
    api: Api, aha: Aha, integration: IntegrationUnderTest, system: LocalSystem
) -> None:
    api.send(integration.id, aha.event("PROD-1"))

    system.restart_host()

    assert api.send(integration.id, aha.event("PROD-1")).json()["feature"]["action"] == "unchanged"
