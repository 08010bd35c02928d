"""The sample integration between both sandboxes, which `dev.py run` sets up and the tests use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from local.api_client import ApiClient
from local.system import ACCOUNT, AHA_TOKEN, PRODUCT_ID, PROJECT, WRITE_TOKEN, LocalSystem

INTEGRATION_ID = "fabrikam-web"
AREA_PATH = "Fabrikam\\Web"

FEATURE_STATUSES = {
    "New": "Under consideration",
    "Active": "In progress",
    "Resolved": "Ready to ship",
    "Closed": "Shipped",
}
# Requirements have a workflow of their own in Aha!.
REQUIREMENT_STATUSES = {
    "New": "Under consideration",
    "Active": "In progress",
    "Resolved": "In test",
    "Closed": "Shipped",
}


def sample_integration(aha_url: str) -> dict[str, Any]:
    """The body of a PUT that configures it completely."""
    return {
        "name": "Fabrikam web",
        "product_id": PRODUCT_ID,
        "enabled": True,
        "auto_update": False,
        "azure_devops": {
            "account_name": ACCOUNT,
            "authentication": "pat",
            "personal_access_token": WRITE_TOKEN,
            "project": PROJECT,
            "area_path": AREA_PATH,
        },
        "aha": {"url": aha_url, "api_token": AHA_TOKEN, "link_back": "feature"},
        "feature": {"work_item_type": "Feature", "status_mapping": FEATURE_STATUSES, "default_fields": {}},
        "requirement": {
            "work_item_type": "User Story",
            "status_mapping": REQUIREMENT_STATUSES,
            "default_fields": {},
        },
    }


def service_hook_subscription(webhook_url: str, projects: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A subscription that sends the project's changed work items to the webhook.

    `projects` is the `value` of Azure DevOps' list of projects.
    https://learn.microsoft.com/azure/devops/service-hooks/create-subscription
    """
    project_id = next(project["id"] for project in projects if project["name"] == PROJECT)
    return {
        "publisherId": "tfs",
        "eventType": "workitem.updated",
        "resourceVersion": "1.0",
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "publisherInputs": {"projectId": project_id},
        "consumerInputs": {"url": webhook_url},
    }


def set_up_sample(system: LocalSystem) -> None:
    """Configure the sample integration of a running system on both sides. Raises ApiError."""
    _set_up_functions_and_azure_devops(system)
    _set_up_aha(system)


def _set_up_functions_and_azure_devops(system: LocalSystem) -> None:
    functions = ApiClient(f"{system.functions_url}/api", {"x-functions-key": system.function_key})
    integration = functions.put(f"/integrations/{INTEGRATION_ID}", sample_integration(system.aha.url))
    azure_devops = ApiClient(f"{system.azure_devops.url}/{ACCOUNT}", basic_password=WRITE_TOKEN)
    projects = azure_devops.get("/_apis/projects?api-version=7.1")["value"]
    azure_devops.post(
        "/_apis/hooks/subscriptions?api-version=7.1",
        service_hook_subscription(integration["webhook_url"], projects),
    )


def _set_up_aha(system: LocalSystem) -> None:
    """The Hook URL of Aha!'s Integration webhook, the extension's settings, and features of the other product."""
    control = ApiClient(f"{system.aha.url}/_control")
    hook_url = f"{system.functions_url}/api/integrations/{INTEGRATION_ID}/features?code={system.send_key}"
    control.put(f"/products/{PRODUCT_ID}/webhook", {"url": hook_url})
    settings = {"functionAppUrl": system.functions_url, "functionKey": system.send_key}
    control.put("/extension", {**settings, "integrations": f"{PRODUCT_ID} = {INTEGRATION_ID}"})
    aha = ApiClient(f"{system.aha.url}/api/v1", {"authorization": f"Bearer {AHA_TOKEN}"})
    for name in ("Pay with the phone", "Scan a receipt"):
        aha.post("/releases/MOB-R-1/features", {"feature": {"name": name}})
