"""Fold white space in long texts with little memory: the list of a text's words takes up to twenty times its memory."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BLOCK = 65_536
_BLOCKS = re.compile(rf"(?s:.{{1,{_BLOCK}}})(?=\s|\Z)|\S+")
"""A block that ends before white space, or one long word."""


def folded(text: str) -> str:
    """The text with each run of white space replaced by one space, and none at its ends."""
    if len(text) <= _BLOCK:
        return " ".join(text.split())
    return " ".join(text for text in (" ".join(block.split()) for block in _blocks(text)) if text)


def without_white_space(text: str) -> str:
    """The text without its white space."""
    return "".join("".join(block.split()) for block in _blocks(text))


def _blocks(text: str) -> Iterator[str]:
    return (match[0] for match in _BLOCKS.finditer(text))
