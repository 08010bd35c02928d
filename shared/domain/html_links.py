"""Find the images and links of an HTML text, so that their URLs can be replaced without changing another byte.

What a browser would not show as an image or a link is not found and is kept unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from html import escape

from shared.domain.html_tokens import WHITE_SPACE, Token, TokenKind, attribute, tokens

_URL_ATTRIBUTES = {"img": "src", "a": "href"}


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Replacement:
    """The text from `start` to `end` becomes `new`."""

    start: int
    end: int
    new: str


def url_replacement(html: str, link: HtmlLink, url: str) -> Replacement:
    """The replacement that gives a link or image another URL. It adds quotes only where the new URL needs them."""
    written = escape(url)
    is_quoted = html[link.url_start - 1] in "\"'"
    if not is_quoted and (not url or any(letter in written for letter in f"{WHITE_SPACE}`=")):
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


def find_links(html: str) -> Iterator[HtmlLink]:
    """The images of a text, and the links that are closed before the next link opens. Links are in end-tag order."""
    open_link: HtmlLink | None = None
    for token in tokens(html):
        if token.name not in _URL_ATTRIBUTES:
            continue
        if token.kind is TokenKind.START_TAG:
            link = _link(html, token)
            if token.name == "a":
                open_link = link
            elif link is not None:
                yield link
        elif token.name == "a" and open_link is not None:
            yield replace(open_link, element_end=token.end)
            open_link = None


def _link(html: str, tag: Token) -> HtmlLink | None:
    """The link or image that a start tag makes; None where it has no URL."""
    url = attribute(html, tag, _URL_ATTRIBUTES[tag.name])
    if url is None or not url.text:
        return None
    return HtmlLink(tag.name, tag.start, tag.end, url.text, url.start, url.end)
