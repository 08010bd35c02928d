"""Times as Aha! and Azure DevOps write them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.times import parse_date, parse_time
from tests.unit.examples import json_values


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-04-03T17:39:27.658Z", datetime(2025, 4, 3, 17, 39, 27, 658_000, timezone.utc)),
        ("2025-04-03T17:39:27Z", datetime(2025, 4, 3, 17, 39, 27, 0, timezone.utc)),
        ("2025-12-04T15:24:47.4493006Z", datetime(2025, 12, 4, 15, 24, 47, 449_300, timezone.utc)),
        ("2025-12-04T15:24:47.4Z", datetime(2025, 12, 4, 15, 24, 47, 400_000, timezone.utc)),
        ("2025-12-04T15:24:47+02:00", datetime(2025, 12, 4, 13, 24, 47, 0, timezone.utc)),
        ("2025-12-04T15:24:47", datetime(2025, 12, 4, 15, 24, 47, 0, timezone.utc)),
    ],
)
def test_a_time_is_read_with_any_number_of_digits(text: str, moment: datetime) -> None:
    assert parse_time(text) == moment


@given(json_values() | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?"))
@example("9999-12-31T23:59:59-23:59")
@example("0001-01-01T00:00:00+23:59")
@example("2025-13-45T25:61:61Z")
@example("2025-01-01T00:00:00+99:99")
def test_anything_else_is_not_a_time(value: Any) -> None:
    moment = parse_time(value)

    assert moment is None or moment.tzinfo is timezone.utc


NOW = datetime(2025, 4, 3, 12, 0, 0, 0, timezone.utc)


@pytest.mark.parametrize(
    ("text", "is_time"),
    [
        ("0001-01-01T00:00:00Z", False),
        ("1601-01-01T00:00:00Z", False),
        ("1999-12-31T23:59:59Z", False),
        ("2000-01-01T00:00:00Z", True),
        ("2025-04-04T12:00:00Z", True),
        ("2025-04-04T12:00:01Z", False),
        ("9999-12-31T23:59:59Z", False),
    ],
)
def test_a_time_before_2000_or_after_tomorrow_is_no_time(text: str, is_time: bool) -> None:
    assert (parse_time(text, now=NOW) is not None) is is_time
    assert parse_time("2025-04-03T13:30:00Z", ahead=timedelta(hours=1), now=NOW) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-10", date(2026, 12, 10)),
        ("2999-12-31", date(2999, 12, 31)),
        ("9999-12-31", None),
        ("2026-02-30", None),
        ("20261210", None),
        ("2026-12-10T00:00:00Z", None),
        ("10.12.2026", None),
        ("２026-12-10", None),
        ("", None),
    ],
)
def test_a_date_is_read(text: str, expected: date | None) -> None:
    assert parse_date(text) == expected
