"""The service hook's subscription, created, looked after and deleted by the app."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.e2e.configuration_bodies import changed, problem_of
from tests.e2e.system import Api, AzureDevOps, IntegrationUnderTest

SUBSCRIPTIONS = "/_apis/hooks/subscriptions"


@pytest.fixture
def path(integration: IntegrationUnderTest, azure_devops: AzureDevOps) -> str:
    """The address of an integration's service hook; there is no subscription."""
    for one in subscriptions(azure_devops):
        azure_devops.delete(f"{SUBSCRIPTIONS}/{one['id']}")
    return f"/integrations/{integration.id}/service-hook"


def subscriptions(azure_devops: AzureDevOps) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = azure_devops.get(SUBSCRIPTIONS).json()["value"]
    return found


def save_with(api: Api, integration: IntegrationUnderTest, changes: Mapping[str, Any]) -> None:
    answer = api.put_integration(integration.id, changed(integration.body, changes))
    assert answer.status_code == 200, answer.text


def events(api: Api, integration: IntegrationUnderTest) -> list[str]:
    entries = api.log(integration.id)
    return [one["event"] for one in entries if one["event"].startswith("subscription.")]


@pytest.mark.contract
def test_it_reports_every_updated_work_item_of_the_project_to_the_webhook(
    api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest, path: str
) -> None:
    assert api.get(path).json()["status"] is None

    answer = api.post(path)

    assert answer.status_code == 201, answer.text
    (made,) = subscriptions(azure_devops)
    body = answer.json()
    assert body == {
        "subscription_id": made["id"],
        "status": "enabled",
        "created": True,
        "operation_id": answer.headers["x-operation-id"],
    }
    assert (made["publisherId"], made["eventType"], made["resourceVersion"]) == (
        "tfs",
        "workitem.updated",
        "1.0",
    )
    assert made["consumerInputs"]["url"] == integration.webhook_url
    project = next(
        one for one in azure_devops.get("/_apis/projects").json()["value"] if one["name"] == "Fabrikam"
    )
    assert made["publisherInputs"]["projectId"] == project["id"]
    # An area would lose what is moved out of it.
    assert not made["publisherInputs"].get("areaPath")
    assert events(api, integration) == ["subscription.created"]
    status = api.get(path).json()
    assert (status["subscription_id"], status["status"]) == (made["id"], "enabled")


def test_there_is_never_a_second_one(
    api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest, path: str
) -> None:
    first = api.post(path).json()

    again = api.post(path)

    assert again.status_code == 200
    assert (again.json()["subscription_id"], again.json()["created"]) == (first["subscription_id"], False)
    assert len(subscriptions(azure_devops)) == 1
    assert events(api, integration) == ["subscription.unchanged", "subscription.created"]


def test_a_renewed_webhook_url_is_given_to_the_subscription_that_calls_the_old_one(
    api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest, path: str
) -> None:
    made = api.post(path).json()
    # One that was made by hand, and one that is another integration's.
    azure_devops.subscribe(f"{integration.webhook_url[:-3]}old")
    azure_devops.subscribe(integration.webhook_url.replace(integration.id, f"{integration.id}-2"))
    renewed = api.put_integration(integration.id, {**integration.body, "rotate_webhook_url": True}).json()

    before = api.get(path).json()
    answer = api.post(path)

    assert (before["subscription_id"], before["status"]) == (None, None)
    assert made["subscription_id"] in before["outdated_subscription_ids"]
    assert len(before["outdated_subscription_ids"]) == 2
    assert before["account_url"] == azure_devops.url
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["created"]) == ("enabled", False)
    left = {one["id"]: one["consumerInputs"]["url"] for one in subscriptions(azure_devops)}
    assert len(left) == 2
    assert left[answer.json()["subscription_id"]] == renewed["webhook_url"]
    assert events(api, integration)[:2] == ["subscription.outdated-removed", "subscription.renewed"]
    after = api.get(path).json()
    assert (after["status"], after["outdated_subscription_ids"]) == ("enabled", [])


def test_two_who_ask_at_the_same_moment_get_the_same_one(
    api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest, path: str
) -> None:
    # Each creates its own before it can see the other's.
    azure_devops.add_fault(method="POST", path=SUBSCRIPTIONS, delay_ms=400, times=None)
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda _: api.post(path).json(), range(2)))
    azure_devops.clear_faults()

    (left,) = subscriptions(azure_devops)
    # Whoever came second says which one stayed, whoever came first may not have seen the second.
    assert left["id"] in {one["subscription_id"] for one in answers}


@pytest.mark.parametrize("status", ["disabledByUser", "disabledBySystem", "onProbation"])
def test_one_that_is_switched_off_is_switched_on_again(
    api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest, path: str, status: str
) -> None:
    subscription_id = api.post(path).json()["subscription_id"]
    shown = azure_devops.get(f"{SUBSCRIPTIONS}/{subscription_id}").json()
    # The sandbox, as Azure DevOps, lets nobody set the other two; the list then says so in its place.
    azure_devops.add_fault(
        method="GET",
        path=SUBSCRIPTIONS,
        status=200,
        body={"count": 1, "value": [{**shown, "status": status}]},
    )

    answer = api.post(path)

    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["created"]) == ("enabled", False)
    (sent,) = [json.loads(one["body"]) for one in azure_devops.requests() if one["method"] == "PUT"]
    assert sent["status"] == "enabled"
    assert sent["consumerInputs"]["url"] == integration.webhook_url
    assert sent["eventType"] == "workitem.updated"
    assert events(api, integration)[0] == "subscription.enabled"


