"""Attachments of the sandbox Aha!: where they lead, who may fetch them, and how they fail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.aha.file_content import BLOCK_BYTES, GeneratedContent
from tests.sandbox.aha_caller import AhaCaller, running_aha


@pytest.fixture
def aha() -> Iterator[AhaCaller]:
    with running_aha() as caller:
        yield caller


def url_of(attachment: dict[str, Any]) -> str:
    return str(attachment["download_url"])


def test_a_file_is_fetched_without_a_token_by_way_of_a_storage_host(aha: AhaCaller) -> None:
    attachment = aha.feature("PROD-1")["attachments"][0]

    first = aha.get(url_of(attachment), allow_redirects=False)
    file = aha.get(url_of(attachment))

    assert first.status_code == 302
    assert first.headers["Location"].startswith(f"{aha.url}/storage/")
    assert file.headers["Content-Type"] == "text/plain"
    assert len(file.content) == attachment["file_size"] == attachment["original_file_size"] == 59


def test_the_storage_host_refuses_a_foreign_token(aha: AhaCaller) -> None:
    url = url_of(aha.feature("PROD-1")["attachments"][0])
    storage = aha.get(url, allow_redirects=False).headers["Location"]

    assert aha.get(storage, headers={"Authorization": "Bearer sandbox-aha-token"}).status_code == 400


def test_the_redirect_can_be_switched_off(aha: AhaCaller) -> None:
    aha.control("PUT", "/behaviour", json={"attachments_by_redirect": False})

    file = aha.get(url_of(aha.feature("PROD-1")["attachments"][1]), allow_redirects=False)

    assert file.status_code == 200
    assert file.content.startswith(b"\x89PNG\r\n\x1a\n")


def test_a_wrong_token_leads_to_access_denied(aha: AhaCaller) -> None:
    attachment = aha.feature("PROD-1")["attachments"][0]

    answer = aha.get(f"{aha.url}/attachments/{attachment['id']}/token/abc.download", allow_redirects=False)

    assert (answer.status_code, answer.headers["Location"]) == (302, f"{aha.url}/access_denied")


def test_an_inline_picture_has_a_token_of_its_own_and_a_fractional_height(aha: AhaCaller) -> None:
    description = aha.feature("PROD-1")["description"]
    source = re.search(r'height="84\.\d+".* src="([^"]+)"', description["body"])

    assert source is not None
    listed = url_of(description["attachments"][0])
    assert source[1] != listed
    assert source[1].split("/token/")[0] == listed.split("/token/")[0]
    assert aha.get(source[1]).content == aha.get(listed).content


def test_a_description_written_back_keeps_its_picture_whatever_the_host(aha: AhaCaller) -> None:
    body = aha.feature("PROD-1")["description"]["body"]

    by_name = aha.url.replace("127.0.0.1", "localhost")
    written = aha.put_feature("PROD-1", description=body.replace(aha.url, by_name)).json()["feature"]

    assert written["description"]["body"] == body


def test_a_large_file_is_generated_the_same_each_time_and_in_ranges(aha: AhaCaller) -> None:
    size = 3 * BLOCK_BYTES + 5
    url = url_of(aha.attach(record="PROD-1", file_name="big.bin", size=size))

    whole = aha.get(url).content
    part = aha.get(url, headers={"Range": f"bytes={BLOCK_BYTES - 3}-{BLOCK_BYTES + 9}"})

    assert whole == b"".join(GeneratedContent(size).pieces(0, size))
    assert [whole[start : start + 8] for start in range(0, size, BLOCK_BYTES)] == [
        index.to_bytes(8, "big")[: size - index * BLOCK_BYTES] for index in range(4)
    ]
    assert part.status_code == 206
    assert part.headers["Content-Range"] == f"bytes {BLOCK_BYTES - 3}-{BLOCK_BYTES + 9}/{size}"
    assert part.content == whole[BLOCK_BYTES - 3 : BLOCK_BYTES + 10]


def test_a_range_past_the_end_is_refused_and_ranges_can_be_switched_off(aha: AhaCaller) -> None:
    url = url_of(aha.attach(record="PROD-1", file_name="a.txt", content="hello"))

    assert aha.get(url, headers={"Range": "bytes=5-"}).status_code == 416
    assert aha.get(url, headers={"Range": "bytes=3-"}).content == b"lo"
    aha.control("PUT", "/behaviour", json={"ranges": False})
    assert aha.get(url, headers={"Range": "bytes=3-"}).content == b"hello"


@pytest.mark.parametrize(
    "name", ["Übersicht 100%.txt", 'a "quoted" name', "a/b.txt", "ends with dot.", "日本.png", "#?&"]
)
def test_any_file_name_can_be_fetched(aha: AhaCaller, name: str) -> None:
    attachment = aha.attach(record="PROD-1", file_name=name, content="x")

    assert attachment["file_name"] == name
    assert aha.get(url_of(attachment)).content == b"x"


def test_an_empty_file_and_a_wrong_content_type_are_sent_as_they_are(aha: AhaCaller) -> None:
    empty = aha.attach(record="PROD-1", file_name="empty.png", size=0, content_type="text/html")

    file = aha.get(url_of(empty))

    assert (file.content, file.headers["Content-Type"], empty["file_size"]) == (b"", "text/html", 0)


def test_a_purged_file_has_no_size_and_leads_to_access_denied(aha: AhaCaller) -> None:
    purged = aha.attach(
        record="PROD-1-1", where="description", file_name="old.png", size=10, behaviour="purged"
    )

    answer = aha.get(url_of(purged), allow_redirects=False)

    assert (purged["file_size"], purged["original_file_size"]) == (None, None)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{aha.url}/access_denied")
    assert aha.get(url_of(purged)).status_code == 500


def test_an_expired_url_is_refused_and_a_record_read_again_has_a_new_one(aha: AhaCaller) -> None:
    attachment = aha.feature("PROD-1")["attachments"][0]

    aha.control("PUT", f"/attachments/{attachment['id']}", json={"new_token": True})

    fresh = aha.feature("PROD-1")["attachments"][0]
    assert aha.get(url_of(attachment)).status_code == 403
    assert aha.get(url_of(fresh)).status_code == 200
    aha.control("PUT", f"/attachments/{attachment['id']}", json={"behaviour": "expired"})
    assert aha.get(url_of(fresh)).status_code == 403


def test_a_file_can_lead_anywhere(aha: AhaCaller) -> None:
    elsewhere = "http://169.254.169.254/latest/meta-data"
    attachment = aha.attach(record="PROD-1", file_name="link", content="", redirect_to=elsewhere)

    assert aha.get(url_of(attachment), allow_redirects=False).headers["Location"] == elsewhere


def test_a_download_can_break_off(aha: AhaCaller) -> None:
    attachment = aha.attach(record="PROD-1", file_name="big.bin", size=300_000, behaviour="cut_after:100000")

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        aha.get(url_of(attachment))


def test_a_picture_can_be_inline_without_being_listed(aha: AhaCaller) -> None:
    picture = aha.attach(
        record="PROD-2", where="description", file_name="a.png", content="x", inline=True, listed=False
    )

    description = aha.feature("PROD-2")["description"]
    assert description["attachments"] == []
    assert f"/attachments/{picture['id']}/token/" in description["body"]
    assert aha.get(url_of(picture)).content == b"x"


def test_a_file_is_uploaded_once_to_a_description(aha: AhaCaller) -> None:
    note = aha.feature("PROD-2")["description"]["id"]

    def upload(name: str) -> requests.Response:
        return aha.api(
            "POST", f"/notes/{note}/attachments", files={"attachment[data]": (name, b"hello", "text/plain")}
        )

    first, again = upload("a.txt"), upload("b.txt")

    attachment = first.json()["attachment"]
    assert (first.status_code, attachment["file_name"], attachment["file_size"]) == (200, "a.txt", 5)
    assert again.status_code == 412
    assert again.json()["status"] == "duplicate"
    assert again.json()["attachmentId"] == attachment["id"]
    assert [item["id"] for item in aha.feature("PROD-2")["description"]["attachments"]] == [attachment["id"]]
    assert aha.get(url_of(attachment)).content == b"hello"
    assert aha.api("GET", f"/attachments/{attachment['id']}").json()["attachment"] == attachment
    assert aha.api("DELETE", f"/attachments/{attachment['id']}").status_code == 204
    assert aha.feature("PROD-2")["description"]["attachments"] == []


def test_a_file_by_link_leads_to_the_link(aha: AhaCaller) -> None:
    note = aha.feature("PROD-2")["description"]["id"]
    form = {"attachment[file_url]": "https://drive.example/file", "attachment[file_name]": "Plan"}

    attachment = aha.api("POST", f"/notes/{note}/attachments", data=form).json()["attachment"]

    assert attachment["file_name"] == "Plan"
    assert (
        aha.get(url_of(attachment), allow_redirects=False).headers["Location"] == "https://drive.example/file"
    )
    assert aha.api("POST", f"/notes/{note}/attachments", data={}).status_code == 400


@pytest.mark.parametrize(
    "document",
    [
        {"record": "PROD-1", "file_name": "a"},
        {"record": "PROD-1", "file_name": "a", "size": 1, "content": "x"},
        {"record": "PROD-1", "size": 1},
        {"record": "PROD-1", "file_name": "a", "size": -1},
        {"record": "PROD-1", "file_name": "a", "size": 1, "where": "comment"},
        {"record": "PROD-1", "file_name": "a", "size": 1, "behaviour": "lost"},
        [],
    ],
)
def test_a_faulty_file_is_refused_and_hangs_nowhere(aha: AhaCaller, document: object) -> None:
    before = aha.feature("PROD-1")

    assert aha.try_control("POST", "/attachments", json=document).status_code == 400
    assert aha.feature("PROD-1") == before
