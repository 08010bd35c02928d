"""What operations cost where Table Storage is counted, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from local.bench.arena import AHA, AZURE_DEVOPS, Arena, Cost
from local.bench.calls import floor_of
from local.bench.storage_relay import SYSTEM, StorageCall, StorageRelay
from local.serving import start_in_thread
from local.system import LocalSystem

EMULATOR = (
    "The emulator looks through a whole table for a query and puts indexes right row by row, which Table Storage does "
    "not: how much of the time was the emulator's own stands beside."
)


@dataclass(frozen=True)
class StorageCost:
    """What one operation cost, the calls of Table Storage among the others; and these once more with their kinds."""

    whole: Cost
    storage: Sequence[StorageCall]
    floor: float

    def count(self, kind: str) -> int:
        """How many calls of Table Storage were of a kind."""
        return sum(call.kind == kind for call in self.storage)

    @property
    def rows(self) -> int:
        """How many rows were written."""
        return sum(call.rows for call in self.storage)


class CountedStorage:
    """Table Storage by way of a relay, and the function host that uses it."""

    def __init__(self, relay: StorageRelay, connection_string: str) -> None:
        self.connection_string = connection_string
        self._relay = relay

    def cost_of(self, arena: Arena, work: Callable[[], object]) -> StorageCost:
        """Do something with latency on, and count."""
        self._relay.take_calls()
        outside = arena.cost_of(work)
        storage = self._relay.take_calls()
        latency = {AHA: arena.latency_ms, AZURE_DEVOPS: arena.latency_ms, SYSTEM: self._relay.latency_ms}
        calls = [*outside.calls, *storage]
        return StorageCost(replace(outside, calls=calls), storage, floor_of(calls, latency))

    def take_calls(self) -> list[StorageCall]:
        """The calls since the last time, whoever made them."""
        return self._relay.take_calls()


@contextmanager
def relayed_storage(system: LocalSystem, latency_ms: float) -> Iterator[CountedStorage]:
    """A relay before the system's Table Storage, for as long as this lasts."""
    relay = StorageRelay(system.tables_connection_string, latency_ms)
    with start_in_thread(relay) as server:
        yield CountedStorage(relay, relay.connection_string_by_way_of(server.url))


@contextmanager
def counted_storage(arena: Arena, latency_ms: float) -> Iterator[CountedStorage]:
    """The same with a fresh function host that uses the relay, also afterwards: `use_host` brings another one."""
    with relayed_storage(arena.system, latency_ms) as counted:
        arena.use_host({"TABLES_CONNECTION_STRING": counted.connection_string})
        yield counted
