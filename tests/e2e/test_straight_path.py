"""A feature travels from Aha! to Azure DevOps, and a change travels back."""

from __future__ import annotations

from local.system import LocalSystem
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest, ensure_running


def test_a_feature_and_its_requirements_become_work_items_below_each_other(
    api: Api, azure_devops: AzureDevOps, aha: Aha, integration: IntegrationUnderTest
) -> None:
    answer = api.send(integration.id, aha.event("PROD-1"))

    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert sent["status"] == "succeeded"
    feature_id = sent["feature"]["work_item"]["id"]
    fields = azure_devops.fields(feature_id)
    assert fields["System.WorkItemType"] == "Feature"
    assert fields["System.Title"] == aha.feature("PROD-1")["name"]
    assert fields["System.AreaPath"] == "Fabrikam\\Web"
    below = azure_devops.relations(feature_id, "System.LinkTypes.Hierarchy-Forward")
    children = [relation["url"].rpartition("/")[2] for relation in below]
    sent_children = [str(requirement["work_item"]["id"]) for requirement in sent["requirements"]]
    assert sorted(children) == sorted(sent_children)
    assert len(children) == len(aha.feature("PROD-1")["requirements"])


def test_sending_again_changes_nothing(
    api: Api, azure_devops: AzureDevOps, aha: Aha, integration: IntegrationUnderTest
) -> None:
    api.send(integration.id, aha.event("PROD-1"))
    before = {item["id"]: item["rev"] for item in azure_devops.all_work_items()}

    answer = api.send(integration.id, aha.event("PROD-1", "update_feature"))

    assert answer.status_code == 200, answer.text
    assert answer.json()["feature"]["action"] == "unchanged"
    assert {item["id"]: item["rev"] for item in azure_devops.all_work_items()} == before


def test_an_engineers_changes_of_title_and_state_arrive_in_aha(
    api: Api, azure_devops: AzureDevOps, aha: Aha, integration: IntegrationUnderTest
) -> None:
    sent = api.send(integration.id, aha.event("PROD-1")).json()

    azure_devops.edit(
        sent["feature"]["work_item"]["id"], {"System.Title": "Pay by any card", "System.State": "Active"}
    )
    azure_devops.deliver()

    feature = aha.feature("PROD-1")
    assert feature["name"] == "Pay by any card"
    assert feature["workflow_status"]["name"] == "In progress"


def test_storage_that_comes_back_finds_what_was_configured(
    api: Api, aha: Aha, integration: IntegrationUnderTest, system: LocalSystem
) -> None:
    system.storage.stop()
    answer = api.send(integration.id, aha.event("PROD-1"))
    assert answer.status_code == 503
    assert answer.json()["code"] == "storage_unavailable"
    assert int(answer.headers["retry-after"]) > 0

    system.storage.start()
    assert api.send(integration.id, aha.event("PROD-1")).status_code == 201


def test_a_restarted_function_app_goes_on_with_what_was_sent(
    api: Api, aha: Aha, integration: IntegrationUnderTest, system: LocalSystem
) -> None:
    api.send(integration.id, aha.event("PROD-1"))
    system.restart_host()
    assert api.send(integration.id, aha.event("PROD-1")).json()["feature"]["action"] == "unchanged"


def test_a_setting_that_is_missing_is_named_and_the_next_test_has_it_again(
    api: Api, aha: Aha, integration: IntegrationUnderTest, system: LocalSystem
) -> None:
    system.restart_host({"SECRETS_KEY": None})
    answer = api.send(integration.id, aha.event("PROD-1"))
    assert answer.status_code == 500
    assert "SECRETS_KEY" in answer.json()["detail"]

    ensure_running(system)
    assert api.send(integration.id, aha.event("PROD-1")).status_code == 201
