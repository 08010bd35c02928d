"""Descriptions in Markdown as HTML."""

from __future__ import annotations

import itertools
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local.aha.html_cleanup import clean_html as cleaned_by_aha
from shared.domain.contents import description_content
from shared.domain.html_text import plain_text
from shared.domain.images import Images, comparable, for_aha, for_azure_devops
from shared.domain.links import AttachedFile, Field
from shared.domain.markdown import MOST_CHARACTERS, render
from shared.domain.organization_urls import Organization
from shared.domain.send_plan import Family
from tests.unit.domain.two_sides import TwoSides
from tests.unit.examples import a_record, a_work_item, planned

PAGE = "https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/12"
UPLOAD = "https://dev.azure.com/fabrikam/_apis/wit/attachments/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e107"
FABRIKAM = Images("fabrikam.aha.io", organization=Organization("fabrikam"))
PERSON = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e107"

CHECKED = '<li class="checklist-item--checked"><span class="checklist-item__indicator">☑</span> {}</li>'
UNCHECKED = '<li class="checklist-item--unchecked"><span class="checklist-item__indicator">☐</span> {}</li>'


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("", ""),
        ("## Heading **bold**", "<h2>Heading <strong>bold</strong></h2>"),
        (
            "Heading\n===\n\n*a* _b_ `c<d`",
            "<h1>Heading</h1>\n<p><em>a</em> <em>b</em> <code>c&lt;d</code></p>",
        ),
        ("~~old~~ ~new~", "<p><del>old</del> ~new~</p>"),
        ("a\r\nb\\\nc", "<p>a\nb<br />\nc</p>"),
        ("> quoted", "<blockquote>\n<p>quoted</p>\n</blockquote>"),
        ("1. one\n2. two", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>"),
        ("```py\na < b\n```", '<pre><code class="language-py">a &lt; b\n</code></pre>'),
        ("---", "<hr />"),
        ('[a](https://x.example/ "t")', '<p><a href="https://x.example/" title="t">a</a></p>'),
        ("see https://x.example/a.", '<p>see <a href="https://x.example/a">https://x.example/a</a>.</p>'),
        ("[a][1]\n\n[1]: https://x.example/", '<p><a href="https://x.example/">a</a></p>'),
        ("a &lt; b & c < d", "<p>a &lt; b &amp; c &lt; d</p>"),
        ("\\*no emphasis\\*", "<p>*no emphasis*</p>"),
        (f"@<{PERSON}> please", f"<p>@&lt;{PERSON}&gt; please</p>"),
    ],
)
def test_markdown_is_rendered(markdown: str, html: str) -> None:
    assert render(markdown).html == html


HEADER = "<tr><th>a</th><th>b</th></tr>"
CENTER = ' style="text-align: center;"'


@pytest.mark.parametrize(
    ("markdown", "rows"),
    [
        (
            "| a | b |\n|---|:-:|\n| 1 | 2 |",
            f"<tr><th>a</th><th{CENTER}>b</th></tr>\n<tr><td>1</td><td{CENTER}>2</td></tr>",
        ),
        ("a | b\n--|--\n1 | **2**", f"{HEADER}\n<tr><td>1</td><td><strong>2</strong></td></tr>"),
        ("|a|\n|-|\n|`x\\|y`|", "<tr><th>a</th></tr>\n<tr><td><code>x|y</code></td></tr>"),
        ("|a|b|\n|-|-|\n|1|\n|1|2|3|", f"{HEADER}\n<tr><td>1</td></tr>\n<tr><td>1</td><td>2</td></tr>"),
    ],
)
def test_a_table_is_rendered(markdown: str, rows: str) -> None:
    table = f"<table>\n{rows}\n</table>"

    assert render(markdown).html == table
    assert render(f"before\n{markdown}\n\nafter").html == f"<p>before</p>\n{table}\n<p>after</p>"
    quoted = "".join(f"> {line}\n" for line in markdown.split("\n"))
    assert render(quoted).html == f"<blockquote>\n{table}\n</blockquote>"


@pytest.mark.parametrize("markdown", ["a | b", "a | b\n---", "|a|b|\n|-|", "- a | b\n- c | d"])
def test_lines_with_bars_alone_are_no_table(markdown: str) -> None:
    assert "<table>" not in render(markdown).html


