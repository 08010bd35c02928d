"""What holds for every test, and the programs that the tests of several folders use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from local.emulator import azurite_command, connection_string
from local.service import OrphanGuard, Service, free_port
from local.system import LocalSystem
from tests.e2e.system import Aha, AzureDevOps, ensure_running, started_system

# A busy machine is no failure: an example may take as long as it takes.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where two processes share the tests: a file's stay together, but for the long ones, which begin first."""
    items.sort(key=lambda item: "torture" not in item.nodeid)
    for item in items:
        group = item.nodeid if "torture" in item.nodeid else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def azurite_connection_string(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where Azurite's table service listens; it keeps everything in memory."""
    guard = OrphanGuard()
    azurite = Service(
        "azurite",
        lambda port: azurite_command({"table": port}, None),
        port=free_port(),
        logs=tmp_path_factory.mktemp("azurite"),
        guard=guard,
        ready_line=None,
    )
    try:
        azurite.start()
        yield connection_string({"table": azurite.port})
    finally:
        azurite.stop()
        guard.close()


@pytest.fixture(scope="session")
def _running_system() -> Iterator[LocalSystem]:
    with started_system() as system:
        yield system


@pytest.fixture
def system(_running_system: LocalSystem) -> LocalSystem:
    """The running system, with every part up: a test may stop or restart parts, the next one finds them running."""
    ensure_running(_running_system)
    return _running_system


@pytest.fixture
def azure_devops(system: LocalSystem) -> AzureDevOps:
    """The sandbox Azure DevOps as it is at its start."""
    client = AzureDevOps(system.azure_devops.url)
    client.reset()
    return client


@pytest.fixture
def aha(system: LocalSystem) -> Aha:
    """The sandbox Aha! as it is at its start."""
    client = Aha(system.aha.url)
    client.reset()
    return client
