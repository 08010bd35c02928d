"""Tags, texts and attribute values as a browser finds them, in linear time and memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.contents import description_content
from shared.domain.html_links import find_links
from shared.domain.html_text import first_line, is_blank, plain_text
from shared.domain.html_tokens import TokenKind, attribute, decoded, tokens, with_whole_markup
from shared.domain.images import Images
from shared.domain.titles import one_line
from shared.domain.white_space import folded, without_white_space

MARKUP = st.sampled_from(
    ["<", ">", "/", "!", "--", "=", '"', "'", " ", "a", "<a", "</a", "<!--", "-->", "<?", "<script>", "</script>",
     "<title", "&", "&#", "&amp;", "1", ";", "<img src="]
)  # fmt: skip
ANY_HTML = st.lists(MARKUP | st.text(max_size=3), max_size=30).map("".join)


def parts(html: str) -> list[str]:
    """The tokens of a text as they are written."""
    return [html[token.start : token.end] for token in tokens(html)]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One</p>", ["<p>", "One", "</p>"]),
        ("a < b > c", ["a < b > c"]),
        ("<p title='a > b'>x", ["<p title='a > b'>", "x"]),
        ('<p title=a">x', ['<p title=a">', "x"]),
        ("<p a==\">\">x", ['<p a==">', '">x']),
        ('<p "a>b">x', ['<p "a>', 'b">x']),
        ("<a<b>x", ["<a<b>", "x"]),
        ("x</>y</ z>w", ["x", "y", "w"]),
        ("x<!-- <b> -->y", ["x", "y"]),
        ("x<!-->y<!--->z<!--!>w-->v", ["x", "y", "z", "v"]),
        ("x<![CDATA[ y ]]>z", ["x", "z"]),
        ("x<?xml ?>y", ["x", "y"]),
        ("<title>a <b></title>c", ["<title>", "a <b>", "</title>", "c"]),
        ("<script>'<p>'</scripts></SCRIPT >x", ["<script>", "</SCRIPT >", "x"]),
    ],
)  # fmt: skip
def test_markup_is_split_as_in_a_browser(html: str, expected: list[str]) -> None:
    assert parts(html) == expected


@pytest.mark.parametrize(
    ("html", "whole"),
    [
        ('<p title="a > b">a < b</p><!-- c -->', '<p title="a > b">a < b</p><!-- c -->'),
        ("<div>\n<text", "<div>\n&lt;text"),
        ("<b>a</b", "<b>a&lt;/b"),
        ('<a href="x>y</a>', '&lt;a href="x>y&lt;/a>'),
        ("a<!-- b <b>", "a&lt;!-- b &lt;b>"),
        ("<![shot](x)><b>", "&lt;![shot](x)><b>"),
        ("<!<b>", "&lt;!&lt;b>"),
        ("a</ b>", "a&lt;/ b>"),
        ("a</", "a&lt;/"),
    ],
)
def test_what_a_browser_drops_becomes_text(html: str, whole: str) -> None:
    assert with_whole_markup(html) == whole


@given(ANY_HTML)
def test_whole_markup_hides_nothing_that_follows_it(html: str) -> None:
    whole = with_whole_markup(html)

    assert with_whole_markup(whole) == whole
    assert parts(f"{whole}<hr>")[-1:] == ["<hr>"] or "<script>" in whole or "<title" in whole


@pytest.mark.parametrize(
    "cut", ["<b class=x", '<b title="x>', "<!-- x", "<!x", "</b", "<script>x", "<style>"]
)
def test_what_does_not_end_hides_the_rest(cut: str) -> None:
    assert plain_text(f"<p>Colours{cut} and more") == "Colours"


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("<a href=x>", "x"),
        ('<A HREF = "x y">', "x y"),
        ("<a title='href=1' href='x'>", "x"),
        ("<a/href=x/>", "x/"),
        ("<a href=x href=y>", "x"),
        ('<a href="/?a=1&amp;b=2&copy=3&copy;&#65;">', "/?a=1&b=2&copy=3©A"),
        ("<a href>", None),
        ("<a hrefs=x>", None),
        ("<a href= >", ""),
    ],
)
def test_the_first_value_of_an_attribute(tag: str, value: str | None) -> None:
    (token,) = tokens(tag)

    found = attribute(tag, token, "href")

    assert (found.text if found and found.text else None if value is None else "") == value
    assert found is None or decoded(tag[found.start : found.end]).startswith(found.text.partition("&")[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&#" + "0" * 5000 + "65;", "A"),
        ("&#x" + "0" * 5000 + "41;", "A"),
        ("&#" + "9" * 5000 + ";", "\ufffd"),
        ("&#X" + "f" * 5000, "\ufffd"),
        ("&#99999999;", "\ufffd"),
        ("&#" + "0" * 5000 + ";", "\ufffd"),
    ],
)
def test_a_reference_may_have_thousands_of_digits(text: str, expected: str) -> None:
    assert decoded(text) == expected
    assert plain_text(f"<p>{text}</p>") == expected
    (link,) = find_links(f'<img src="{text}">')
    assert link.url == expected


@given(ANY_HTML)
def test_tokens_are_in_order_and_overlap_nowhere(html: str) -> None:
    position = 0
    for token in tokens(html):
        assert position <= token.start < token.end <= len(html)
        assert token.kind is TokenKind.TEXT or html[token.end - 1] == ">"
        position = token.end


@given(ANY_HTML, st.text(alphabet="ab<>&; \"'=/!-", max_size=20))
def test_what_follows_a_closed_tag_does_not_change_what_came_before(html: str, more: str) -> None:
    start = f"<p>{html.replace('<', '').replace('&', '')}</p>"

    assert parts(start + more)[: len(parts(start))] == parts(start)


@given(st.text(alphabet="a\n \u00a0\u2003", max_size=40), st.integers(1, 3))
def test_long_texts_fold_like_short_ones(text: str, times: int) -> None:
    long = (text + "x" * 30_000) * times * 2

    assert folded(long) == " ".join(long.split()) == one_line(long)
    assert without_white_space(long) == "".join(long.split())


CHARACTERS = 60_000
WORST = {
    "unclosed tags": "<a ",
    "unclosed quotes": '<a b="',
    "closing tags without end": "</a ",
    "unclosed comments": "<!--",
    "declarations": "<!",
    "marked sections": "<![",
    "attributes": "<p " + "a " * 1000,
    "quoted attributes": "<p " + 'a="" ' * 1000,
    "nested elements": "<b>",
    "blocks": "<div>a",
    "images": "<img src=x>",
    "links": "<a href=x>a</a>",
    "references": "&lt;",
    "references between letters": "ab&amp;",
    "unknown references": "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "digits": "&#1111111111",
    "line ends": "\n",
    "words": "ab ",
    "lines": "ab\n",
    "spaces": "&nbsp;",
    "titles": "<title>",
    "empty titles": "<title></title>",
    "heads": "<head>",
}  # fmt: skip
READERS: tuple[Callable[[str], object], ...] = (
    is_blank,
    plain_text,
    first_line,
    lambda html: sum(1 for _ in find_links(html)),
    lambda html: description_content(html, Images()),
)


@pytest.mark.parametrize("piece", WORST.values(), ids=WORST)
def test_the_memory_of_reading_a_description_is_a_small_multiple_of_its_size(piece: str) -> None:
    html = piece * (CHARACTERS // len(piece))
    for read in READERS:
        tracemalloc.start()
        try:
            read(html)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert peak < 30 * len(html)