def test_a_task_list_is_a_checklist_of_aha() -> None:
    html = render("- [ ] open\n- [x] **done**\n- [X] done, too").html

    items = "\n".join(
        (UNCHECKED.format("open"), CHECKED.format("<strong>done</strong>"), CHECKED.format("done, too"))
    )
    assert html == f'<ul class="checklist">\n{items}\n</ul>'
    assert render("- [a] b\n- [x]c").html == "<ul>\n<li>[a] b</li>\n<li>[x]c</li>\n</ul>"


@pytest.mark.parametrize(
    ("markdown", "size"),
    [
        ("![a]({} =300x200)", ' width="300" height="200"'),
        ("![a]({} =300x)", ' width="300"'),
        ("![a]({} =x200)", ' height="200"'),
        ("![a](<{}>   =300x200 )", ' width="300" height="200"'),
        ("![a]({})", ""),
    ],
)
def test_an_image_has_the_size_that_azure_devops_writes(markdown: str, size: str) -> None:
    url = f"{UPLOAD}?fileName=a%20(1).png"
    image = f'<img src="{url}" alt="a"{size}>'

    assert render(markdown.format(url)).html == f"<p>{image}</p>"
    linked = f"[{markdown.format(url)}](https://x.example/)"
    assert render(linked).html == f'<p><a href="https://x.example/">{image}</a></p>'
    assert "<img" not in render(f"`{markdown.format(url)}`").html


@pytest.mark.parametrize("markdown", ["![a](b =x)", "![a](b =3)", "![a](b=3x3 =3x3", "[a](b =3x3)"])
def test_what_is_no_image_with_a_size_is_text(markdown: str) -> None:
    assert "<img" not in render(markdown).html


def test_html_is_passed_through() -> None:
    html = '<div class="note">\n*a* <b onclick="x()">b</b>\n</div>'

    assert render(html).html == html
    assert render("text <kbd>x</kbd><br>").html == "<p>text <kbd>x</kbd><br></p>"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JavaScript:alert(1)", "vbscript:x", "data:text/html,x"]
)
def test_an_address_that_could_run_is_dropped_and_others_stay(url: str) -> None:
    assert render(f"[a]({url})").html == '<p><a href="#harmful-link">a</a></p>'
    assert render("[a](file://server/share)").html == '<p><a href="file://server/share">a</a></p>'
    assert (
        render("![a](data:image/png;base64,AA)").html == '<p><img src="data:image/png;base64,AA" alt="a"></p>'
    )


WORST = {
    "emphasis": "*a ",
    "emphasis of both kinds": "*_",
    "brackets": "[",
    "images": "![",
    "links": "[a](",
    "sized images": "![a](b =",
    "code": "`a``b```c",
    "less-than": "<",
    "comments": "<!--",
    "quotes": ">",
    "quotes and lists": "> - ",
    "lists": "- ",
    "strikethrough": "~~a",
    "tables": "|a|\n|-|\n",
    "columns": "|a",
    "references": "[a]: b\n",
    "entities": "&#x",
    "parentheses": "(",
    "mentions": "@<",
    "addresses": "http://",
    "backslashes": "\\",
    "spaces": " \n",
}


