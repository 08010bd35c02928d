"""What holds for every test, and the storage that several folders use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from local.emulator import azurite_command, connection_string
from local.service import OrphanGuard, Service, free_port

# A busy machine is no failure: an example may take as long as it takes.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest test begins first, so that in the end nothing waits for it alone."""
    items.sort(key=lambda item: "torture" not in item.nodeid)


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
