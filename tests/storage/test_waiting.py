"""A send that waits for another one of the same records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.clock import Clock
from shared.domain.images import Images
from shared.domain.records import Record
from shared.sending.own_claims import OwnClaims
from shared.sending.waiting import LONGEST_WAIT_SECONDS, pause_after, wait_for_others
from shared.storage.links import LinkStore
from tests.storage.relay import FaultyStorage
from tests.unit.examples import NOON, a_record, a_requirement
from tests.unit.operations import Clock as ManualTime
from tests.unit.operations import an_operation

FEATURE = a_record()
RECORDS = [FEATURE, *(a_requirement(id=f"R-{number}") for number in range(4))]


class Waiting:
    """A send that waits, and another one that holds its records. Pauses take no time."""

    def __init__(self, store: LinkStore, integration_id: str, seconds: float = 600) -> None:
        self.time = ManualTime()
        self._clock = Clock(now=lambda: NOON, monotonic=self.time, sleep=self._sleep)
        operation, _ = an_operation(seconds, self.time)
        self._deadline = operation.deadline
        self._claims = OwnClaims(store, integration_id, operation, Images(), self._clock)
        other = replace(operation, id="op-other")
        self.other = OwnClaims(store, integration_id, other, Images(), self._clock)
        self.after_pause: Callable[[], None] = lambda: None

    def _sleep(self, seconds: float) -> None:
        self.time.sleep(seconds)
        self.after_pause()

    def wait(self, *records: Record, waited: float = 0.0) -> float:
        """Wait for these records."""
        ids = [record.id for record in records]
        return wait_for_others(ids, self._claims, self._clock, self._deadline, waited)


def test_the_pauses_grow() -> None:
    waited, pauses = 0.0, []
    while waited < 10:
        pauses.append(round(pause_after(waited), 2))
        waited += pause_after(waited)

    assert pauses == [0.25, 0.25, 0.25, 0.38, 0.56, 0.84, 1.27, 1.9, 2.0, 2.0, 2.0]


def test_five_seconds_of_waiting_read_each_claim_eight_times(
    faulty_storage: FaultyStorage, unreliable: LinkStore, integration_id: str
) -> None:
    waiting = Waiting(unreliable, integration_id, seconds=6.5)
    waiting.other.claim(RECORDS)
    faulty_storage.clear_requests()

    assert waiting.wait(*RECORDS) == pytest.approx(5.7, abs=0.1)

    read = [request["path"] for request in faulty_storage.requests()]
    assert len(read) == 8 * len(RECORDS)


def test_the_wait_ends_when_one_record_is_free(store: LinkStore, integration_id: str) -> None:
    waiting = Waiting(store, integration_id)
    waiting.other.claim(RECORDS)
    pauses: list[None] = []

    def release_at_the_third() -> None:
        pauses.append(None)
        if len(pauses) == 3:
            waiting.other.release([RECORDS[2].id])

    waiting.after_pause = release_at_the_third

    assert waiting.wait(*RECORDS) == 0.75


def test_the_wait_ends_when_a_claim_is_past_its_minute(
    faulty_storage: FaultyStorage, unreliable: LinkStore, integration_id: str
) -> None:
    waiting = Waiting(unreliable, integration_id)
    waiting.other.claim([FEATURE])
    faulty_storage.relay.since_writes = timedelta(seconds=61)

    assert waiting.wait(FEATURE) == 0.25


def test_a_send_waits_no_longer_than_an_abandoned_claim_lasts(store: LinkStore, integration_id: str) -> None:
    waiting = Waiting(store, integration_id)
    waiting.other.claim([FEATURE])

    assert LONGEST_WAIT_SECONDS <= waiting.wait(FEATURE, waited=60) < LONGEST_WAIT_SECONDS + 2


def test_a_send_that_knows_of_no_other_looks_again_after_one_pause(
    store: LinkStore, integration_id: str
) -> None:
    assert Waiting(store, integration_id).wait() == 0.25
