"""The clean-up of HTML on save in the sandbox Azure DevOps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.azure_devops.html_cleanup import clean_html


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("", ""),
        (" \n ", ""),
        ("Text", "<div>Text</div>"),
        ("<P>One</P><P>Two</P>", "<p>One</p><p>Two</p>"),
        ("Hello <B>you</B>", "<div>Hello <b>you</b></div>"),
        ("<p>One</p>loose<p>Two</p>", "<p>One</p><div>loose</div><p>Two</p>"),
        ("One<br/>Two<BR />", "<div>One<br>Two<br></div>"),
        ("<p class=big>x</p>", '<p class="big">x</p>'),
        ("<p class='big'>x</p>", '<p class="big">x</p>'),
        ("<p>a\xa0b</p>", "<p>a&nbsp;b</p>"),
        ("<p>1 &lt; 2 &amp; 3 > 2</p>", "<p>1 &lt; 2 &amp; 3 &gt; 2</p>"),
        ("<p>open", "<p>open</p>"),
        ("<ul><li>one<li>two</ul>", "<ul><li>one<li>two</li></li></ul>"),
        ("</p>stray", "<div>stray</div>"),
        ("<p>a</p>\n<p>b</p>", "<p>a</p>\n<p>b</p>"),
    ],
)
def test_tags_come_out_in_one_spelling_and_loose_text_in_a_div(sent: str, kept: str) -> None:
    assert clean_html(sent) == kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("<p>a<script>alert(1)</script>b</p>", "<p>ab</p>"),
        ("<p onclick='x()'>a</p>", "<p>a</p>"),
        ("<a href='javascript:x()'>a</a>", "<div><a>a</a></div>"),
        ("<a href=' jAva\tscript:x()'>a</a>", "<div><a>a</a></div>"),
        ("<p>a<!-- secret -->b</p>", "<p>ab</p>"),
        ("<iframe src='https://example.com'>x</iframe>", ""),
        ("<style>p{}</style><p>a</p>", "<p>a</p>"),
        ("<form><p>a</p><input></form>", "<p>a</p>"),
        ("<html><head><title>T</title></head><body><p>a</p></body></html>", "<p>a</p>"),
    ],
)
def test_what_could_run_is_dropped(sent: str, kept: str) -> None:
    assert clean_html(sent) == kept


@pytest.mark.parametrize(
    "text",
    [
        "<div>Text</div>",
        '<div><img src="https://dev.azure.com/fabrikam/_apis/wit/attachments/1?fileName=a.png&amp;x=1" alt="a"></div>',
        '<table><tbody><tr><td style="width:10px;">1</td></tr></tbody></table>',
        "<h1>Grüße 😀</h1><p>a&nbsp;b &lt;c&gt; &amp; &quot;d&quot;</p>".replace("&quot;", '"'),
        '<p><a href="mailto:paula@fabrikam.com">Paula</a></p>',
    ],
)
def test_clean_text_is_left_alone(text: str) -> None:
    assert clean_html(text) == text


PIECES = [
    *("<p>", "</p>", "<B>", "</b>", "<br/>", "<li>", "<ul>", "</ul>", "<div>", "</div>", "<td>", "<title>"),
    *("<script>", "</script>", "<a href='x'>", "</a>", "<img src=a>", "<span style='a:b'>", "</span>"),
    *("text", " ", "\n", "\xa0", "ü", "&amp;", "&lt;", "&nbsp;", "&", "&#", "<", ">"),
    *("<!-- x -->", "<?x?>", "<![CDATA[y]]>", "</", "<!", "<a b="),
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=20))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean_html(text)

    assert clean_html(once) == once
