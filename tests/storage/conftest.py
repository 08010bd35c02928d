"""Azurite, the emulator of Azure Storage, for the tests of this folder."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from local.faults import FaultInjection
from local.serving import start_in_thread
from shared.secret import Secret
from shared.storage.links import LinkStore
from shared.storage.tables import Tables
from tests.storage.relay import FaultyStorage, Relay


@pytest.fixture(scope="session")
def tables(azurite_connection_string: str) -> Tables:
    """The app's tables. The tests share them, each with an integration id of its own."""
    return Tables(Secret(azurite_connection_string))


@pytest.fixture
def integration_id() -> str:
    """An id that no other test uses."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def faulty_storage(azurite_connection_string: str) -> Iterator[FaultyStorage]:
    """The same tables by way of a relay that can delay, refuse and break off."""
    relay = Relay(azurite_connection_string)
    server = start_in_thread(FaultInjection(relay))
    try:
        yield FaultyStorage(server.url, relay)
    finally:
        server.stop()


@pytest.fixture
def store(tables: Tables) -> LinkStore:
    return LinkStore(tables)


@pytest.fixture
def unreliable(faulty_storage: FaultyStorage) -> LinkStore:
    return LinkStore(faulty_storage.tables)
