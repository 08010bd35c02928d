"""What each end-to-end test works with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.faults import FaultInjection
from local.serving import start_in_thread
from local.system import LocalSystem
from tests.e2e.configuration_tables import rows_of_integration
from tests.e2e.sending_scene import Scene
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest, ensure_running
from tests.secrets_search import KEPT
from tests.storage.relay import FaultyStorage, Relay

_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture
def api(system: LocalSystem) -> Iterator[Api]:
    """Our own HTTP API with the function key; integrations a test makes are gone after it."""
    client = Api(system.functions_url, system.function_key)
    yield client
    ensure_running(system)
    for made in client.made:
        KEPT.keep_rows(rows_of_integration(system, made))
    client.delete_what_was_made()


@pytest.fixture
def integration_id() -> str:
    """An id that no other test uses."""
    return f"test-{next(_numbers)}"


@pytest.fixture
def integration(api: Api, azure_devops: AzureDevOps, aha: Aha, integration_id: str) -> IntegrationUnderTest:
    """A complete, enabled integration between both sandboxes, its webhook subscribed in Azure DevOps."""
    return IntegrationUnderTest.set_up(api, azure_devops, aha, integration_id)


@pytest.fixture
def scene(
    system: LocalSystem, api: Api, azure_devops: AzureDevOps, aha: Aha, integration: IntegrationUnderTest
) -> Scene:
    """An integration and both sides of it. Notifications are held until the test lets them go."""
    made = Scene(system, api, azure_devops, aha, integration)
    made.hold_notifications()
    return made


@pytest.fixture
def storage(system: LocalSystem) -> Iterator[FaultyStorage]:
    """The system's Table Storage by way of a relay that can refuse requests."""
    relay = Relay(system.tables_connection_string)
    server = start_in_thread(FaultInjection(relay))
    try:
        yield FaultyStorage(server.url, relay)
    finally:
        server.stop()
