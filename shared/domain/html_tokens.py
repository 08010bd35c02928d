"""Split an HTML text into tags and text, as a browser does, in time and memory linear in its length.

The standard library's html.parser is not used: in many patch releases of Python its time is quadratic for unfinished
tags and comments (CVE-2025-6069), and its result for broken markup differs from release to release.
The rules are those of https://html.spec.whatwg.org/multipage/parsing.html#tokenization. A comment, a tag or a quoted
value that does not end reaches to the end of the text, so that nothing is read twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from html import unescape
from html.entities import html5
from typing import NamedTuple

WHITE_SPACE = " \t\n\r\f"

_MOST_ATTRIBUTES = 1000
"""The most attributes of one tag that are searched."""

_MARKUP = re.compile(rf"<(?:(/?)([a-zA-Z][^{WHITE_SPACE}/>]*)(>?)|[!?]|/[\s\S])")
_ATTRIBUTE = re.compile(
    rf"[{WHITE_SPACE}/]*([^{WHITE_SPACE}/>][^{WHITE_SPACE}/>=]*)"
    rf"(?:[{WHITE_SPACE}]*=[{WHITE_SPACE}]*(?:\"([^\"]*)\"?|'([^']*)'?|([^{WHITE_SPACE}>\"'][^{WHITE_SPACE}>]*)?))?"
)
_COMMENT_END = re.compile(r"-->|(?<!<!)--!>")
_TEXT_ONLY = ("textarea", "title")
"""Elements that contain text and no tags."""
_NOT_SHOWN = ("script", "style", "iframe", "noembed", "noframes")
"""Elements whose content is neither markup nor visible text."""
_CONTENT_END = {
    name: re.compile(rf"</{name}(?=[{WHITE_SPACE}/>])", re.IGNORECASE) for name in (*_TEXT_ONLY, *_NOT_SHOWN)
}
_LONG_NUMBER = re.compile(r"&#(?:([0-9]{8,})|[xX]([0-9a-fA-F]{8,}));?")
_REFERENCE_IN_VALUE = re.compile(r"&(?:#[0-9a-zA-Z]+;?|[a-zA-Z][a-zA-Z0-9]*[;=]?)")


class TokenKind(Enum):
    """What a token is."""

    TEXT = 1
    START_TAG = 2
    END_TAG = 3


class Token(NamedTuple):
    """A tag or a run of text. `start` and `end` are offsets; `name` is a tag's name in lower case."""

    kind: TokenKind
    start: int
    end: int
    name: str = ""


class Value(NamedTuple):
    """The value of an attribute, decoded. `start` and `end` enclose it as it is written, without the quotes."""

    text: str
    start: int
    end: int


def tokens(html: str) -> Iterator[Token]:
    """The tags and texts in their order, without comments, declarations, scripts and what a browser drops."""
    text_start = position = 0
    while (markup := _MARKUP.search(html, position)) is not None:
        start = markup.start()
        if text_start < start:
            yield Token(TokenKind.TEXT, text_start, start)
        name = (markup[2] or "").lower()
        text_start = position = _end_of_markup(html, markup)
        if position < 0:
            return
        if not name:
            continue
        if markup[1]:
            yield Token(TokenKind.END_TAG, start, position, name)
            continue
        yield Token(TokenKind.START_TAG, start, position, name)
        if name in _CONTENT_END:
            end = _CONTENT_END[name].search(html, position)
            position = end.start() if end else len(html)
            text_start = position if name in _NOT_SHOWN else text_start
    if text_start < len(html):
        yield Token(TokenKind.TEXT, text_start, len(html))


def with_whole_markup(html: str) -> str:
    """The HTML in which everything that a browser drops is text: declarations, and unfinished tags and comments."""
    pieces = []
    position = 0
    while (markup := _MARKUP.search(html, position)) is not None:
        end = _end_of_markup(html, markup)
        is_kept = end >= 0 and (markup[2] or html.startswith("<!--", markup.start()))
        start = end if is_kept else markup.start()
        end = end if end >= 0 else len(html)
        pieces += [html[position:start], html[start:end].replace("<", "&lt;")]
        position = end
    rest = html[position:]
    # A browser shows this as text, unless a tag follows: that becomes a comment.
    rest = f"{rest[:-2]}&lt;/" if rest.endswith("</") else rest
    return "".join([*pieces, rest])


def decoded(text: str) -> str:
    """A text with its character references replaced by what they stand for."""
    return unescape(_with_short_numbers(text)) if "&" in text else text


def attribute(html: str, tag: Token, name: str) -> Value | None:
    """The first value of an attribute of a start tag; None if it has none, or none among its first 1,000."""
    position, end = tag.start + 1 + len(tag.name), tag.end - 1
    for _ in range(_MOST_ATTRIBUTES):
        match = _ATTRIBUTE.match(html, position, end)
        if match is None:
            return None
        if match.end(1) - match.start(1) == len(name) and match[1].lower() == name:
            number = match.lastindex or 1
            return None if number == 1 else Value(_decoded_value(match[number]), *match.span(number))
        position = match.end()
    return None


def _end_of_markup(html: str, markup: re.Match[str]) -> int:
    """The offset after a tag, a comment or a declaration; -1 if it does not end."""
    if markup[3]:
        return markup.end()
    if markup[2]:
        return _end_of_tag(html, markup.end())
    if html.startswith("<!--", markup.start()):
        comment_end = _COMMENT_END.search(html, markup.start() + 2)
        return comment_end.end() if comment_end else -1
    return html.find(">", markup.start()) + 1 or -1


def _end_of_tag(html: str, position: int) -> int:
    """The offset after the tag's `>`; -1 if there is none. A `>` in a quoted value does not end it."""
    end = html.find(">", position)
    if end < 0 or (html.find('"', position, end) < 0 and html.find("'", position, end) < 0):
        return end + 1 or -1
    while (match := _ATTRIBUTE.match(html, position)) is not None:
        position = match.end()
    return html.find(">", position) + 1 or -1


def _with_short_numbers(text: str) -> str:
    """The text without numeric references of many digits: Python's `int` refuses thousands of them."""

    def shorter(match: re.Match[str]) -> str:
        digits = (match[1] or match[2]).lstrip("0")
        # The highest code point has 7 digits, in hexadecimal notation 6.
        return f"&#{'x' if match[2] else ''}{digits or '0'};" if len(digits) < 8 else "\ufffd"

    return _LONG_NUMBER.sub(shorter, text)


def _decoded_value(text: str) -> str:
    """Decode an attribute's value. `&copy=1` in a URL is a parameter and not a reference."""
    return _REFERENCE_IN_VALUE.sub(_decoded_in_value, text) if "&" in text else text


def _decoded_in_value(match: re.Match[str]) -> str:
    reference = match[0]
    return decoded(reference) if reference[1] == "#" else html5.get(reference[1:], reference)
