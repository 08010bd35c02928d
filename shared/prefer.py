"""The header `Prefer` of a request (https://www.rfc-editor.org/rfc/rfc7240)."""

from __future__ import annotations

import re

_WAIT = re.compile(r'\s*wait\s*=\s*"?\s*(\d{1,9})\s*"?\s*(?:;.*)?', re.IGNORECASE)


def wait_seconds(prefer: str) -> int | None:
    """The seconds that the caller is willing to wait; None if the header names none, or not a number from 1.

    The server ignores a preference that it does not understand. The first `wait` counts.
    """
    waits = (_WAIT.fullmatch(preference) for preference in prefer.split(","))
    first = next((match for match in waits if match), None)
    return (int(first.group(1)) or None) if first else None
