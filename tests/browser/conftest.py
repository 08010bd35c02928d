"""One browser for all browser tests; each test gets a page that knows nothing of the others'."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from local.development.browser import find_browser, opened_browser
from local.system import LocalSystem
from tests.browser.page import Page
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest, ensure_running

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def browser() -> Iterator[Chrome]:
    """A headless Chromium."""
    if find_browser() is None:
        pytest.skip("Chromium or its driver is not there: python dev.py test says what to install")
    with opened_browser() as opened:
        yield opened


@pytest.fixture
def api(system: LocalSystem, azure_devops: AzureDevOps, aha: Aha) -> Iterator[Api]:
    """Our own HTTP API. Before and after a test there is no integration."""
    client = Api(system.functions_url, system.function_key)
    _delete_all(client)
    yield client
    ensure_running(system)
    _delete_all(client)


def _delete_all(client: Api) -> None:
    for integration in client.get("/integrations").json()["integrations"]:
        client.delete(f"/integrations/{integration['integration_id']}")


@pytest.fixture
def integration(api: Api, azure_devops: AzureDevOps, aha: Aha) -> IntegrationUnderTest:
    """A complete, enabled integration between both sandboxes, its webhook subscribed in Azure DevOps."""
    return IntegrationUnderTest.set_up(api, azure_devops, aha, f"shown-{next(_numbers)}")


@pytest.fixture
def page(browser: Chrome, system: LocalSystem, api: Api) -> Iterator[Page]:
    """The configuration page in a tab of its own, with the function key given."""
    made = Page(browser, f"{system.functions_url}/api/console")
    made.start(system.function_key)
    yield made
    complaints = made.complaints()
    made.leave()
    # After the test's own findings: nothing that the browser complains of, such as what the policy forbids.
    assert complaints == []
