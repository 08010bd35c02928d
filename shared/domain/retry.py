"""When to try a request again, and when to give up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

ATTEMPTS = 4
"""How often one request is tried at most."""

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 8.0

TRANSIENT_STATUSES = frozenset((408, 429, 500, 502, 503, 504))
"""Answers that may be another one next time."""

NOT_CARRIED_OUT = frozenset((429,))
"""Answers that say that the request was turned away before anything was done."""


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """The wait that an answer asks for: Retry-After as seconds or as an HTTP date (RFC 9110 §10.2.3).

    Aha! has been seen to spell it with an underscore. Header names in lower case.
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
    return max(0.0, seconds) if seconds == seconds and seconds < 1e9 else None


def pause_before(attempt: int, *, asked: float | None, remaining: float, jitter: float) -> float | None:
    """Seconds to wait before attempt number `attempt` (the second try is 2), or None to give up.

    `asked` is what the last answer asked for; `remaining` the seconds left in the operation; `jitter` a random number
    from 0 to 1: exponential back-off with full jitter, so that many senders do not come back in step.
    """
    if attempt > ATTEMPTS:
        return None
    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (attempt - 2)) * jitter
    if asked is not None:
        # A little jitter on top: everybody was told the same moment.
        pause = asked + 0.1 * jitter
    return pause if pause < remaining else None
