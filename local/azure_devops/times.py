"""Points in time as the service keeps and writes them."""

from __future__ import annotations

from datetime import datetime, timezone

FOR_EVER = "9999-01-01T00:00:00Z"


def now() -> datetime:
    """The present in UTC, to the millisecond."""
    present = datetime.now(timezone.utc)
    return present.replace(microsecond=present.microsecond // 1000 * 1000)


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC with 0 to 3 fractional digits, as REST answers have it (`…51.57Z`)."""
    text = moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{moment.microsecond // 1000:03}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


def read_timestamp(text: str) -> datetime:
    """The moment of an ISO 8601 text or date; UTC where it names no offset. Raises ValueError."""
    moment = datetime.fromisoformat(_with_offset(text.strip()))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _with_offset(text: str) -> str:
    """Python 3.10 reads neither `Z` nor fractions of other than 3 or 6 digits."""
    if text[-1:] in ("Z", "z"):
        text = text[:-1] + "+00:00"
    head, point, tail = text.partition(".")
    if not point:
        return text
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
    return f"{head}.{digits[:6]:0<6}{tail[len(digits) :]}"
