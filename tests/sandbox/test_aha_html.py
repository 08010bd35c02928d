"""The clean-up of descriptions in the sandbox Aha!."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.aha.account import Account
from local.aha.html_cleanup import clean_html
from local.aha.seed import fill
from tests.sandbox.aha_caller import running_aha


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("<div>Hi <strong>you</strong></div>", "<p>Hi <b>you</b></p>"),
        ("<div>a<p>b</p>c</div>", "<p>a</p><p>b</p><p>c</p>"),
        ("<em>a</em><s>b</s>", "<i>a</i><strike>b</strike>"),
        ("plain & text <3", "plain &amp; text &lt;3"),
        ("a&nbsp;&eacute;&quot;", 'a&nbsp;é"'),
        ("<ul>\n  <li>a</li>\n  <li>b\n</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<p>a</p>\n\n<p></p><p><br></p>", "<p>a</p>"),
        ("<p>a<br></p>", "<p>a</p>"),
        ("<pre>  a\n  b</pre>", "<pre>  a\n  b</pre>"),
        ("<script>alert(1)</script><p onclick='x'>a</p><!-- c -->", "<p>a</p>"),
        ('<a href="javascript:alert(1)">a</a>', "<a>a</a>"),
        (
            '<a href="https://x.example/?a=1&b=2">a</a>',
            '<a href="https://x.example/?a=1&amp;b=2" rel="noopener noreferrer" target="_blank">a</a>',
        ),
        ("<font color=red>a</font><custom-tag>b</custom-tag>", "ab"),
        (
            '<span style="COLOR:red; background: url(x)">a</span><span>b</span>',
            '<span style="color: red;">a</span>b',
        ),
        (
            "<table><tr><td></td></tr></table>",
            '<div class="table-wrapper"><table class="mce-item-table"><tr><td></td></tr></table></div>',
        ),
        (
            '<ul class="checklist"><li class="checklist-item--checked">a</li></ul>',
            '<ul class="checklist"><li class="checklist-item--checked">a</li></ul>',
        ),
        (
            '<p>a</p><img src="https://x.example/a.png" onerror="x" height="84.77">',
            '<p>a</p><img src="https://x.example/a.png" height="84.77">',
        ),
        ("<b>never closed", "<b>never closed</b>"),
        ("a</p></ul>b", "ab"),
    ],
)
def test_a_description_is_stored_in_elements_of_aha(sent: str, stored: str) -> None:
    assert clean_html(sent) == stored


_PAIRED = ["div", "p", "b", "ul", "li", "table", "pre", "h1", "span", "a", "blockquote", "script"]
_SINGLE = [
    "<tr>",
    "<td>",
    "<br>",
    "<svg/>",
    "<!--",
    "-->",
    "&amp;",
    "&lt;",
    "&nbsp;",
    "a",
    "<",
    ">",
    "&",
    " ",
    "\n",
]
_WITH_ATTRIBUTES = ['<div class="table-wrapper">', '<span style="color:red">', '<a href="x">']
_PIECES = [*_SINGLE, *_WITH_ATTRIBUTES, *(f"<{tag}>" for tag in _PAIRED), *(f"</{tag}>" for tag in _PAIRED)]
_FRAGMENTS = st.lists(st.sampled_from(_PIECES), max_size=40).map("".join)


@given(_FRAGMENTS | st.text(max_size=60))
def test_cleaning_what_is_clean_changes_nothing(text: str) -> None:
    once = clean_html(text)

    assert clean_html(once) == once


def test_the_deepest_nesting_is_survived() -> None:
    assert "a" in clean_html("<div>" * 5000 + "<blockquote>" * 5000 + "a")


def test_the_samples_are_clean_already() -> None:
    account = Account()
    fill(account)

    bodies = [record.description.body for record in account.records()]

    assert [clean_html(body) for body in bodies] == bodies


def test_the_clean_up_can_be_switched_off() -> None:
    with running_aha() as aha:
        aha.control("PUT", "/behaviour", json={"clean_html": False})
        kept = aha.put_feature("PROD-1", description="<div>a</div>").json()["feature"]["description"]["body"]

    assert kept == "<div>a</div>"
