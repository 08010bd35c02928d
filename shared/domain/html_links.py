"""Find the images and links of an HTML text, so that their URLs can be replaced without changing another byte.

The standard library's parser finds the start tags. A tag that it does not understand is not found and stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from html import escape
from html.parser import HTMLParser

_WHITE_SPACE = " \t\n\r\f"
_URL_ATTRIBUTES = {"img": "src", "a": "href"}


@dataclass(frozen=True)
class HtmlLink:
    """An `img` or `a` element that has a URL. All positions are offsets in the text.

    `element` is `img` or `a`. `start` and `end` are those of the start tag. `url` is the decoded value of `src` or
    `href`; `url_start` and `url_end` enclose it as it is written, without the quotes. `element_end` is the end of the
    `a` element's end tag, None for an `img`.
    """

    element: str
    start: int
    end: int
    url: str
    url_start: int
    url_end: int
    element_end: int | None = None


@dataclass(frozen=True)
class Replacement:
    """The text from `start` to `end` is to become `new`."""

    start: int
    end: int
    new: str


def url_replacement(html: str, link: HtmlLink, url: str) -> Replacement:
    """The replacement that gives a link or image another URL. It adds quotes only where the new URL needs them."""
    written = escape(url)
    is_quoted = html[link.url_start - 1] in "\"'"
    if not is_quoted and (not url or any(letter in written for letter in f"{_WHITE_SPACE}`=")):
        written = f'"{written}"'
    return Replacement(link.url_start, link.url_end, written)


def replaced(html: str, replacements: Iterable[Replacement]) -> str:
    """The text with the replacements made. A replacement inside an earlier one is skipped."""
    pieces: list[str] = []
    position = 0
    for replacement in sorted(replacements, key=lambda item: item.start):
        if replacement.start < position:
            continue
        pieces += (html[position : replacement.start], replacement.new)
        position = replacement.end
    return "".join((*pieces, html[position:]))


def find_links(html: str) -> list[HtmlLink]:
    """The images of a text, and the links that are closed before the next link opens."""
    parser = _LinkParser(html)
    # A browser reads an unknown marked section (<![…) as a comment. Python's parser fails on it.
    parser.feed(html.replace("<![", "<!x"))
    parser.close()
    return parser.found


class _LinkParser(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[HtmlLink] = []
        self._html = html
        self._open_link: HtmlLink | None = None
        self._line_starts = [0]
        self._line_starts += [index + 1 for index, letter in enumerate(html) if letter == "\n"]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._open_link = None
        if tag not in _URL_ATTRIBUTES:
            return
        found = self._located(tag, attrs)
        if tag == "a":
            self._open_link = found
        elif found is not None:
            self.found.append(found)

    def handle_endtag(self, tag: str) -> None:
        if tag != "a" or self._open_link is None:
            return
        end = self._html.find(">", self._position())
        if end >= 0:
            self.found.append(replace(self._open_link, element_end=end + 1))
        self._open_link = None

    def _position(self) -> int:
        line, offset = self.getpos()
        return self._line_starts[line - 1] + offset

    def _located(self, tag: str, attrs: list[tuple[str, str | None]]) -> HtmlLink | None:
        """The element with the position of its URL; None where that position is not certain."""
        name = _URL_ATTRIBUTES[tag]
        url = next((value for key, value in attrs if key == name), None)
        written, start = self.get_starttag_text() or "", self._position()
        position = _value_position(written, len(tag) + 1, name)
        if not url or position is None or self._html[start : start + len(written)] != written:
            return None
        first, last = position
        before_entities = written[first:last].partition("&")[0]
        if not url.startswith(before_entities):
            return None
        return HtmlLink(tag, start, start + len(written), url, start + first, start + last)


def _value_position(written: str, position: int, name: str) -> tuple[int, int] | None:
    """Start and end of the value of an attribute's first occurrence in a start tag, None if it has no value.

    `position` is the end of the tag's name.
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
