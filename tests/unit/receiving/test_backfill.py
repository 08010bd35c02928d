"""What a backfill came to."""

from __future__ import annotations

from shared.domain.synced_page import RecordFailed
from shared.errors import System, Unavailable
from shared.receiving.backfill import Backfilled
from tests.unit.examples import NOON

AHA_DOWN = Unavailable(System.AHA, "Aha! is down.")
STORAGE_DOWN = Unavailable(System.STORAGE, "Table Storage is down.")


def test_a_record_that_failed_says_more_than_what_stopped_the_rest() -> None:
    failures = (RecordFailed(12, "PROD-2", AHA_DOWN), RecordFailed(13, "PROD-3", STORAGE_DOWN))

    assert Backfilled(NOON, failures=failures, stopped_by=STORAGE_DOWN).error is AHA_DOWN
    assert Backfilled(NOON, stopped_by=STORAGE_DOWN).error is STORAGE_DOWN
    assert Backfilled(NOON, updated=3).error is None
