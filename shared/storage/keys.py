"""Row and partition keys made of ids that other systems chose.

A key of Table Storage has at most 1 KiB (512 UTF-16 units) and none of `/ \\ # ?` or control characters; `%` is legal
but breaks some clients
(https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model).
"""

from __future__ import annotations

import hashlib
import string

_AS_IT_IS = frozenset((string.ascii_letters + string.digits + "-_.").encode())
_LONGEST = 500
"""Characters of an escaped text: the rest of the 512 is for prefixes."""
_BEGINNING = 400


WATERMARK_KEY = "watermark"
"""The row that tells up to when an integration's changes have been seen to."""


def escape_key(text: str) -> str:
    """The text as a legal part of a key; no two texts give the same part.

    Other characters than letters, digits, `-`, `_` and `.` become the `=XX` of their UTF-8 bytes. What is too long then
    keeps its beginning and gets, behind a `~`, the SHA-256 of the whole.
    """
    encoded = text.encode("utf-8", "surrogatepass")
    escaped = "".join(chr(byte) if byte in _AS_IT_IS else f"={byte:02X}" for byte in encoded)
    if len(escaped) <= _LONGEST:
        return escaped
    return f"{escaped[:_BEGINNING]}~{hashlib.sha256(encoded).hexdigest()}"


def record_key(aha_id: str) -> str:
    """The row that holds the link or claim of an Aha! record."""
    return f"r:{escape_key(aha_id)}"


def work_item_key(work_item_id: int) -> str:
    """The row that holds the link of a work item; rows are in the order of the numbers."""
    return f"w:{work_item_id:010}"


def integration_key(integration_id: str) -> str:
    """The row that holds an integration."""
    return f"i:{escape_key(integration_id)}"


def product_key(product_id: str) -> str:
    """The row that says which integration a product belongs to."""
    return f"p:{escape_key(product_id)}"
