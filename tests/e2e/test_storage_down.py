"""Table Storage is down: every function says so and does nothing by halves, and all is well once it is back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from local.system import WRITE_TOKEN, LocalSystem
from tests.e2e.configuration_bodies import problem_of
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest, eventually

SECONDS = 30
"""How long an answer may take at most; none of them comes near the time after which a caller gives up."""


@pytest.fixture
def event(aha: Aha, integration: IntegrationUnderTest) -> dict[str, object]:
    """A feature that was not sent yet."""
    return aha.event("PROD-1")


def functions(
    api: Api, integration: IntegrationUnderTest, event: object
) -> dict[str, Callable[[], requests.Response]]:
    """A call of each function that needs the tables."""
    path = f"/integrations/{integration.id}"
    updated = {"eventType": "workitem.updated", "resource": {"workItemId": 1, "rev": 2}}
    return {
        "list": lambda: api.get("/integrations", timeout=SECONDS),
        "read": lambda: api.get(path, timeout=SECONDS),
        "save": lambda: api.put(path, json={**integration.body, "name": "Lost"}, timeout=SECONDS),
        "delete": lambda: api.delete(path, timeout=SECONDS),
        "log": lambda: api.get(f"{path}/log", timeout=SECONDS),
        "test": lambda: api.post("/test-connection", {"integration_id": integration.id}, timeout=SECONDS),
        "send": lambda: api.post(f"{path}/features", event, timeout=SECONDS),
        "send by reference": lambda: api.post(f"{path}/features/PROD-1", timeout=SECONDS),
        "linked features": lambda: api.get(f"{path}/features", timeout=SECONDS),
        "standing": lambda: api.get(f"{path}/features/PROD-1", timeout=SECONDS),
        "link": lambda: api.put(f"{path}/features/PROD-1", json={"work_item_id": 1}, timeout=SECONDS),
        "unlink": lambda: api.delete(f"{path}/features/PROD-1", timeout=SECONDS),
        "subscription": lambda: api.get(f"{path}/service-hook", timeout=SECONDS),
        "unsubscribe": lambda: api.delete(f"{path}/service-hook", timeout=SECONDS),
        "subscribe": lambda: api.post(f"{path}/service-hook", timeout=SECONDS),
        "webhook": lambda: api.post(integration.webhook_url, updated, timeout=SECONDS),
        "health": lambda: api.get("/health", timeout=SECONDS),
    }


@pytest.mark.contract
def test_while_storage_is_down_every_function_says_so_and_it_comes_back_by_itself(
    system: LocalSystem,
    api: Api,
    azure_devops: AzureDevOps,
    integration: IntegrationUnderTest,
    event: dict[str, object],
) -> None:
    before = api.get(f"/integrations/{integration.id}").json()
    calls = functions(api, integration, event)
    system.storage.stop()

    for name, call in calls.items():
        answer = call()
        problem = problem_of(answer, 503, "storage_unavailable")
        assert "Table Storage" in problem["detail"], name
        assert "127.0.0.1" not in answer.text
    # What needs no stored integration works as ever.
    body = {"account_name": "fabrikam", "personal_access_token": WRITE_TOKEN}
    assert api.post("/test-connection", body).status_code == 200
    assert azure_devops.ids() == []

    system.storage.start()

    eventually(lambda: api.get("/integrations").status_code == 200)
    eventually(lambda: api.get("/health").status_code == 200)
    assert api.get(f"/integrations/{integration.id}").json() == before
    sent = api.post(f"/integrations/{integration.id}/features", event)
    assert sent.status_code == 201
    assert len(azure_devops.ids()) == 1 + len(sent.json()["requirements"])


def test_a_notification_that_storage_was_down_for_is_delivered_again(
    system: LocalSystem,
    api: Api,
    azure_devops: AzureDevOps,
    aha: Aha,
    integration: IntegrationUnderTest,
    event: dict[str, object],
) -> None:
    feature = api.post(f"/integrations/{integration.id}/features", event).json()["feature"]
    azure_devops.deliver()
    azure_devops.control("PUT", "/service_hooks", {"time_scale": 0.01})
    system.storage.stop()

    azure_devops.edit(feature["work_item"]["id"], {"System.State": "Active"})
    eventually(lambda: 503 in [attempt["status"] for attempt in azure_devops.deliveries()])
    azure_devops.control("PUT", "/service_hooks", {"paused": True})
    system.storage.start()
    azure_devops.control("PUT", "/service_hooks", {"paused": False})

    eventually(lambda: aha.status("PROD-1") == "In progress")
