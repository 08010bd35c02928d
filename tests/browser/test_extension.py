"""The whole way in a browser: the extension in the sandbox Aha!, the function app, and the sandbox Azure DevOps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from local.development.environment import development_environment, make_extension_ready, only_one_installer
from local.extension.build import BuildFolder
from local.system import AHA_TOKEN, WRITE_TOKEN, LocalSystem
from tests.browser.aha_page import AhaPage
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest


@pytest.fixture(scope="module", autouse=True)
def _built_extension() -> None:
    with only_one_installer():
        make_extension_ready(development_environment())
        BuildFolder(development_environment()).build()


@pytest.fixture
def aha_page(
    browser: Chrome, system: LocalSystem, aha: Aha, integration: IntegrationUnderTest
) -> Iterator[AhaPage]:
    """The sandbox Aha! with the extension set up for the integration of product PROD."""
    settings = {"functionAppUrl": system.functions_url, "functionKey": system.send_key}
    aha.control("PUT", "/extension", {**settings, "integrations": f"PROD = {integration.id}"})
    page = AhaPage(browser, aha.account_url)
    page.start()
    yield page
    complaints = page.complaints()
    browser.get("about:blank")
    assert complaints == []


def test_a_click_makes_a_work_item_of_each_record(
    aha_page: AhaPage, system: LocalSystem, azure_devops: AzureDevOps
) -> None:
    aha_page.show("/features/PROD-1")
    aha_page.press("Send to Azure DevOps")
    aha_page.sees("Sent: 4 created.", "Card form")
    titles = {item["id"]: item["fields"]["System.Title"] for item in azure_devops.all_work_items()}
    assert titles[1] == "Pay by card"
    assert len(titles) == 4
    address = aha_page.link("Feature 1").get_attribute("href") or ""
    assert address.startswith(f"{system.azure_devops.url}/")


def test_no_secret_reaches_the_browser(
    aha_page: AhaPage, system: LocalSystem, integration: IntegrationUnderTest
) -> None:
    secrets = {
        "key of SendFeature": system.send_key,
        "host key": system.function_key,
        "token of Azure DevOps": WRITE_TOKEN,
        "key of Aha!": AHA_TOKEN,
        "webhook URL": integration.webhook_url.rsplit("/", 1)[1],
    }
    with aha_page.recording_answers() as answers:
        aha_page.show("/features/PROD-1")
        aha_page.press("Send to Azure DevOps")
        aha_page.sees("Sent: 4 created.")
        recorded, kept = answers(), aha_page.kept()
    # The function app's answers are among what was recorded.
    assert "_workitems/edit/4" in recorded
    assert [name for name, secret in secrets.items() if secret in recorded + kept] == []


def test_the_panel_shows_states_and_what_changed_since(
    aha_page: AhaPage, aha: Aha, azure_devops: AzureDevOps
) -> None:
    aha_page.show("/features/PROD-1")
    aha_page.press("Send to Azure DevOps")
    aha_page.sees("Sent: 4 created.", "New")
    aha.edit("PROD-1-2", name="Changed by a manager")
    azure_devops.control("POST", "/edit", {"id": 1, "fields": {"System.State": "Active"}})

    aha_page.press("Refresh")

    aha_page.sees("Active", "Changed in Aha! since it was sent", "Changed by a manager")


def test_a_check_creates_nothing(aha_page: AhaPage, azure_devops: AzureDevOps) -> None:
    aha_page.show("/features/PROD-1")
    aha_page.press("Check")
    aha_page.sees("Checked: a send would create 4 work items.")
    assert azure_devops.ids() == []


def test_an_error_is_read_repaired_and_the_send_repeated(
    aha_page: AhaPage, api: Api, integration: IntegrationUnderTest, azure_devops: AzureDevOps
) -> None:
    wrong = {**integration.body["requirement"], "default_fields": {"Custom.NoSuchField": "x"}}
    api.put_integration(integration.id, {**integration.body, "requirement": wrong})
    aha_page.show("/features/PROD-1")
    aha_page.press("Send to Azure DevOps")
    aha_page.sees("Sent in part: 1 created, 3 failed.", "Custom.NoSuchField")
    api.put_integration(integration.id, integration.body)
    aha_page.press("Send again")
    aha_page.sees("Sent: 3 created.")
    aha_page.sees_no("Custom.NoSuchField")
    assert len(azure_devops.ids()) == 4


def test_a_disabled_integration_is_named_in_the_app_s_words(
    aha_page: AhaPage, api: Api, integration: IntegrationUnderTest
) -> None:
    api.put_integration(integration.id, {**integration.body, "enabled": False})
    aha_page.show("/features/PROD-1")
    aha_page.press("Send to Azure DevOps")
    aha_page.sees("disabled", "In the integration log:")
