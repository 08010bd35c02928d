"""Read the times that Aha! and Azure DevOps write, and write those of answers."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?")


_DATE = re.compile(r"2\d{3}-\d\d-\d\d")
_EARLIEST = datetime(2000, 1, 1, tzinfo=timezone.utc)
_DAY = timedelta(days=1)


def parse_time(value: Any, *, ahead: timedelta = _DAY, now: datetime | None = None) -> datetime | None:
    """A time such as 2025-04-03T17:39:27.658Z with 0 to 9 fractional digits, in UTC; None for anything else.

    A time before 2000, or more than `ahead` after `now`, is a mistake of its writer and gives None. `now` defaults to
    the present.
    """
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    seconds, fraction, zone = match.groups()
    # Python 3.10 reads no Z, and only fractions of three or six digits.
    text = f"{seconds}.{(fraction or '0')[:6]:0<6}{'+00:00' if zone in (None, 'Z') else zone}"
    try:
        moment = datetime.fromisoformat(text).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
    return moment if _EARLIEST <= moment <= (now or datetime.now(timezone.utc)) + ahead else None


def parse_date(text: str) -> date | None:
    """A date such as 2026-12-10, of the years 2000 to 2999; None for anything else."""
    if not (text.isascii() and _DATE.fullmatch(text)):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def parse_http_date(text: str, now: datetime | None = None) -> datetime | None:
    """The time in a Date header; None for anything else, and for an impossible time (see `parse_time`)."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        return None
    latest = (now or datetime.now(timezone.utc)) + _DAY
    return moment.astimezone(timezone.utc) if _EARLIEST <= moment <= latest else None


def time_text(moment: datetime | None) -> str | None:
    """A moment as answers show it, `2026-11-26T22:05:00.000Z`; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
