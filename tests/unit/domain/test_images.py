"""Translating the images of descriptions in both directions."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.html_links import find_links
from shared.domain.image_formats import image_format
from shared.domain.images import (
    Images,
    comparable,
    for_aha,
    for_azure_devops,
    inline_images,
    with_inline_images,
)
from shared.domain.links import AttachedFile, Field
from shared.domain.organization_urls import Organization
from shared.domain.records import Feature
from shared.domain.send_plan import Family, link_after_send
from tests.unit.domain.two_sides import TwoSides
from tests.unit.examples import a_link, a_record, a_work_item, an_attachment, planned

HOST = "fabrikam.aha.io"
GUIDS = {number: f"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1{number:02}" for number in range(100)}
PAGE = "https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/12"


def at_aha(number: int, token: str = "ab12") -> str:
    """The address of an image in Aha!."""
    return f"https://fabrikam.aha.io/attachments/{number}/token/{token}.download?size=original"


def upload(number: int) -> str:
    """The address of its upload."""
    return f"https://dev.azure.com/fabrikam/_apis/wit/attachments/{GUIDS[number]}?fileName=image.png"


def img(address: str) -> str:
    """An image as Aha!'s editor writes it."""
    return f'<img width="500" height="84.77970627503338" data-original-width="1498" src="{address}">'


def uploaded(*numbers: int) -> Images:
    """What is known when these attachments were uploaded."""
    files = {str(number): AttachedFile(upload(number), "image.png", 10) for number in numbers}
    return Images(HOST, files, Organization("fabrikam"))


def pasted(number: int) -> str:
    """An image that an engineer pasted, as Azure DevOps keeps it."""
    return f'<img src="{upload(number)}" alt="shot">'


def test_an_image_leads_to_its_upload_and_nothing_else_changes() -> None:
    before, after = "<p>Colours &amp; <B>more</B> ", "</p>\n<p>Text"

    html = for_azure_devops(f"{before}{img(at_aha(41))}{after}", uploaded(41))

    assert html == f"{before}{img(upload(41))}{after}"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("<IMG alt='a > b' SRC='{}'/>", "<IMG alt='a > b' SRC='{}'/>"),
        ("<img src={} width=5>", "<img src={} width=5>"),
        ('<img\n  src = "{}"\n>', '<img\n  src = "{}"\n>'),
        ('<img data-src="x" title="src=y" src="{}">', '<img data-src="x" title="src=y" src="{}">'),
        ('<img src="{}" src="https://second.example/">', '<img src="{}" src="https://second.example/">'),
        (
            '<a href="https://x.example/"><img src="{}"></a>',
            '<a href="https://x.example/"><img src="{}"></a>',
        ),
    ],
)
def test_an_image_may_be_written_in_any_way(tag: str, expected: str) -> None:
    address = at_aha(41).partition("?")[0]
    new = AttachedFile("https://dev.azure.com/f/_apis/wit/attachments/" + GUIDS[41], "a.png", 1)

    html = for_azure_devops(f"<p>ä 😀\n{tag.format(address)}", Images(HOST, {"41": new}))

    assert html == f"<p>ä 😀\n{expected.format(new.url)}"


def test_an_address_that_would_break_out_of_its_quotes_is_escaped() -> None:
    odd = AttachedFile("https://dev.azure.com/f/_apis/wit/attachments/7?fileName='\"><b>&x", "a.png", 1)

    html = for_azure_devops(f"<img src='{at_aha(41)}'>", Images(HOST, {"41": odd}))

    (link,) = find_links(html)
    assert link.url == odd.url
    assert "<b>" not in html


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://elsewhere.example/attachments/41/token/x.download">',
        '<img src="data:image/png;base64,iVBORw0KGgo=">',
        '<img class="emoticon" src="https://fabrikam.aha.io/images/emoticons/smile.png">',
        "<img alt='no source' /attachments/41/>",
        f"<!-- {img(at_aha(41))} -->",
        f"<script>'{img(at_aha(41))}'</script>",
        f"<textarea title='{at_aha(41)}'></textarea>",
        f"&lt;img src={at_aha(41)}&gt;",
        img(at_aha(42)),
        f'<a href="{at_aha(41)}">the file</a>',
        f'<img src="{at_aha(41)}',
    ],
)
def test_other_links_and_images_stay_unchanged(html: str) -> None:
    assert for_azure_devops(html, uploaded(41)) == html


PIECES = st.sampled_from(
    ["<p>", "</p>", "text", " ", "\n", "\r\n", "&nbsp;", "&amp", "<!--", "-->", "<![", "<![CDATA[", "]]>", "<!", "<?",
     ">", "<", "</", "<script>", "</script>", "<img src=x>", '"', "'", "=", "/", "\x00", "<img ", "<a href=", "</a>",
     "src=", "attachments/", "😀", "<svg>", "<textarea>", "<title>", "</title>", img("https://x.example/attachments/1/t")]
)  # fmt: skip
ANY_HTML = st.lists(PIECES | st.text(max_size=5), max_size=15).map("".join)


