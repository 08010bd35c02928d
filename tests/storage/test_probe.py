"""Whether Table Storage answers, for a monitor that asks often."""

from __future__ import annotations

import pytest

from shared.clock import Clock
from shared.errors import Unavailable
from shared.storage.probe import StorageProbe
from tests.storage.relay import FaultyStorage
from tests.unit.operations import Clock as StandingClock


def a_probe(storage: FaultyStorage) -> tuple[StorageProbe, StandingClock]:
    clock = StandingClock()
    return StorageProbe(storage.tables, Clock(monotonic=clock)), clock


def test_storage_is_asked_once_in_five_seconds(faulty_storage: FaultyStorage) -> None:
    probe, clock = a_probe(faulty_storage)
    faulty_storage.clear_requests()

    for _ in range(10):
        probe.check()
        clock.now += 0.4
    assert len(faulty_storage.requests()) == 1

    clock.now += 5
    probe.check()
    assert len(faulty_storage.requests()) == 2


def test_a_failure_is_told_again_until_the_next_look(faulty_storage: FaultyStorage) -> None:
    probe, clock = a_probe(faulty_storage)
    faulty_storage.fail(status=403, times=None)

    with pytest.raises(Unavailable, match="Table Storage"):
        probe.check()
    faulty_storage.heal()
    with pytest.raises(Unavailable, match="Table Storage"):
        probe.check()

    clock.now += 5
    probe.check()
