"""HTML descriptions, read with the standard library's parser. What is sent on is what came in."""

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
_FIRST_PIECE = 500
_OPENS_WITH_TEXT = re.compile(
    r"(?:\s|<(?:p|div|span|b|strong|i|em|u|h[1-6]|ul|ol|li|br)\s*/?>)*[^\s<&]", re.IGNORECASE
)
"""Most descriptions: plain tags, then a word. Ten times faster to find than by reading them as HTML."""


class _Reading(HTMLParser):
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


def _read(html: str) -> _Reading:
    reading = _Reading()
    reading.feed(_readable(html))
    reading.close()
    return reading


def _readable(html: str) -> str:
    # A marked section is a comment to a browser; Python's parser stops at one that it does not know.
    return html.replace("<![", "<!x[")


def plain_text(html: str) -> str:
    """The text a reader sees: a line for each block, white space within a line folded, empty lines left out."""
    lines = (" ".join(line.split()) for line in "".join(_read(html).pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def is_blank(html: str) -> bool:
    """Whether a reader would see nothing: no text and no picture. Editors keep `<p><br></p>` for an emptied text."""
    if _OPENS_WITH_TEXT.match(html):
        return False
    return not any(reading.shows_something or _has_text(reading) for reading in _reading_on(html))


def _reading_on(html: str) -> Iterator[_Reading]:
    """The same reading further and further into a text: what a text shows, it mostly shows at once."""
    reading, html = _Reading(), _readable(html)
    start, size = 0, _FIRST_PIECE
    while start < len(html):
        reading.feed(html[start : start + size])
        yield reading
        start, size = start + size, 2 * size
    reading.close()
    yield reading


def _has_text(reading: _Reading) -> bool:
    return any(piece.strip() for piece in reading.pieces)


def text_as_html(text: str) -> str:
    """Plain text as HTML: a paragraph for each block of lines, and nothing in it taken for markup."""
    blocks = (block.strip("\n") for block in text.replace("\r\n", "\n").split("\n\n"))
    return "".join(f"<p>{escape(block).replace(chr(10), '<br>')}</p>" for block in blocks if block.strip())
