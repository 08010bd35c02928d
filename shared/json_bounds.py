"""Bounds for JSON from outside: a value of two characters takes up to a hundred bytes of memory."""

from __future__ import annotations

import re

from shared.errors import BodyTooLarge

MOST_VALUES = 500_000
MOST_CONTAINERS = 100_000
"""The most values, and the most objects and lists, of one body. The largest real body has a fifth of them."""

_LONGEST_NUMBER = 400
_TEXT = re.compile(rb'"[^"]*"?')


def check_number_of_values(body: bytes) -> None:
    """Refuse a body with too many values before it is parsed.

    Raises:
        BodyTooLarge: it has too many.
    """
    containers, commas = _count(body, 0, len(body))
    if _is_within(containers, commas):
        return
    # Brackets and commas inside a text do not count.
    body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    containers = commas = position = texts = 0
    for match in _TEXT.finditer(body):
        more_containers, more_commas = _count(body, position, match.start())
        containers, commas = containers + more_containers, commas + more_commas
        position, texts = match.end(), texts + 1
        if texts > 3 * MOST_VALUES or not _is_within(containers, commas):
            break
    more_containers, more_commas = _count(body, position, len(body))
    if texts > 3 * MOST_VALUES or not _is_within(containers + more_containers, commas + more_commas):
        raise BodyTooLarge(
            f"The body has over {MOST_VALUES:,} values, or over {MOST_CONTAINERS:,} objects and lists. Send fewer "
            "requirements at a time."
        )


def whole_number(text: str) -> int | float:
    """A whole number as JSON has it; infinite if it has over 400 digits, as Python reads 1e400.

    Python's own `int` takes quadratic time for many digits, or refuses them.
    """
    return int(text) if len(text) <= _LONGEST_NUMBER else float("inf")


def _count(body: bytes, start: int, end: int) -> tuple[int, int]:
    """Objects and lists, and commas, between two offsets."""
    return body.count(b"{", start, end) + body.count(b"[", start, end), body.count(b",", start, end)


def _is_within(containers: int, commas: int) -> bool:
    return containers <= MOST_CONTAINERS and containers + commas <= MOST_VALUES