def test_a_link_stays_a_link_beside_an_image_of_another_host() -> None:
    html = f'<a href="https://x.example/attachments/">Terms</a>{img("https://x.example/attachments/1/t")}'

    assert for_azure_devops(html, uploaded(41), html) == html


@given(ANY_HTML)
def test_a_description_without_known_images_stays_unchanged(html: str) -> None:
    images = uploaded(41)

    assert for_azure_devops(html, images, html) == html
    assert for_aha(html, images, {}, PAGE).html == html
    assert comparable(html, images) == html
    assert inline_images(html, HOST) == {}


@given(
    st.lists(
        st.sampled_from([img(at_aha(1)), img(at_aha(2)), "<p>", "</p>", "text &amp; ", "\n", "<br/>", "ä"])
    )
)
def test_translating_to_uploads_and_back_gives_the_same_description(pieces: list[str]) -> None:
    html = "".join(pieces)
    images = uploaded(1, 2)

    there = for_azure_devops(html, images)
    back = for_aha(there, images, inline_images(html, HOST), PAGE)

    assert back.html == html
    assert back.left_in_azure_devops == ()
    assert comparable(there, images) == comparable(html, images)


@given(ANY_HTML, ANY_HTML)
def test_an_image_inside_any_text_is_translated_or_left_alone(before: str, after: str) -> None:
    html = f"{before}{img(at_aha(1))}{after}"
    images = uploaded(1)

    there = for_azure_devops(html, images)

    assert there in (html, f"{before}{img(upload(1))}{after}")
    assert comparable(there, images) == comparable(html, images)


def test_a_new_token_or_another_form_of_the_url_is_not_a_change() -> None:
    images = uploaded(41)
    other_form = f"https://dev.azure.com/fabrikam/7a1f/_apis/wit/attachments/{GUIDS[41].upper()}"

    forms = {
        comparable(img(address), images)
        for address in (at_aha(41), at_aha(41, "new"), upload(41), other_form)
    }

    assert forms == {img("aha-attachment:41")}


def test_an_image_that_only_the_description_names_is_an_attachment_of_the_record() -> None:
    record = a_record(
        description=f"{img(at_aha(41))}{img(at_aha(42))}{img(at_aha(42, 'x'))}",
        attachments=(an_attachment(),),
    )

    listed, inline = with_inline_images(Feature(record, ()), HOST).record.attachments

    assert (listed.id, listed.is_inline, listed.is_listed, listed.size) == ("41", True, True, 2048)
    assert (inline.id, inline.is_inline, inline.is_listed, inline.download_url) == (
        "42",
        True,
        False,
        at_aha(42),
    )


def test_an_image_pasted_in_azure_devops_becomes_a_link_to_the_work_item_and_an_image_again() -> None:
    shown = f"<p>See {pasted(7)} there</p>"

    received = for_aha(shown, uploaded(41), {}, PAGE)

    assert received.left_in_azure_devops == ("image.png",)
    link = f'<a href="{PAGE}#attachments/{GUIDS[7]}">image in Azure DevOps: image.png</a>'
    assert received.html == f"<p>See {link} there</p>"
    cleaned = received.html.replace("<a ", '<a rel="noopener" target="_blank" ')
    assert for_azure_devops(cleaned, uploaded(41), shown) == shown
    assert for_azure_devops(cleaned, uploaded(41), "<p>no image</p>") == cleaned
    assert comparable(cleaned, uploaded()) == comparable(shown, uploaded())