def test_a_masked_secret_is_never_written_back(
    api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest, path: str
) -> None:
    made = azure_devops.subscribe(
        integration.webhook_url, consumerInputs={"url": integration.webhook_url, "httpHeaders": "X-Team:web"}
    )
    shown = azure_devops.get(f"{SUBSCRIPTIONS}/{made['id']}").json()
    assert shown["consumerInputs"]["httpHeaders"] == "********"
    off = {
        **shown,
        "status": "disabledByUser",
        "consumerInputs": {"url": integration.webhook_url, "httpHeaders": "X-Team:web"},
    }
    assert azure_devops.put(f"{SUBSCRIPTIONS}/{made['id']}", off).ok
    azure_devops.clear_requests()

    answer = api.post(path)

    assert answer.status_code == 200, answer.text
    (sent,) = [one for one in azure_devops.requests() if one["method"] == "PUT"]
    assert "********" not in str(sent["body"])


def test_one_of_another_project_is_moved_to_the_integrations_own(
    api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest, path: str
) -> None:
    api.post(path)
    save_with(
        api,
        integration,
        {
            "/azure_devops/project": "Fabrikam Scrum",
            "/azure_devops/area_path": "Fabrikam Scrum",
            "/enabled": False,
        },
    )

    answer = api.post(path)

    assert answer.status_code == 200, answer.text
    (left,) = subscriptions(azure_devops)
    projects = {one["id"]: one["name"] for one in azure_devops.get("/_apis/projects").json()["value"]}
    assert projects[left["publisherInputs"]["projectId"]] == "Fabrikam Scrum"


@pytest.mark.contract
def test_it_is_deleted_with_those_of_earlier_urls_and_no_others(
    api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest, path: str
) -> None:
    api.post(path)
    azure_devops.subscribe(f"{integration.webhook_url[:-3]}old")
    others = azure_devops.subscribe(integration.webhook_url.replace(integration.id, f"{integration.id}-2"))

    answer = api.delete(path)

    assert answer.status_code == 204, answer.text
    assert [one["id"] for one in subscriptions(azure_devops)] == [others["id"]]
    assert events(api, integration)[:2] == ["subscription.deleted", "subscription.deleted"]
    assert api.get(path).json()["subscription_id"] is None
    # There is none to delete; nothing is done, and it is no error.
    assert api.delete(path).status_code == 204


def test_without_the_right_it_is_not_deleted(
    api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest, path: str
) -> None:
    api.post(path)
    azure_devops.control("POST", "/tokens", {"token": "sandbox-guest", "kind": "forbidden"})
    save_with(api, integration, {"/azure_devops/personal_access_token": "sandbox-guest"})

    problem = problem_of(api.delete(path), 422, "azure_devops_forbidden")

    assert "to delete the subscription by hand" in problem["detail"]
    assert len(subscriptions(azure_devops)) == 1


def test_without_the_right_it_says_which_right_and_what_else_can_be_done(
    api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest, path: str
) -> None:
    azure_devops.control("POST", "/tokens", {"token": "sandbox-guest", "kind": "forbidden"})
    save_with(api, integration, {"/azure_devops/personal_access_token": "sandbox-guest"})

    problem = problem_of(api.post(path), 422, "azure_devops_forbidden")

    assert "“Edit subscriptions”" in problem["detail"]
    assert "project administrator" in problem["detail"]
    assert "by hand" in problem["detail"]
    assert api.log(integration.id, level="error")[0]["detail"]["code"] == "azure_devops_forbidden"


def test_an_integration_without_a_project_has_none(api: Api, azure_devops: AzureDevOps) -> None:
    api.put_integration("begun", {"name": "Begun", "product_id": "MOB"})

    path = "/integrations/begun/service-hook"
    for answer in (api.get(path), api.post(path), api.delete(path)):
        assert "the project" in problem_of(answer, 409, "integration_incomplete")["detail"]


def test_an_integration_that_is_not_there_has_none(api: Api) -> None:
    path = "/integrations/nobody/service-hook"

    problem_of(api.get(path), 404, "integration_not_found")
    problem_of(api.post(path), 404, "integration_not_found")
    problem_of(api.delete(path), 404, "integration_not_found")


def test_a_refused_token_does_not_see_it(api: Api, integration: IntegrationUnderTest, path: str) -> None:
    save_with(api, integration, {"/azure_devops/personal_access_token": "x"})

    problem_of(api.get(path), 422, "azure_devops_credentials_rejected")


def test_an_outage_is_one(api: Api, azure_devops: AzureDevOps, path: str) -> None:
    azure_devops.add_fault(status=503, times=None)

    problem_of(api.get(path), 503, "azure_devops_unavailable")
