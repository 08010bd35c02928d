"""Build the title of a work item: one line, at most 255 UTF-16 units, never empty."""

from __future__ import annotations

import re
import unicodedata

from shared.domain.html_text import first_line
from shared.domain.white_space import folded

LONGEST_TITLE = 255
"""The longest System.Title. Azure DevOps counts UTF-16 units."""

_LONGEST_SENTENCE = 200
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s")
_ELLIPSIS = "…"


def utf16_units(text: str) -> int:
    """The length of a text in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def one_line(text: str) -> str:
    """The text with each run of white space, line breaks too, replaced by one space."""
    return folded(text)


def full_title(name: str | None, description: str | None, kind: str) -> str:
    """The title, not yet cut: the name, else the description's first sentence, else "Untitled <kind>"."""
    title = one_line(name or "")
    if title:
        return title
    sentence = _SENTENCE_END.split(first_line(description or ""), maxsplit=1)[0]
    return cut(sentence, _LONGEST_SENTENCE) or f"Untitled {kind}"


def cut(text: str, longest: int = LONGEST_TITLE) -> str:
    """The text, cut to `longest` UTF-16 units; a text that was cut ends with an ellipsis.

    What a reader sees as one character is not split: surrogate pairs, letters with marks, flags, joined emoji.
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
    """Whether the character at `index` is displayed as part of the one before it."""
    joiner = "\u200d"
    before, after = text[index - 1], text[index]
    # By category, because Hindi and Thai vowel signs and emoji selectors have no combining class.
    is_mark = unicodedata.category(after).startswith("M")
    is_skin_tone = "\U0001f3fb" <= after <= "\U0001f3ff"
    return joiner in (before, after) or is_mark or is_skin_tone or _ends_flag(text, index)


def _ends_flag(text: str, index: int) -> bool:
    """Whether the character at `index` is the second of the two regional indicators of a flag."""
    start = index
    while start > 0 and _is_regional_indicator(text[start - 1]):
        start -= 1
    return _is_regional_indicator(text[index]) and (index - start) % 2 == 1


def _is_regional_indicator(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
