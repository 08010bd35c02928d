"""Attachments of the sandbox Azure DevOps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox.azure_devops_caller import (
    READ,
    WRITE,
    AzureDevOpsCaller,
    relation,
    running_azure_devops,
    title,
)

PATH = "/Fabrikam/_apis/wit/attachments"


@pytest.fixture
def ado() -> Iterator[AzureDevOpsCaller]:
    with running_azure_devops() as caller:
        yield caller


def start_chunked(ado: AzureDevOpsCaller, name: str = "film.mp4") -> dict[str, Any]:
    answer = ado.upload(b"", name=name, uploadType="chunked")
    assert answer.status_code == 201
    started: dict[str, Any] = answer.json()
    return started


def put_chunk(
    ado: AzureDevOpsCaller, attachment_id: str, content: bytes, content_range: str | None
) -> requests.Response:
    headers = {"Content-Type": "application/octet-stream"}
    if content_range:
        headers["Content-Range"] = content_range
    params = {"uploadType": "chunked", "fileName": "film.mp4"}
    return ado.call("PUT", f"{PATH}/{attachment_id}", params=params, data=content, headers=headers)


def listed(ado: AzureDevOpsCaller) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = ado.control("GET", "/attachments")["attachments"]
    return files


def test_a_simple_upload_answers_201_with_id_and_url(ado: AzureDevOpsCaller) -> None:
    answer = ado.upload(b"hello", name="Grüße & more.txt")

    assert answer.status_code == 201
    assert set(answer.json()) == {"id", "url"}
    assert answer.json()["url"].endswith(f"/{answer.json()['id']}?fileName=Gr%C3%BC%C3%9Fe%20%26%20more.txt")


def test_a_linked_file_carries_name_and_size_and_can_be_downloaded(ado: AzureDevOpsCaller) -> None:
    uploaded = ado.upload(b"hello").json()
    number = ado.create(
        "Feature", title("A"), relation("AttachedFile", uploaded["url"], comment="from Aha!")
    )["id"]

    kept = ado.read(number)["relations"][0]
    content = ado.call("GET", f"{PATH}/{uploaded['id']}", params={"download": "true"})

    assert kept["attributes"]["name"] == "notes.txt"
    assert kept["attributes"]["resourceSize"] == 5
    assert kept["attributes"]["comment"] == "from Aha!"
    assert content.content == b"hello"
    assert content.headers["Content-Disposition"] == "attachment; filename=notes.txt"


def test_a_download_carries_the_name_it_is_asked_for(ado: AzureDevOpsCaller) -> None:
    uploaded = ado.upload(b"hello", name="Grüße.txt").json()

    inline = ado.call("GET", f"{PATH}/{uploaded['id']}")
    renamed = ado.call("GET", f"{PATH}/{uploaded['id']}", params={"fileName": "b.txt", "download": "true"})

    assert inline.headers["Content-Disposition"] == "inline; filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt"
    assert renamed.headers["Content-Disposition"] == "attachment; filename=b.txt"


def test_a_relation_shows_the_files_address_in_the_services_own_form(ado: AzureDevOpsCaller) -> None:
    uploaded = ado.upload(b"hello").json()
    number = ado.create("Feature", title("A"), relation("AttachedFile", uploaded["url"]))["id"]

    url = ado.read(number)["relations"][0]["url"]

    assert url != uploaded["url"]
    assert url.endswith(f"/_apis/wit/attachments/{uploaded['id']}")


def test_the_same_file_twice_on_one_work_item_is_refused_but_several_may_share_it(
    ado: AzureDevOpsCaller,
) -> None:
    file = relation("AttachedFile", ado.upload(b"hello").json()["url"])
    first, second = (
        ado.create("Feature", title("A"), file)["id"],
        ado.create("Feature", title("B"), file)["id"],
    )

    again = ado.try_update(first, file)

    assert again.json()["message"] == "Relation already exists."
    assert listed(ado)[0]["work_items"] == [first, second]


def test_the_control_lists_what_was_uploaded(ado: AzureDevOpsCaller) -> None:
    uploaded = ado.upload(b"hello").json()

    assert listed(ado) == [
        {
            "id": uploaded["id"],
            "name": "notes.txt",
            "size": 5,
            "sha256": hashlib.sha256(b"hello").hexdigest(),
            "complete": True,
            "work_items": [],
        }
    ]


def test_a_file_that_no_work_item_has_is_there_for_its_uploader_only(ado: AzureDevOpsCaller) -> None:
    uploaded = ado.upload(b"hello").json()
    path = f"{PATH}/{uploaded['id']}"

    before = ado.call("GET", path, token=READ).status_code
    own = ado.call("GET", path, token=WRITE).status_code
    ado.create("Feature", title("A"), relation("AttachedFile", uploaded["url"]))

    assert [before, own, ado.call("GET", path, token=READ).status_code] == [404, 200, 200]


def test_a_file_above_the_limit_is_refused(ado: AzureDevOpsCaller) -> None:
    ado.control("PUT", "/limits", {"attachment_bytes": 1_000_000})

    fits, refused = ado.upload(b"x" * 1_000_000), ado.upload(b"x" * 1_000_001)

    assert [fits.status_code, refused.status_code] == [201, 400]
    assert refused.json()["message"].startswith("TF237082")
    assert len(listed(ado)) == 1


def test_a_file_above_the_simple_limit_goes_in_chunks(ado: AzureDevOpsCaller) -> None:
    ado.control("PUT", "/limits", {"simple_upload_bytes": 10})

    assert ado.upload(b"x" * 11).status_code == 400
    started = start_chunked(ado)["id"]
    assert put_chunk(ado, started, b"x" * 11, "bytes 0-10/11").status_code == 200


def test_a_chunked_upload_is_complete_at_its_end(ado: AzureDevOpsCaller) -> None:
    content = bytes(range(256)) * 20
    started = start_chunked(ado)
    first = put_chunk(ado, started["id"], content[:2000], f"bytes 0-1999/{len(content)}")
    early = ado.try_create("Feature", [title("A"), relation("AttachedFile", started["url"])])
    last = put_chunk(ado, started["id"], content[2000:], f"bytes 2000-{len(content) - 1}/{len(content)}")

    assert [first.status_code, early.status_code, last.status_code] == [200, 400, 200]
    assert last.json()["id"] == started["id"]
    assert listed(ado)[0]["sha256"] == hashlib.sha256(content).hexdigest()
    assert ado.call("GET", f"{PATH}/{started['id']}").content == content


@pytest.mark.parametrize(
    ("content", "content_range"),
    [
        (b"x" * 10, "bytes 20-29/100"),
        (b"x" * 10, "bytes 5-14/100"),
        (b"x" * 10, "bytes 10-19/200"),
        (b"x" * 9, "bytes 10-19/100"),
        (b"x" * 11, "bytes 10-19/100"),
        (b"x" * 10, "bytes=10-19"),
        (b"x" * 10, None),
        (b"x" * 10, "bytes 95-104/100"),
    ],
)
def test_a_chunk_out_of_place_is_refused_and_changes_nothing(
    ado: AzureDevOpsCaller, content: bytes, content_range: str | None
) -> None:
    started = start_chunked(ado)["id"]
    put_chunk(ado, started, b"a" * 10, "bytes 0-9/100")

    refused = put_chunk(ado, started, content, content_range)
    rest = put_chunk(ado, started, b"b" * 90, "bytes 10-99/100")

    assert refused.status_code == 400
    assert rest.status_code == 200
    assert listed(ado)[0]["sha256"] == hashlib.sha256(b"a" * 10 + b"b" * 90).hexdigest()


def test_a_complete_file_takes_no_more_chunks(ado: AzureDevOpsCaller) -> None:
    started = start_chunked(ado)["id"]
    put_chunk(ado, started, b"x" * 10, "bytes 0-9/10")

    assert put_chunk(ado, started, b"x" * 10, "bytes 0-9/10").status_code == 400


def test_a_chunked_file_above_the_limit_is_refused_at_its_first_chunk(ado: AzureDevOpsCaller) -> None:
    ado.control("PUT", "/limits", {"attachment_bytes": 50})

    answer = put_chunk(ado, start_chunked(ado)["id"], b"x" * 10, "bytes 0-9/51")

    assert answer.json()["message"].startswith("TF237082")


def test_uploads_of_another_media_type_or_kind_are_refused(ado: AzureDevOpsCaller) -> None:
    form = ado.call("POST", PATH, params={"fileName": "a"}, files={"file": b"hello"})
    kind = ado.upload(b"hello", uploadType="streamed")

    assert [form.status_code, kind.status_code] == [415, 400]


def test_uploads_need_the_right_to_write(ado: AzureDevOpsCaller) -> None:
    assert ado.upload(b"x", token=READ).status_code == 401
    assert ado.upload(b"x", token="sandbox-forbidden-token").status_code == 403
    assert ado.upload(b"x", areaPath="Fabrikam\\Secret").status_code == 403
    assert ado.upload(b"x", areaPath="Fabrikam\\Nowhere").status_code == 400


def test_a_work_item_has_at_most_a_hundred_attachments(ado: AzureDevOpsCaller) -> None:
    files = [relation("AttachedFile", ado.upload(b"x").json()["url"]) for _ in range(101)]

    assert ado.try_create("Feature", [title("A"), *files[:100]]).status_code == 200
    assert ado.try_create("Feature", [title("A"), *files]).status_code == 400


def test_a_large_file_streamed_in_unknown_length_arrives_whole(ado: AzureDevOpsCaller) -> None:
    block = b"0123456789abcdef" * 4096
    digest = hashlib.sha256(block * 40).hexdigest()

    answer = ado.call(
        "POST",
        PATH,
        params={"fileName": "large.bin"},
        data=iter([block] * 40),
        headers={"Content-Type": "application/octet-stream"},
    )

    assert answer.status_code == 201
    assert (listed(ado)[0]["size"], listed(ado)[0]["sha256"]) == (len(block) * 40, digest)


@pytest.mark.parametrize("collection", ["", "/Fabrikam"])
def test_a_file_has_an_older_address_too(ado: AzureDevOpsCaller, collection: str) -> None:
    uploaded = ado.upload(b"hello", name="a.png").json()

    answer = ado.call(
        "GET",
        f"{collection}/WorkItemTracking/v1.0/AttachFileHandler.ashx",
        params={"FileNameGuid": uploaded["id"], "FileName": "a.png"},
    )

    assert (answer.status_code, answer.content) == (200, b"hello")
