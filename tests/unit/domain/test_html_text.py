"""The visible text of HTML descriptions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.html_text import is_blank, plain_text, text_as_html

# What word processors and mail programs leave in a pasted text, and what breaks parsers.
PIECES = st.sampled_from(
    ["<p>", "</p>", "<br>", "text", " ", "&nbsp;", "&amp", "&#x110000;", "<!--", "-->", "<![", "<![if !x]>",
     "<![CDATA[", "]]>", "<![endif]>", "<!", "<?xml", "<?", ">", "<", "</", "<script>", "</script>", "<img src=x>",
     '"', "=", "[%", "\x00"]
)  # fmt: skip
ANY_HTML = st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join)


@given(ANY_HTML)
def test_broken_html_raises_nothing(html: str) -> None:
    assert isinstance(plain_text(html), str)
    assert is_blank(html) in (True, False)


@given(ANY_HTML, st.integers(480, 520))
def test_the_position_of_a_text_in_a_description_does_not_matter(html: str, spaces: int) -> None:
    # A description is parsed in pieces. The first one has 500 characters.
    assert is_blank(" " * spaces + html) == is_blank(html)


@given(ANY_HTML)
def test_the_fast_path_agrees_with_the_parser(html: str) -> None:
    # A comment at the start forces the parser.
    assert is_blank(html) == is_blank(f"<!-- -->{html}")


@pytest.mark.parametrize("html", ["<![x[ y", "<![", "<![ if", "<p>Text</p><![%"])
def test_an_unknown_marked_section_is_a_comment_as_in_a_browser(html: str) -> None:
    # Python's parser stops at these with an AssertionError.
    assert plain_text(f"{html}><p>Colours</p>").endswith("Colours")


@pytest.mark.parametrize(
    "html",
    ["", " \n", "<p></p>", "<p><br></p>", "<div><br></div>", "<p>&nbsp;</p>", "<!-- note -->", "<style>p {}</style>",
     "<script>alert(1)</script>", "<ul><li></li></ul>", "<p>\u00a0\u2003</p>"],
)  # fmt: skip
def test_html_without_text_or_image_is_blank(html: str) -> None:
    assert is_blank(html)


@pytest.mark.parametrize(
    "html", ["x", "<p>.</p>", '<img src="a.png">', "<hr>", "<table></table>", "&lt;", "0", "<p>&#8203;x</p>"]
)
def test_html_with_an_image_or_a_character_is_not_blank(html: str) -> None:
    assert not is_blank(html)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("<p>One<br>Two</p>", "One\nTwo"),
        ("<b>Bold</b> and <i>slanted</i>", "Bold and slanted"),
        ("<p>A &amp; B &lt;c&gt;</p>", "A & B <c>"),
        ("<ul><li>Red</li>\n<li>Green</li></ul>", "Red\nGreen"),
        ("<p>folded   white\n space</p>", "folded white\nspace"),
        ("before<style>p { color: red }</style>after", "beforeafter"),
        ("<head><title>t</title></head><body>x</body>", "x"),
        ("<!--[if mso]><p>only in Word</p><![endif]--><p>Everywhere</p>", "Everywhere"),
    ],
)
def test_plain_text_is_what_a_reader_sees(html: str, text: str) -> None:
    assert plain_text(html) == text


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("One", "<p>One</p>"),
        ("One\nTwo", "<p>One<br>Two</p>"),
        ("One\r\n\r\nTwo", "<p>One</p><p>Two</p>"),
        ("# Title\n\n\n\n* a", "<p># Title</p><p>* a</p>"),
        ("<script>&", "<p>&lt;script&gt;&amp;</p>"),
    ],
)
def test_plain_text_becomes_paragraphs(text: str, html: str) -> None:
    assert text_as_html(text) == html


@given(st.text())
def test_special_characters_of_plain_text_are_escaped(text: str) -> None:
    html = text_as_html(text)

    without_ours = html.replace("<p>", "").replace("</p>", "").replace("<br>", "")
    assert "<" not in without_ours
    assert ">" not in without_ours
