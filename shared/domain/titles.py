"""What a work item is called: one line, at most 255 UTF-16 units, never empty."""

from __future__ import annotations

import re
import unicodedata

from shared.domain.markup import plain_text

LONGEST_TITLE = 255
"""System.Title holds at most 255 characters; the service counts UTF-16 units."""

_LONGEST_SENTENCE = 200
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s")
_ELLIPSIS = "…"


def utf16_units(text: str) -> int:
    """The length of a text as Azure DevOps counts it."""
    return len(text.encode("utf-16-le")) // 2


def one_line(text: str) -> str:
    """The text with every run of white space and line breaks as one space."""
    return " ".join(text.split())


def full_title(name: str | None, description: str | None, kind: str) -> str:
    """The title before any cut: the name, else the description's first sentence, else "Untitled <kind>"."""
    title = one_line(name or "")
    if title:
        return title
    lines = plain_text(description or "").splitlines()
    sentence = _SENTENCE_END.split(lines[0], maxsplit=1)[0] if lines else ""
    return cut(sentence, _LONGEST_SENTENCE) or f"Untitled {kind}"


def cut(text: str, longest: int = LONGEST_TITLE) -> str:
    """The text, or as much of it as fits in `longest` UTF-16 units with an ellipsis.

    No character is split: neither a surrogate pair nor a letter from its combining marks or joined emoji.
    """
    if utf16_units(text) <= longest:
        return text
    room = longest - utf16_units(_ELLIPSIS)
    kept = 0
    for index, character in enumerate(text):
        room -= 2 if ord(character) > 0xFFFF else 1
        if room < 0:
            kept = index
            break
    while kept > 1 and _continues(text[kept - 1], text[kept]):
        kept -= 1
    return text[:kept].rstrip() + _ELLIPSIS


def _continues(before: str, after: str) -> bool:
    """Whether `after` is shown as part of the character that `before` belongs to."""
    joiner = "\u200d"
    is_variation = "\ufe00" <= after <= "\ufe0f"
    is_skin_tone = "\U0001f3fb" <= after <= "\U0001f3ff"
    return joiner in (before, after) or is_variation or is_skin_tone or unicodedata.combining(after) > 0
