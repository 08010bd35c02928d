"""A query that finds too much is asked in parts, and the parts cover the whole time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.query_windows import in_windows
from shared.errors import RuleViolation, System

SINCE = datetime(2026, 3, 2, 12, 0, tzinfo=timezone.utc)


def too_many() -> RuleViolation:
    """The refusal of a query that finds more than 20,000 work items."""
    return RuleViolation(System.AZURE_DEVOPS, "Too many.", evidence={"azure_devops_code": "VS402337"})


@given(st.lists(st.integers(0, 10_000), max_size=60), st.integers(1, 8), st.booleans())
def test_every_change_is_found_once_and_in_order(minutes: list[int], most: int, is_refused: bool) -> None:
    """Changes at these minutes after the start, where a query may find `most` of them unless they are too close."""
    changes = sorted({SINCE + timedelta(minutes=2 * minute) for minute in minutes})

    def ask(start: datetime, until: datetime | None) -> list[datetime]:
        found = [moment for moment in changes if moment >= start and (until is None or moment < until)]
        if is_refused and len(found) > most:
            raise too_many()
        return found

    windows = list(in_windows(ask, SINCE, lambda found: len(found) > most))

    assert [moment for window in windows for moment in window.found] == changes
    assert windows[-1].until is None


def test_too_many_within_a_minute_is_an_error() -> None:
    def ask(start: datetime, until: datetime | None) -> list[int]:
        raise too_many()

    with pytest.raises(RuleViolation):
        list(in_windows(ask, SINCE))


def test_what_is_too_much_for_the_caller_within_a_minute_is_given_all_the_same() -> None:
    first = next(in_windows(lambda *_: [1, 2, 3], SINCE, lambda found: len(found) > 2))

    assert first.found == [1, 2, 3]
    assert first.until is not None
    assert first.until - SINCE < timedelta(minutes=2)


def test_another_refusal_is_not_asked_again() -> None:
    asked = []

    def ask(start: datetime, until: datetime | None) -> list[int]:
        asked.append(until)
        raise RuleViolation(System.AZURE_DEVOPS, "No.")

    with pytest.raises(RuleViolation):
        list(in_windows(ask, SINCE))
    assert asked == [None]
