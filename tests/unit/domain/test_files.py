"""Which attachments still have to be sent, and which addresses mean the same file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.attachment_urls import (
    aha_attachment_id,
    azure_devops_attachment_id,
    azure_devops_file_name,
    is_same_upload,
)
from shared.domain.files import sort_files
from shared.domain.links import AttachedFile
from shared.domain.records import Attachment
from shared.domain.work_item import ATTACHED_FILE, Relation
from tests.unit.examples import a_link, a_record, a_work_item, an_attachment, file_relation

GUID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
UPLOADED = f"https://dev.azure.com/fabrikam/_apis/wit/attachments/{GUID}?fileName=colours.png"
AS_RELATED = (
    f"https://dev.azure.com/fabrikam/7a1f0c52-1111-4222-8333-444455556666/_apis/wit/attachments/{GUID}",
    f"https://dev.azure.com/fabrikam/_apis/wit/attachments/{GUID.upper()}",
    f"https://fabrikam.visualstudio.com/_apis/wit/Attachments/{GUID}?fileName=colours.png&download=true",
    UPLOADED,
)


@pytest.mark.parametrize("shown", AS_RELATED)
def test_a_file_is_known_again_in_whatever_form_azure_devops_shows_its_address(shown: str) -> None:
    related = Relation(ATTACHED_FILE, shown, {"name": "colours.png", "resourceSize": 2048})
    item = a_work_item(relations=(related,))
    link = a_link(a_record(), item, attachments={"41": AttachedFile(UPLOADED, "colours.png", 2048)})
    replacement = an_attachment(id="42")

    files = sort_files((an_attachment(), replacement), link, item)

    assert files.to_upload == (replacement,), "a new attachment of the same name and size is another file"
    assert files.found_on_work_item == {}


@pytest.mark.parametrize("shown", AS_RELATED)
def test_addresses_of_one_upload_are_told_by_its_id(shown: str) -> None:
    assert azure_devops_attachment_id(shown) == GUID
    assert is_same_upload(shown, UPLOADED)


@pytest.mark.parametrize(
    "url",
    ["", "https://dev.azure.com/fabrikam/_apis/wit/workItems/7", f"https://dev.azure.com/attachments/{GUID}",
     "https://dev.azure.com/_apis/wit/attachments/", "http://["],
)  # fmt: skip
def test_other_addresses_are_no_uploads(url: str) -> None:
    assert azure_devops_attachment_id(url) is None
    assert not is_same_upload(url, UPLOADED)


def test_the_name_of_an_upload_is_read_from_its_address() -> None:
    url = f"https://dev.azure.com/fabrikam/_apis/wit/attachments/{GUID}?FileName=R%C3%A9sum%C3%A9%20%26.png"

    assert azure_devops_file_name(url) == "Résumé &.png"
    assert azure_devops_file_name("https://dev.azure.com/x") == azure_devops_file_name("http://[") == ""


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://fabrikam.aha.io/attachments/41/token/ab12.download?size=original", "41"),
        ("https://FABRIKAM.aha.io/attachments/41/token/cd34.download?size=large", "41"),
        ("https://roadmap.fabrikam.example/attachments/41/token/x", "41"),
        ("https://other.example/attachments/41/token/x", None),
        ("https://aha.io.evil.example/attachments/41/token/x", None),
        ("https://fabrikam.aha.io/attachments/41", None),
        ("https://fabrikam.aha.io/attachments/../token/x", None),
        ("https://fabrikam.aha.io/images/emoticons/smile.png", None),
        ("//fabrikam.aha.io/attachments/41/token/x", None),
        ("/attachments/41/token/x", None),
        ("data:image/png;base64,/attachments/41/token/x", None),
        ("ftp://fabrikam.aha.io/attachments/41/token/x", None),
        ("https://[/attachments/41/token/x", None),
        ("", None),
    ],
)
def test_an_image_of_aha_is_told_by_the_attachments_id(url: str, expected: str | None) -> None:
    assert aha_attachment_id(url, "roadmap.fabrikam.example") == expected


@given(st.text())
def test_any_text_can_be_asked_for_an_id(text: str) -> None:
    assert aha_attachment_id(text, "") is None or "/attachments/" in text
    assert azure_devops_attachment_id(text) is None or "_apis" in text.casefold()


THUMBNAIL, ORIGINAL = 900, 2048


@pytest.mark.parametrize(
    ("sizes", "size_there"),
    [
        ({"size": ORIGINAL}, ORIGINAL),
        ({"size": THUMBNAIL, "original_size": ORIGINAL}, ORIGINAL),
        ({"size": THUMBNAIL, "original_size": ORIGINAL}, THUMBNAIL),
        ({"size": None, "original_size": ORIGINAL}, ORIGINAL),
        ({"size": None}, ORIGINAL),
        ({"size": ORIGINAL}, None),
    ],
)
def test_a_file_of_an_older_integration_is_not_sent_again(
    sizes: dict[str, int | None], size_there: int | None
) -> None:
    item = a_work_item(relations=(file_relation("colours.png", size_there),))

    files = sort_files((an_attachment(**sizes),), None, item)

    assert files.to_upload == ()
    assert list(files.found_on_work_item) == ["41"]


@pytest.mark.parametrize(
    ("attachments", "there"),
    [
        ([an_attachment(size=None), an_attachment(id="42", size=None)], [ORIGINAL]),
        ([an_attachment(size=None)], [ORIGINAL, ORIGINAL + 1]),
        ([an_attachment(size=THUMBNAIL, original_size=ORIGINAL)], [ORIGINAL + 1]),
        ([an_attachment(size=None, file_name="other.png")], [ORIGINAL]),
    ],
    ids=["two attachments", "two files", "other sizes", "other name"],
)
def test_a_file_that_may_be_another_one_is_sent(attachments: list[Attachment], there: list[int]) -> None:
    relations = tuple(file_relation("colours.png", size, number) for number, size in enumerate(there))

    files = sort_files(attachments, None, a_work_item(relations=relations))

    assert list(files.to_upload) == attachments


def test_each_file_counts_for_one_attachment() -> None:
    attachments = [an_attachment(), an_attachment(id="42")]

    files = sort_files(attachments, None, a_work_item(relations=(file_relation("colours.png", ORIGINAL),)))

    assert list(files.found_on_work_item) == ["41"]
    assert [item.id for item in files.to_upload] == ["42"]
