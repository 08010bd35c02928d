"""Build partition and row keys from ids of other systems.

Table Storage allows at most 1 KiB (512 UTF-16 units) in a key, and none of `/ \\ # ?` or control characters. `%` is
allowed, but some clients cannot handle it
(https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model).
"""

from __future__ import annotations

import hashlib
import string

_UNESCAPED = frozenset((string.ascii_letters + string.digits + "-_.").encode())
_LONGEST = 500
"""Most characters of an escaped text. The rest of the 512 is for prefixes."""
_KEPT_OF_LONG_TEXT = 400


WATERMARK_KEY = "watermark"
"""The row that says up to which time an integration's changes were synced."""


AHA_PROGRESS_KEY = "aha-progress"
"""The row that says up to which time an integration's changes in Aha! were processed."""


def escape_key(text: str) -> str:
    """The text, escaped for use in a key. Different texts give different results.

    Letters, digits, `-`, `_` and `.` stay; each UTF-8 byte of any other character becomes `=XX`. If the result is too
    long, it is cut, and `~` and the SHA-256 of the whole text are added.
    """
    encoded = text.encode("utf-8", "surrogatepass")
    escaped = "".join(chr(byte) if byte in _UNESCAPED else f"={byte:02X}" for byte in encoded)
    if len(escaped) <= _LONGEST:
        return escaped
    return f"{escaped[:_KEPT_OF_LONG_TEXT]}~{hashlib.sha256(encoded).hexdigest()}"


def record_key(aha_id: str) -> str:
    """The row key of an Aha! record's link or claim."""
    return f"r:{escape_key(aha_id)}"


def work_item_of_key(row_key: str) -> int:
    """The work item that a link's row key names. It is right even if the row is damaged."""
    return int(row_key.removeprefix(WORK_ITEM_KEYS[0]))


def work_item_key(work_item_id: int) -> str:
    """The row key of a work item's link. The keys sort by work item id."""
    return f"w:{work_item_id:010}"


def unfinished_send_key(name: str) -> str:
    """The row key of the note of an unfinished send. `name` is the feature's Aha! id or reference."""
    return f"u:{escape_key(name)}"


UNFINISHED_SEND_KEYS = ("u:", "u;")
"""Row keys of notes of unfinished sends: from the first of these up to but not including the second."""

RECORD_KEYS = ("r:", "r;")
"""The same for row keys of records."""

WORK_ITEM_KEYS = ("w:", "w;")
"""The same for row keys of work items."""


def integration_key(integration_id: str) -> str:
    """The row key of an integration."""
    return f"i:{escape_key(integration_id)}"


def product_key(product_id: str) -> str:
    """The row key of the row that says which integration has a product. A reference prefix may be in any case."""
    return f"p:{escape_key(product_id.upper())}"
