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
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


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

    No character is split: neither a surrogate pair nor a letter from its marks, a flag's halves or joined emoji.
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
    while kept > 1 and _continues(text, kept):
        kept -= 1
    return text[:kept].rstrip() + _ELLIPSIS


def _continues(text: str, index: int) -> bool:
    """Whether a character is shown as part of the one before it."""
    joiner = "\u200d"
    before, after = text[index - 1], text[index]
    # Not every mark has a combining class: the vowel signs of Hindi and Thai and the selectors of emoji have none.
    is_mark = unicodedata.category(after).startswith("M")
    is_skin_tone = "\U0001f3fb" <= after <= "\U0001f3ff"
    return joiner in (before, after) or is_mark or is_skin_tone or _ends_flag(text, index)


def _ends_flag(text: str, index: int) -> bool:
    """Whether a character is the second of the two letters that make a flag."""
    start = index
    while start > 0 and _is_flag_letter(text[start - 1]):
        start -= 1
    return _is_flag_letter(text[index]) and (index - start) % 2 == 1


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
