"""Where in an HTML text its images and links stand, so that they can be changed and every other byte stays as it is.

The standard library's parser says which start tags there are. What it does not understand is not found here, and so
passes through unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from html import escape
from html.parser import HTMLParser

_WHITE_SPACE = " \t\n\r\f"
_ADDRESSES = {"img": "src", "a": "href"}


@dataclass(frozen=True)
class Tag:
    """An `img` or `a` with an address. Places are offsets in the text; `end` is that of the start tag.

    `address` is the value of `src` or `href`, decoded; it is written from `address_start` to `address_end`, quotes not
    included. `element_end` is where the end tag of an `a` ends, None for an `img`.
    """

    name: str
    start: int
    end: int
    address: str
    address_start: int
    address_end: int
    element_end: int | None = None


@dataclass(frozen=True)
class Change:
    """A piece of a text, and what takes its place."""

    start: int
    end: int
    replacement: str


def address_change(html: str, tag: Tag, address: str) -> Change:
    """The change that lets a tag lead elsewhere; an address without quotes stays without where that is possible."""
    written = escape(address)
    is_quoted = html[tag.address_start - 1] in "\"'"
    if not is_quoted and (not address or any(letter in written for letter in f"{_WHITE_SPACE}`=")):
        written = f'"{written}"'
    return Change(tag.address_start, tag.address_end, written)


def changed(html: str, changes: Iterable[Change]) -> str:
    """The text with changes made; one within another is left out."""
    pieces: list[str] = []
    position = 0
    for change in sorted(changes, key=lambda item: item.start):
        if change.start < position:
            continue
        pieces += (html[position : change.start], change.replacement)
        position = change.end
    return "".join((*pieces, html[position:]))


def tags_with_addresses(html: str) -> list[Tag]:
    """The images of a text, and its links that come to an end before the next one begins."""
    reading = _Reading(html)
    # A marked section is a comment to a browser; Python's parser stops at one that it does not know.
    reading.feed(html.replace("<![", "<!x"))
    reading.close()
    return reading.found


class _Reading(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Tag] = []
        self._html = html
        self._link: Tag | None = None
        self._line_starts = [0]
        self._line_starts += [index + 1 for index, letter in enumerate(html) if letter == "\n"]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._link = None
        if tag not in _ADDRESSES:
            return
        found = self._located(tag, attrs)
        if tag == "a":
            self._link = found
        elif found is not None:
            self.found.append(found)

    def handle_endtag(self, tag: str) -> None:
        if tag != "a" or self._link is None:
            return
        end = self._html.find(">", self._position())
        if end >= 0:
            self.found.append(replace(self._link, element_end=end + 1))
        self._link = None

    def _position(self) -> int:
        line, offset = self.getpos()
        return self._line_starts[line - 1] + offset

    def _located(self, tag: str, attrs: list[tuple[str, str | None]]) -> Tag | None:
        """The tag, if its address can be found in the text for certain."""
        name = _ADDRESSES[tag]
        address = next((value for key, value in attrs if key == name), None)
        written, start = self.get_starttag_text() or "", self._position()
        place = _value_place(written, len(tag) + 1, name)
        if not address or place is None or self._html[start : start + len(written)] != written:
            return None
        first, last = place
        readable = written[first:last].partition("&")[0]
        if not address.startswith(readable):
            return None
        return Tag(tag, start, start + len(written), address, start + first, start + last)


def _value_place(written: str, position: int, name: str) -> tuple[int, int] | None:
    """Where in a start tag, read from a position behind its name, the first value of an attribute is written.

    https://html.spec.whatwg.org/multipage/parsing.html#before-attribute-name-state
    """
    end = len(written) - 1 if written.endswith(">") else len(written)
    while position < end:
        if written[position] in _WHITE_SPACE + "/":
            position += 1
            continue
        name_end = _until(written, position + 1, end, _WHITE_SPACE + "/=")
        key = written[position:name_end].lower()
        position = _past_space(written, name_end, end)
        if position >= end or written[position] != "=":
            if key == name:
                return None
            continue
        first = _past_space(written, position + 1, end)
        quote = written[first] if first < end and written[first] in "\"'" else ""
        first += len(quote)
        last = _until(written, first, end, quote or _WHITE_SPACE)
        if key == name:
            return first, last
        position = last + len(quote)
    return None


def _until(text: str, position: int, end: int, letters: str) -> int:
    while position < end and text[position] not in letters:
        position += 1
    return position


def _past_space(text: str, position: int, end: int) -> int:
    while position < end and text[position] in _WHITE_SPACE:
        position += 1
    return position
