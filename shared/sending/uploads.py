"""Attachments on their way: downloaded from where Aha! keeps them and uploaded to Azure DevOps at the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

from shared.clients.azure_devops import AzureDevOps
from shared.clients.downloads import Download, open_download
from shared.domain.links import AttachedFile
from shared.domain.records import Attachment
from shared.errors import OperationFailed
from shared.operation import Operation
from shared.side_by_side import side_by_side

_AT_ONCE = 8
_READ_SECONDS = 120.0


@dataclass(frozen=True)
class UploadPlace:
    """Where uploads go."""

    azure_devops: AzureDevOps
    project: str
    area_path: str


@dataclass(frozen=True)
class Uploads:
    """What became of each attachment, by its Aha! id."""

    files: Mapping[str, AttachedFile]
    failures: Mapping[str, OperationFailed]


def upload_all(
    attachments: Sequence[Attachment], place: UploadPlace, operation: Operation, *, allow_local: bool
) -> Uploads:
    """Upload several attachments at a time. One that fails does not stop the others."""

    def upload(attachment: Attachment) -> AttachedFile | OperationFailed:
        try:
            return _upload(attachment, place, operation, allow_local)
        except OperationFailed as error:
            operation.journal.error(
                "attachment.failed",
                f"The attachment “{attachment.file_name}” was not sent. {error.detail}",
                attachment_id=attachment.id,
                code=error.code,
            )
            return error

    results = dict(
        zip((item.id for item in attachments), side_by_side(upload, attachments, _AT_ONCE), strict=True)
    )
    return Uploads(
        {key: value for key, value in results.items() if isinstance(value, AttachedFile)},
        {key: value for key, value in results.items() if isinstance(value, OperationFailed)},
    )


def _upload(
    attachment: Attachment, place: UploadPlace, operation: Operation, allow_local: bool
) -> AttachedFile:
    opened: list[Download] = []

    def body() -> BinaryIO:
        """Opened anew for each attempt: what was read of a stream is gone."""
        _close(opened)
        opened.append(open_download(attachment.download_url, operation, allow_local=allow_local))
        # requests wants `read` and a length, and gets both.
        return cast(BinaryIO, opened[-1])

    try:
        url = place.azure_devops.upload(
            place.project, attachment.file_name, place.area_path, body, read_seconds=_READ_SECONDS
        )
        size = len(opened[-1]) if opened else attachment.size
    finally:
        _close(opened)
    operation.journal.info(
        "attachment.uploaded",
        f"The attachment “{attachment.file_name}” was uploaded.",
        attachment_id=attachment.id,
        size=size,
    )
    return AttachedFile(url, attachment.file_name, size)


def _close(downloads: list[Download]) -> None:
    while downloads:
        downloads.pop().close()
