"""The text of an HTML description, and HTML from plain text. Nothing here changes a description that is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from shared.domain.html_tokens import Token, TokenKind, decoded, tokens
from shared.domain.white_space import folded

_BLOCK_NAMES = """
address article aside blockquote br dd div dl dt figure footer h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre
section table td th tr ul
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_INVISIBLE = frozenset(("script", "style", "head", "template", "title"))
_VISIBLE_WITHOUT_TEXT = frozenset(
    ("img", "video", "audio", "iframe", "object", "embed", "hr", "input", "svg", "table")
)
_FEW_CHARACTERS = 10_000
_LINE = re.compile(r"\S[^\n]*")


def plain_text(html: str) -> str:
    """The visible text: one line for each block, runs of white space as one space, no empty lines."""
    return "\n".join(_lines(html))


def first_line(html: str) -> str:
    """The first line of the visible text; empty if there is none."""
    return next(_lines(html), "")


def is_blank(html: str) -> bool:
    """Whether the description shows no text and no image. Editors write `<p><br></p>` when a text is emptied."""
    return not any(_shows_something(html, token) for token in _visible_tokens(html))


def _shows_something(html: str, token: Token) -> bool:
    if token.kind is TokenKind.TEXT:
        return bool(decoded(html[token.start : token.end]).strip())
    return token.kind is TokenKind.START_TAG and token.name in _VISIBLE_WITHOUT_TEXT


def _lines(html: str) -> Iterator[str]:
    pieces: list[str] = []
    length = 0
    for token in _visible_tokens(html):
        if token.kind is TokenKind.TEXT:
            pieces.append(decoded(html[token.start : token.end]))
            length += token.end - token.start
        elif token.name in _BLOCKS:
            pieces.append("\n")
            if length > _FEW_CHARACTERS:
                yield from _folded_lines("".join(pieces))
                pieces.clear()
                length = 0
    yield from _folded_lines("".join(pieces))


def _folded_lines(text: str) -> Iterator[str]:
    return (folded(line[0]) for line in _LINE.finditer(text))


def _visible_tokens(html: str) -> Iterator[Token]:
    """The tokens outside of elements that a browser does not show."""
    hidden_by, depth = "", 0
    for token in tokens(html):
        is_start = token.kind is TokenKind.START_TAG
        if depth:
            depth += 0 if token.name != hidden_by else 1 if is_start else -1
        elif is_start and token.name in _INVISIBLE:
            hidden_by, depth = token.name, 1
        else:
            yield token


def text_as_html(text: str) -> str:
    """Plain text as HTML: a paragraph for each block of lines, with every special character escaped."""
    blocks = (block.strip("\n") for block in text.replace("\r\n", "\n").split("\n\n"))
    return "".join(f"<p>{escape(block).replace(chr(10), '<br>')}</p>" for block in blocks if block.strip())