@pytest.mark.parametrize("kind", WORST)
def test_the_work_grows_with_the_length_of_the_text(kind: str) -> None:
    def calls(size: int) -> int:
        """How many functions are called to render so much text."""
        counted = itertools.count()
        sys.setprofile(lambda *_: next(counted))
        try:
            assert not render(WORST[kind] * (size // len(WORST[kind]))).is_source
        finally:
            sys.setprofile(None)
        return next(counted)

    render("The first text loads the renderer.")
    small, large = calls(4_000), calls(16_000)

    # Four times the text; quadratic work would take sixteen times as many.
    assert large < 6 * small


def test_a_text_that_is_too_long_is_shown_as_it_is_written() -> None:
    longest = "a" * MOST_CHARACTERS

    assert not render(longest).is_source
    rendered = render(f"<b>{longest}\n\n# b")
    assert (rendered.is_source, rendered.html[:10], rendered.html[-10:]) == (
        True,
        "<p>&lt;b&g",
        "<p># b</p>",
    )


def test_unfinished_html_is_shown_and_hides_nothing() -> None:
    assert render("<div>\n<text\n\n# b").html == "<div>\n&lt;text\n\n<h1>b</h1>"
    assert render("<div>\n<![a](b)>").html == "<div>\n&lt;![a](b)>"


PIECES = st.sampled_from(
    ["text", " ", "\n", "\n\n", "*", "**", "_", "~~", "`", "```\n", "# ", "> ", "- ", "- [ ] ", "- [x] ", "1. ", "|",
     "|-|-|\n", "[a](https://x.example/)", f"![shot]({UPLOAD} =300x200)", f"![shot]({UPLOAD})", "![", "](", "=3x",
     "<b>", "</b>", "<div>\n", "<", "&amp;", "&", "\\", "---\n", "    ", "ä", "😀", "\x00", "@<", "http://x.example"]
)  # fmt: skip
MARKDOWN = st.lists(PIECES | st.text(max_size=4), max_size=25).map("".join)


@given(MARKDOWN)
def test_any_text_can_be_rendered(markdown: str) -> None:
    assert not render(markdown).is_source


@given(MARKDOWN)
@example("<div>\n<text")
@example("<div>\n<![shot](https://dev.azure.com/fabrikam/_apis/wit/attachments/1 =300x200)")
def test_what_aha_makes_of_the_html_has_the_content_that_was_written(markdown: str) -> None:
    html = for_aha(render(markdown).html, FABRIKAM, {}, PAGE).html

    assert description_content(cleaned_by_aha(html), FABRIKAM) == description_content(html, FABRIKAM)


@given(MARKDOWN, st.booleans())
def test_what_was_rendered_and_is_unchanged_is_never_sent_back(markdown: str, is_cleaned: bool) -> None:
    sides = TwoSides(images=FABRIKAM)
    if is_cleaned:
        sides.aha_cleans = cleaned_by_aha
    sides.send()
    sides.edit_in_markdown(markdown)
    sides.receive()
    shown = sides.description

    assert not sides.send().writes
    assert sides.item is not None
    assert (sides.item.description, sides.item.description_is_markdown) == (markdown, True)
    again = sides.receive()
    assert again is not None
    assert not again.writes
    sides.edit_in_azure_devops(title="Another title")
    sides.receive()
    assert sides.description == shown
    assert not sides.send().writes


@given(MARKDOWN)
def test_after_an_edit_in_aha_the_description_is_html_and_both_sides_stop_changing(markdown: str) -> None:
    sides = TwoSides(aha_cleans=cleaned_by_aha, images=FABRIKAM)
    sides.send()
    sides.edit_in_markdown(markdown)
    sides.receive()
    sides.edit_in_aha(description=f"{sides.description}<p>By a product manager</p>")

    plan = sides.send()

    assert plan.conflicts == ()
    assert sides.item is not None
    assert not sides.item.description_is_markdown
    assert "By a product manager" in sides.item.description
    assert not sides.plan_receive().writes
    assert not sides.plan_send().writes


def test_pasted_images_of_markdown_are_links_in_aha_and_images_again() -> None:
    html = render(f"See ![shot]({UPLOAD}?fileName=a.png =300x200).").html

    received = for_aha(html, FABRIKAM, {}, PAGE)

    assert received.left_in_azure_devops == ("a.png",)
    assert "<img" not in received.html
    assert comparable(received.html, FABRIKAM.of_aha) == comparable(html, FABRIKAM)
    assert for_azure_devops(received.html, FABRIKAM, html) == html


def test_an_image_of_aha_in_markdown_is_the_one_in_aha() -> None:
    images = FABRIKAM.with_files({"41": AttachedFile(UPLOAD, "a.png", 10)})
    source = "https://fabrikam.aha.io/attachments/41/token/ab12.download"

    received = for_aha(render(f"![a]({UPLOAD} =30x)").html, images, {"41": source}, PAGE)

    assert received.html == f'<p><img src="{source}" alt="a" width="30"></p>'


def test_a_send_recognises_a_rendered_description_that_was_never_synced() -> None:
    item = a_work_item(description="Search **by colour**", description_is_markdown=True)
    record = a_record(description="<p>Search <strong>by colour</strong></p>")

    plan = planned(record, None, item, Family(), images=FABRIKAM)

    assert plan.value_to_write(Field.DESCRIPTION) is None
    assert plain_text(item.description_html) == "Search by colour"


def test_the_same_text_as_html_is_written_in_another_way_so_that_the_format_changes() -> None:
    item = a_work_item(description="a *b*", description_is_markdown=True)

    plan = planned(a_record(description="a *b*"), None, item, Family())

    assert plan.description_to_write({}) == "<div>a *b*</div>"
