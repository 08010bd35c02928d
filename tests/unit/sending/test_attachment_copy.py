"""Files go from Aha! to Azure DevOps, and one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs

import pytest

from shared.clients.azure_devops import AzureDevOps
from shared.clients.process_state import ProcessState
from shared.clients.transport import Transport
from shared.domain.links import AttachedFile
from shared.errors import Defect, TimeSpent
from shared.sending import attachment_copy
from shared.sending.attachment_copy import UploadTarget, copy_attachments
from shared.sending.upload_results import UploadResults
from tests.unit.examples import an_attachment
from tests.unit.operations import Log, an_operation
from tests.unit.scripted_server import Asked, Reply, serving

PNG = b"\x89PNG\r\n\x1a\n and more"


def broken_off(content: bytes) -> Iterator[bytes]:
    """A body that the other side breaks off."""
    yield content
    raise ConnectionResetError


class Files:
    """Aha!'s files and Azure DevOps' uploads on one server. An upload of `refused` is answered 503 that often."""

    def __init__(self, *, refused: int = 0) -> None:
        self._refused = refused
        self.downloads: list[str] = []
        self.uploads: list[tuple[str, bytes]] = []
        self.chunks: list[str] = []

    def _file(self, path: str) -> Reply:
        if "gone" in path:
            return Reply(410)
        if "broken" in path:
            return Reply(200, broken_off(PNG), {"Content-Length": "5000"})
        return Reply(200, PNG, {"Content-Type": "image/png"})

    def __call__(self, asked: Asked) -> Reply:
        if asked.method == "GET":
            self.downloads.append(asked.path)
            return self._file(asked.path)
        if asked.method == "PUT":
            self.chunks.append(asked.headers["content-range"])
            return Reply(200, {"id": "7"})
        self.uploads.append((parse_qs(asked.query)["fileName"][0], asked.body))
        if len(self.uploads) <= self._refused:
            return Reply(503)
        return Reply(201, {"id": "7", "url": "https://dev.azure.com/fabrikam/_apis/wit/attachments/7"})


def copied(server: Callable[[Asked], Reply], *paths: str, seconds: float = 600) -> tuple[UploadResults, Log]:
    """What becomes of files of PROD-2 at these paths, which are their ids too, and the log."""
    operation, log = an_operation(seconds)
    with serving(server) as running:
        azure_devops = AzureDevOps(
            base_url=running.url,
            account_name="fabrikam",
            authorization=lambda: "Basic eA==",
            operation=operation,
            process_state=ProcessState(allow_local=True),
            sleep=lambda _: None,
        )
        attachments = [
            an_attachment(id=path, file_name=f"{path}.png", download_url=f"{running.url}/{path}")
            for path in paths
        ]
        target = UploadTarget(azure_devops, "Fabrikam", "Fabrikam\\Web", dict.fromkeys(paths, "PROD-2"))
        results = copy_attachments(attachments, target, operation, transport=Transport(allow_local=True))
    operation.log.flush()
    return results, log


def test_a_file_is_uploaded_as_it_came() -> None:
    files = Files()

    results, log = copied(files, "colours")

    assert files.uploads == [("colours.png", PNG)]
    url = "https://dev.azure.com/fabrikam/_apis/wit/attachments/7"
    assert results == UploadResults({"colours": AttachedFile(url, "colours.png", len(PNG))})
    (entry,) = log.of("attachment.uploaded")
    assert entry.message == "The attachment “colours.png” was uploaded."
    assert entry.detail == {"size": len(PNG), "attachment_id": "colours", "reference": "PROD-2"}


def test_a_file_that_fails_stops_no_other() -> None:
    results, log = copied(Files(), "one", "gone", "three")

    assert sorted(results.files) == ["one", "three"]
    error = results.failures["gone"]
    (entry,) = log.of("attachment.failed")
    assert entry.message == f"The attachment “gone.png” was not sent. {error.detail}"
    assert (entry.detail["code"], entry.detail["attachment_id"]) == (error.code, "gone")
    assert entry.detail["reference"] == "PROD-2"


def test_a_repeated_upload_downloads_the_file_again() -> None:
    # A download can be read once.
    files = Files(refused=1)

    results, _ = copied(files, "colours")

    assert list(results.files) == ["colours"]
    assert files.uploads == [("colours.png", PNG)] * 2
    assert files.downloads == ["/colours"] * 2


def test_a_file_without_time_is_not_begun_and_said_to_be_left_for_later() -> None:
    files = Files()

    results, log = copied(files, "colours", seconds=1.2)

    assert files.downloads == []
    assert {key: type(error) for key, error in results.failures.items()} == {"colours": TimeSpent}
    (entry,) = log.of("attachment.pending")
    assert entry.message.startswith(
        "The attachment “colours.png” was not sent yet. The time for this send ended"
    )
    assert entry.detail == {"attachment_id": "colours", "reference": "PROD-2"}
    assert log.of("attachment.failed") == []


def test_a_download_that_breaks_off_uploads_nothing() -> None:
    files = Files()

    results, log = copied(files, "broken")

    assert files.uploads == []
    error = results.failures["broken"]
    assert error.code == "aha_unavailable"
    assert error.detail == "The file was not downloaded completely: the connection broke."
    assert len(log.of("attachment.failed")) == 1


@pytest.mark.parametrize(
    ("at_once", "chunks"), [(len(PNG), []), (len(PNG) - 1, [f"bytes 0-{len(PNG) - 1}/{len(PNG)}"])]
)
def test_only_a_large_file_is_uploaded_in_chunks(
    monkeypatch: pytest.MonkeyPatch, at_once: int, chunks: list[str]
) -> None:
    monkeypatch.setattr(attachment_copy, "MOST_BYTES_AT_ONCE", at_once)
    files = Files()

    results, _ = copied(files, "colours")

    assert files.chunks == chunks
    assert results.files["colours"].url.endswith("/attachments/7")


def test_a_defect_names_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def defective(*_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(attachment_copy, "uploaded_name", defective)

    results, log = copied(Files(), "colours")

    assert isinstance(results.failures["colours"], Defect)
    (entry,) = log.of("record.defect")
    assert entry.detail["record"] == "the attachment “colours.png”"
