"""What operations cost, with the requests to Table Storage counted too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from local.bench.calls import floor_of
from local.bench.measured_system import AHA, AZURE_DEVOPS, Cost, MeasuredSystem
from local.bench.storage_relay import SYSTEM, StorageCall, StorageRelay
from local.serving import start_in_thread
from local.system import LocalSystem

EMULATOR = (
    "For a query, the emulator reads the whole table, and it updates its indexes row by row. Table Storage does not. "
    "A separate column shows the emulator's time."
)


@dataclass(frozen=True)
class StorageCost:
    """What one operation cost. `whole` includes the calls of Table Storage; `storage` has them with their kinds."""

    whole: Cost
    storage: Sequence[StorageCall]
    floor: float

    def count(self, kind: str) -> int:
        """The number of calls of Table Storage of one kind."""
        return sum(call.kind == kind for call in self.storage)

    @property
    def rows(self) -> int:
        """The number of rows that were written."""
        return sum(call.rows for call in self.storage)


class CountedStorage:
    """Table Storage behind a relay that counts requests."""

    def __init__(self, relay: StorageRelay, connection_string: str) -> None:
        self.connection_string = connection_string
        self._relay = relay

    def cost_of(self, measured: MeasuredSystem, work: Callable[[], object]) -> StorageCost:
        """Do something with latency, and measure it."""
        self._relay.take_calls()
        outside = measured.cost_of(work)
        storage = self._relay.take_calls()
        latency = {
            AHA: measured.latency_ms,
            AZURE_DEVOPS: measured.latency_ms,
            SYSTEM: self._relay.latency_ms,
        }
        calls = [*outside.calls, *storage]
        return StorageCost(replace(outside, calls=calls), storage, floor_of(calls, latency))

    def take_calls(self) -> list[StorageCall]:
        """All calls since the last time."""
        return self._relay.take_calls()


@contextmanager
def relayed_storage(system: LocalSystem, latency_ms: float) -> Iterator[CountedStorage]:
    """A relay in front of the system's Table Storage."""
    relay = StorageRelay(system.tables_connection_string, latency_ms)
    with start_in_thread(relay) as server:
        yield CountedStorage(relay, relay.connection_string_by_way_of(server.url))


@contextmanager
def counted_storage(measured: MeasuredSystem, latency_ms: float) -> Iterator[CountedStorage]:
    """The same, with a new function host that uses the relay. It keeps running afterwards; `use_host` replaces it."""
    with relayed_storage(measured.system, latency_ms) as counted:
        measured.use_host({"TABLES_CONNECTION_STRING": counted.connection_string})
        yield counted
