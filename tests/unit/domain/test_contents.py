"""The digests by which the app recognises its own writes, although the target cleans up HTML."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.aha_record import WorkflowStatus
from shared.domain.contents import contents_of_status, description_content, name_content, status_content
from shared.domain.images import Images
from shared.domain.links import AttachedFile
from shared.domain.organization_urls import Organization

UPLOAD = "https://dev.azure.com/fabrikam/_apis/wit/attachments/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
OTHER_UPLOAD = "https://dev.azure.com/fabrikam/_apis/wit/attachments/ffffffff-4b5a-6978-8796-a5b4c3d2e1f0"
AT_AHA = "https://fabrikam.aha.io/attachments/41/token/ab12.download"
IMAGES = Images(
    "fabrikam.aha.io", {"41": AttachedFile(UPLOAD, "colours.png", 2048)}, Organization("fabrikam")
)


def content(html: str) -> str:
    """The content of a description of a record with one uploaded image."""
    return description_content(html, IMAGES)


@pytest.mark.parametrize(
    ("written", "cleaned_up"),
    [
        ("<p>Colours</p>", "<div>Colours</div>"),
        ("<p>Colours</p>", "<div><p>Colours</p></div>"),
        ("<p class='x' data-y>Colours</p>", "<p>Colours</p>"),
        ("<p>Red</p><p>Green</p>", "<div>Red<br></div>\n<div>Green</div>"),
        ("<p>Red &amp; green</p>", "<p>Red &#38; green</p>"),
        ("<p>Red green</p>", "<p>Red&nbsp;green </p>"),
        ("<ul><li>Red</li></ul>", "<ul>\r\n  <li>Red</li>\r\n</ul>"),
        ("<p>Red<script>alert(1)</script></p>", "<p>Red</p>"),
        ("<p></p>", ""),
        ("<p><br></p>", "<div>&nbsp;</div>"),
        ("", "<p></p>"),
    ],
)
def test_a_clean_up_of_markup_and_white_space_leaves_the_content(written: str, cleaned_up: str) -> None:
    assert content(written) == content(cleaned_up)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<p>Red</p>", "<p>Green</p>"),
        ("<p>Red</p>", "<p>red</p>"),
        ("<p>Red</p>", ""),
        ("<p>Red, green</p>", "<p>Green, red</p>"),
        ("<hr>", ""),
        ("<table></table>", ""),
        (f'<p>Red</p><img src="{UPLOAD}">', "<p>Red</p>"),
        (f'<img src="{UPLOAD}">', f'<img src="{OTHER_UPLOAD}">'),
        (f'<img src="{UPLOAD}">', f'<img src="{UPLOAD}"><img src="{UPLOAD}">'),
        (
            f'<img src="{UPLOAD}"><img src="{OTHER_UPLOAD}">',
            f'<img src="{OTHER_UPLOAD}"><img src="{UPLOAD}">',
        ),
    ],
)
def test_another_text_or_another_image_is_another_content(one: str, other: str) -> None:
    assert content(one) != content(other)


def test_an_image_has_the_same_content_on_both_sides() -> None:
    assert content(f'<p>Red</p><img src="{AT_AHA}">') == content(
        f'<img src="{UPLOAD}?fileName=a.png"><p>Red</p>'
    )


@given(st.text(alphabet="ab <&>\n\t", max_size=20), st.sampled_from(["div", "p", "span", "blockquote"]))
def test_wrapping_a_description_leaves_its_content(text: str, tag: str) -> None:
    html = f"<p>{escape(text)}</p>"

    assert content(f"<{tag}>{html}</{tag}>") == content(html)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Search by colour", " Search\tby  colour\n", True),
        ("Search by colour", "search by colour", False),
        ("Search by colour", "Searchbycolour", False),
        ("", " ", True),
    ],
)
def test_white_space_of_a_name_is_folded(one: str, other: str, is_same: bool) -> None:
    assert (name_content(one) == name_content(other)) is is_same


@pytest.mark.parametrize("mapped", ["56", "In development", "IN DEVELOPMENT"])
def test_a_status_is_recognised_by_its_id_or_its_name(mapped: str) -> None:
    assert status_content(mapped) in contents_of_status(WorkflowStatus("56", "In development"))


@pytest.mark.parametrize("mapped", ["57", "In", ""])
def test_another_status_is_not_recognised(mapped: str) -> None:
    assert status_content(mapped) not in contents_of_status(WorkflowStatus("56", "In development"))
