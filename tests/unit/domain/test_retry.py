"""When a request is tried again."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.retry import ATTEMPTS, LONGEST_WAIT, pause_before, retry_after_seconds

NOW = datetime(2026, 3, 2, 12, 0, 0, tzinfo=timezone.utc)
SECONDS = st.floats(0, 1e6)
JITTER = st.floats(0, 1)

DATE_LIKE = st.builds(
    "{}, {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Mon", "Tue", ""]),
    st.integers(-1, 40) | st.just(10**30),
    st.sampled_from(["Jan", "Feb", "Xyz"]),
    st.integers(0, 10_000) | st.just(10**30),
    st.integers(0, 30),
    st.integers(0, 70),
    st.integers(0, 70),
    st.sampled_from(["GMT", "+0100", "-9999", "+99999999999999999999", "EST", "", "-0000"]),
)


@given(st.text() | DATE_LIKE)
@example("Mon, 02 Mar 2026 12:00:00 +99999999999999999999")
@example("Mon, 02 Mar 99999999999999999999 12:00:00 GMT")
@example("1e400")
@example("nan")
@example("-inf")
@example(" ")
@example("9" * 5000)
def test_no_header_value_raises_an_error(value: str) -> None:
    seconds = retry_after_seconds({"retry-after": value}, NOW)

    assert seconds is None or 0 <= seconds <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after": "-4"}, 0.0),
        ({"retry-after": "31536000"}, LONGEST_WAIT),
        ({"retry-after": "1e400"}, LONGEST_WAIT),
        ({"retry-after": "Tue, 02 Mar 2027 12:00:00 GMT"}, LONGEST_WAIT),
        ({"retry_after": "12"}, 12.0),
        ({"retry-after": "3", "retry_after": "12"}, 3.0),
        ({"retry-after": "Mon, 02 Mar 2026 12:00:07 GMT"}, 7.0),
        ({"retry-after": "Mon, 02 Mar 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Mon, 02 Mar 2026 12:00:07 -0000"}, 7.0),
    ],
)
def test_the_header_is_read_as_seconds_or_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers, NOW) == seconds


@given(st.integers(0, int(LONGEST_WAIT)))
def test_a_date_gives_the_seconds_until_then(seconds: int) -> None:
    value = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)

    assert retry_after_seconds({"retry-after": value}, NOW) == seconds


@given(st.integers(2, 10), st.none() | SECONDS, st.floats(-10, 1e6), JITTER)
def test_a_pause_is_never_negative_and_ends_within_the_remaining_time(
    attempt: int, asked: float | None, remaining: float, jitter: float
) -> None:
    pause = pause_before(attempt, asked=asked, remaining=remaining, jitter=jitter)

    assert pause is None or 0 <= pause < remaining


@given(SECONDS, JITTER)
def test_a_pause_is_at_least_what_was_asked_for(asked: float, jitter: float) -> None:
    pause = pause_before(2, asked=asked, remaining=float("inf"), jitter=jitter)

    assert pause is not None
    assert asked <= pause <= asked + 0.1


@given(JITTER)
def test_pauses_grow_and_are_spread_over_their_whole_length(jitter: float) -> None:
    pauses = [pause_before(attempt, asked=None, remaining=100, jitter=jitter) for attempt in (2, 3, 4)]

    assert pauses == [0.25 * jitter, 0.5 * jitter, jitter]


def test_there_is_no_pause_after_the_last_attempt() -> None:
    assert pause_before(ATTEMPTS, asked=None, remaining=100, jitter=1) is not None
    assert pause_before(ATTEMPTS + 1, asked=None, remaining=100, jitter=0) is None


def test_a_wait_longer_than_the_remaining_time_gives_up_at_once() -> None:
    assert pause_before(2, asked=30, remaining=20, jitter=0) is None
