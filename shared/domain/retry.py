"""Decide whether and when a request is retried."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

ATTEMPTS = 4
"""The most attempts for one request, the first one included."""

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 8.0

LONGEST_WAIT = 300.0
"""Seconds. The longest wait that an answer can impose: no other system may block an account for longer."""


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds to wait that an answer asks for, at most LONGEST_WAIT; None if it asks for none.

    `headers` has names in lower case. Retry-After is a number of seconds or an HTTP date (RFC 9110 §10.2.3). Aha! has
    also sent it as Retry_After.
    """
    value = (headers.get("retry-after") or headers.get("retry_after") or "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except (TypeError, ValueError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        seconds = (moment - now).total_seconds()
    return min(max(0.0, seconds), LONGEST_WAIT) if seconds == seconds else None


def pause_before(attempt: int, *, asked: float | None, remaining: float, jitter: float) -> float | None:
    """Seconds to wait before attempt number `attempt` (the first retry is 2), or None to give up.

    `asked` is the wait that the last answer asked for, in seconds. `remaining` is the time left in the operation, in
    seconds. `jitter` is a random number from 0 to 1. The back-off is exponential with full jitter, so that many clients
    do not retry at the same moment.
    """
    if attempt > ATTEMPTS:
        return None
    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (attempt - 2)) * jitter
    if asked is not None:
        # The jitter spreads clients that got the same Retry-After.
        pause = asked + 0.1 * jitter
    return pause if pause < remaining else None