PASTED_BY_AN_ENGINEER = {
    "attachment": (upload(7), "image.png"),
    "attachment of a project": (
        f"https://dev.azure.com/fabrikam/Web/_apis/wit/attachments/{GUIDS[7]}?fileName=a%20b.png",
        "a b.png",
    ),
    "attachment, written in upper case": (upload(7).upper(), "IMAGE.PNG"),
    "attachment at the older host": (
        f"https://fabrikam.visualstudio.com/7a1f/_apis/wit/attachments/{GUIDS[7]}?fileName=shot.png",
        "shot.png",
    ),
    "attachment, without a scheme": (upload(7).partition(":")[2], "image.png"),
    "attachment, relative": (f"/fabrikam/_apis/wit/attachments/{GUIDS[7]}?fileName=image.png", "image.png"),
    "older attachment": (
        "https://fabrikam.visualstudio.com/DefaultCollection/WorkItemTracking/v1.0/AttachFileHandler.ashx"
        f"?FileNameGuid={GUIDS[7]}&FileName=temp1.png",
        "temp1.png",
    ),
    "older attachment, without a name": (
        f"https://dev.azure.com/fabrikam/WorkItemTracking/v1.0/AttachFileHandler.ashx?FileNameGuid={GUIDS[7]}",
        "image",
    ),
    "older attachment, without an id": (
        "https://dev.azure.com/fabrikam/WorkItemTracking/v1.0/AttachFileHandler.ashx?FileName=a.png",
        "a.png",
    ),
    "pull request": (
        "https://dev.azure.com/fabrikam/Web/_apis/git/repositories/7a1f/pullRequests/12/attachments/flow.png",
        "flow.png",
    ),
    "wiki": (
        "https://dev.azure.com/fabrikam/Web/_apis/git/repositories/7a1f/Items"
        "?path=/.attachments/image-1%20b.png&download=false",
        "image-1 b.png",
    ),
    "wiki, relative": ("/.attachments/image-1.png", "image-1.png"),
    "anything else": ("https://dev.azure.com/fabrikam/_static/chart?width=3", "image"),
}
ELSEWHERE = {
    "another organization": upload(7).replace("/fabrikam/", "/contoso/"),
    "another organization whose name begins in the same way": upload(7).replace(
        "/fabrikam/", "/fabrikam-evil/"
    ),
    "another host": upload(7).replace("dev.azure.com", "dev.azure.com.evil.example"),
    "another host, after user info": upload(7).replace("dev.azure.com", "dev.azure.com@evil.example"),
    "another port": upload(7).replace("dev.azure.com", "dev.azure.com:8443"),
    "a picture inside the text": "data:image/png;base64,iVBORw0KGgo=",
    "a picture of a mail": "cid:image001.png",
}


@pytest.mark.parametrize("kind", PASTED_BY_AN_ENGINEER)
def test_an_image_of_the_organization_becomes_a_link_and_an_image_again(kind: str) -> None:
    url, name = PASTED_BY_AN_ENGINEER[kind]
    shown = f'<p>See <img alt="shot" src="{escape(url)}" width=3> there</p>'
    images = uploaded(41)

    received = for_aha(shown, images, {}, PAGE)

    assert received.left_in_azure_devops == (name,)
    assert f">image in Azure DevOps: {name}</a>" in received.html
    assert "<img" not in received.html
    assert for_aha(received.html, images, {}, PAGE).html == received.html
    assert comparable(received.html, images.of_aha) == comparable(shown, images)
    cleaned = received.html.replace("<a ", '<a rel="noopener" target="_blank" ')
    assert for_azure_devops(cleaned, images, shown) == shown


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_an_image_of_somebody_else_stays_an_image(kind: str) -> None:
    html = f'<img src="{ELSEWHERE[kind]}">'

    assert for_aha(html, uploaded(41), {}, PAGE).html == html
    assert comparable(html, uploaded(41)) == html


@given(st.permutations(sorted({url for url, _ in PASTED_BY_AN_ENGINEER.values()})))
def test_several_images_become_again_what_they_were(urls: list[str]) -> None:
    shown = "".join(f'<p>{url[-3:]}<img src="{escape(url)}"></p>' for url in urls)
    images = uploaded(41)

    received = for_aha(shown, images, {}, PAGE).html
    back = for_azure_devops(received, images, shown)

    assert comparable(back, images) == comparable(shown, images) == comparable(received, images.of_aha)


def test_an_older_address_of_an_upload_is_the_image_in_aha() -> None:
    url = f"https://dev.azure.com/fabrikam/WorkItemTracking/v1.0/AttachFileHandler.ashx?FileNameGuid={GUIDS[41]}"

    assert for_aha(img(url), uploaded(41), {"41": at_aha(41)}, PAGE).html == img(at_aha(41))
    assert comparable(img(url), uploaded(41)) == img("aha-attachment:41")


@pytest.mark.parametrize("space", ["", " ", "\n"])
def test_a_link_around_an_image_alone_gives_way_to_the_link_to_the_work_item(space: str) -> None:
    shown = f'<p>a <a href="https://x.example/">{space}{pasted(7)}{space}</a > b</p>'
    images = uploaded(41)

    received = for_aha(shown, images, {}, PAGE)

    assert received.html.count("<a ") == 1
    assert "x.example" not in received.html
    assert for_azure_devops(received.html, images, shown) == shown
    assert comparable(received.html, images.of_aha) == comparable(shown, images)


def test_another_link_with_the_same_fragment_stays_a_link() -> None:
    html = '<a href="https://docs.example/page#attachments/overview">Attachments</a>'

    assert comparable(html, uploaded()) == html
    assert for_azure_devops(html, uploaded(), pasted(7)) == html


