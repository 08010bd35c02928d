"""The text of an HTML description, and HTML made of plain text. Nothing here changes a description that is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser

_BLOCK_NAMES = """
address article aside blockquote br dd div dl dt figure footer h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre
section table td th tr ul
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_INVISIBLE = frozenset(("script", "style", "head", "template", "title"))
_VISIBLE_WITHOUT_TEXT = frozenset(
    ("img", "video", "audio", "iframe", "object", "embed", "hr", "input", "svg", "table")
)
_FIRST_PIECE = 500  # characters
_STARTS_WITH_TEXT = re.compile(
    r"(?:\s|<(?:p|div|span|b|strong|i|em|u|h[1-6]|ul|ol|li|br)\s*/?>)*[^\s<&]", re.IGNORECASE
)
"""Matches most descriptions: simple tags, then a word. Ten times faster than the parser."""


class _TextParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.shows_something = False
        self._hidden_by: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _INVISIBLE:
            self._hidden_by.append(tag)
        if tag in _VISIBLE_WITHOUT_TEXT:
            self.shows_something = True
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden_by and tag == self._hidden_by[-1]:
            self._hidden_by.pop()
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden_by:
            self.pieces.append(data)


def _parsed(html: str) -> _TextParser:
    parser = _TextParser()
    parser.feed(_parsable(html))
    parser.close()
    return parser


def _parsable(html: str) -> str:
    # A browser reads an unknown marked section (<![…) as a comment. Python's parser fails on it.
    return html.replace("<![", "<!x[")


def plain_text(html: str) -> str:
    """The visible text: one line for each block, runs of white space as one space, no empty lines."""
    lines = (" ".join(line.split()) for line in "".join(_parsed(html).pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def is_blank(html: str) -> bool:
    """Whether the description shows no text and no image. Editors write `<p><br></p>` when a text is emptied."""
    if _STARTS_WITH_TEXT.match(html):
        return False
    return not any(parser.shows_something or _has_text(parser) for parser in _parsed_so_far(html))


def _parsed_so_far(html: str) -> Iterator[_TextParser]:
    """The parser after each piece of a text; the pieces grow, because a visible text mostly shows in the first one."""
    parser, html = _TextParser(), _parsable(html)
    start, size = 0, _FIRST_PIECE
    while start < len(html):
        parser.feed(html[start : start + size])
        yield parser
        start, size = start + size, 2 * size
    parser.close()
    yield parser


def _has_text(parser: _TextParser) -> bool:
    return any(piece.strip() for piece in parser.pieces)


def text_as_html(text: str) -> str:
    """Plain text as HTML: a paragraph for each block of lines, with every special character escaped."""
    blocks = (block.strip("\n") for block in text.replace("\r\n", "\n").split("\n\n"))
    return "".join(f"<p>{escape(block).replace(chr(10), '<br>')}</p>" for block in blocks if block.strip())