def test_an_image_that_aha_no_longer_has_becomes_a_link() -> None:
    assert "image in Azure DevOps" in for_aha(img(upload(41)), uploaded(41), {}, PAGE).html


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff\xe0", "jpg"),
        (b"GIF89a", "gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp"),
        (b"BM" + bytes(12) + b"\x28\x00\x00\x00", "bmp"),
        (b"II*\x00", "tif"),
        (b"MM\x00*", "tif"),
        (b"\x00\x00\x00\x1cftypavif", "avif"),
        (b"\x00\x00\x00\x18ftypheic", "heic"),
        (b'<svg xmlns="http://www.w3.org/2000/svg">', "svg"),
        (
            b'\xef\xbb\xbf<?xml version="1.0"?>\n<!DOCTYPE svg>\n<!-- drawn -->\n<svg:svg xmlns:svg="x">',
            "svg",
        ),
        ("<svg>".encode("utf-16"), "svg"),
        (b"", None),
        (b"<!DOCTYPE html><html><body><svg></svg></body></html>", None),
        (b"<html><head><title>Sign in</title>", None),
        (b"text <svg>", None),
        (b"<Error><Code>AccessDenied</Code></Error>", None),
        (b"%PDF-1.7", None),
        (b"BM is how the text begins", None),
        (b"\x00\x00\x00\x18ftypmp42", None),
        (b"<![x[", None),
    ],
)
def test_the_format_of_an_image_is_recognized_by_its_first_bytes(head: bytes, expected: str | None) -> None:
    # nkdAgility/azure-devops-migration-tools#2598 and others: a sign-in page was saved under an image's name.
    assert image_format(head) == expected


@given(st.binary(max_size=200))
def test_any_bytes_can_be_checked_for_a_format(head: bytes) -> None:
    assert image_format(head) is None or head


def test_the_next_send_repairs_an_image_whose_upload_failed_and_keeps_an_engineers_edit() -> None:
    record = a_record(
        description=f"<p>x</p>{img(at_aha(1))}", attachments=(an_attachment(id="1", is_inline=True),)
    )
    account = Images(HOST)
    plan = planned(record, None, None, Family(), images=account)
    assert plan.description_to_write({}) == record.description
    created = a_work_item(description=record.description)
    link = link_after_send(plan, None, created, {}, "op")

    edited = a_work_item(revision=2, description=f"<p>edited</p>{img(at_aha(1))}")
    again = planned(record, link, edited, Family(), images=account)

    assert again.writes
    assert again.description_to_write({}) is None
    file = {"1": AttachedFile(upload(1), "image.png", 10)}
    mended = again.description_to_write(file)
    assert mended == f"<p>edited</p>{img(upload(1))}"
    assert again.conflicts == ()
    last = link_after_send(again, link, a_work_item(revision=3, description=mended), file, "op")
    assert last.base[Field.DESCRIPTION] == link.base[Field.DESCRIPTION]
    assert last.agreed_revision == 1, "the edit is still to be brought to Aha!"


def test_repairing_only_an_image_is_agreed() -> None:
    record = a_record(description=img(at_aha(1)))
    item = a_work_item(description=record.description)
    link = a_link(record, item, attachments={"1": AttachedFile(upload(1), "image.png", 10)})
    agreed = link_after_send(planned(record, None, item, Family(), images=Images(HOST)), link, item, {}, "op")
    plan = planned(record, agreed, item, Family(), images=Images(HOST))

    assert plan.description_to_write({}) == img(upload(1))
    mended = a_work_item(revision=2, description=img(upload(1)))
    after = link_after_send(plan, agreed, mended, {}, "op")

    assert after.agreed_revision == 2
    assert not planned(record, after, mended, Family(), images=Images(HOST)).writes


def test_images_of_a_markdown_description_are_not_repaired() -> None:
    record = a_record(description=None)
    item = a_work_item(description=img(at_aha(1)), description_is_markdown=True)
    link = a_link(record, item, attachments={"1": AttachedFile(upload(1), "image.png", 10)})

    assert planned(record, link, item, Family(), images=Images(HOST)).description_to_write({}) is None


def test_both_sides_stop_changing_with_images_of_either_side() -> None:
    sides = TwoSides(description=f"<p>a</p>{img(at_aha(1))}", images=uploaded(1))
    sides.send()
    assert sides.item is not None
    assert upload(1) in sides.item.description

    sides.edit_in_azure_devops(description=f"<p>b</p>{img(upload(1))}{pasted(7)}")
    sides.receive()

    assert at_aha(1) in sides.description
    assert "image in Azure DevOps" in sides.description
    assert not sides.send().writes
    again = sides.receive()
    assert again is not None
    assert not again.writes

    sides.edit_in_aha(description=sides.description.replace("<p>b</p>", "<p>c</p>"))
    sides.send()
    assert sides.item.description == f"<p>c</p>{img(upload(1))}{pasted(7)}"
    assert not sides.plan_receive().writes
