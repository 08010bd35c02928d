"""Copies attachments: downloads each from Aha!'s file host and uploads it to Azure DevOps at the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from shared import log_events
from shared.clients.attachment_uploads import MOST_BYTES_AT_ONCE, NewFile
from shared.clients.azure_devops import AzureDevOps
from shared.clients.downloads import Download, open_download
from shared.clients.transport import Transport
from shared.concurrency import in_parallel
from shared.domain.file_transfers import (
    is_too_late,
    no_time,
    seconds_for_files,
    seconds_for_one_file,
    transfer_failure,
    uploaded_name,
)
from shared.domain.image_formats import LOOKED_AT_BYTES
from shared.domain.links import AttachedFile
from shared.domain.records import Attachment
from shared.errors import OperationFailed, System, TimeSpent, Unavailable
from shared.isolation import done_and_failed, isolated
from shared.operation import Operation
from shared.sending.upload_results import UploadResults

_AT_ONCE = 8


@dataclass(frozen=True)
class UploadTarget:
    """Where files are uploaded to.

    `references` maps each attachment's id to the reference of its record, for the log.
    """

    azure_devops: AzureDevOps
    project: str
    area_path: str
    references: Mapping[str, str]

    def named(self, attachment: Attachment) -> dict[str, str | None]:
        """An attachment and its record, for the log."""
        return {"attachment_id": attachment.id, "reference": self.references.get(attachment.id)}


def copy_attachments(
    attachments: Sequence[Attachment], target: UploadTarget, operation: Operation, *, transport: Transport
) -> UploadResults:
    """Copy several attachments at a time. One that fails does not stop the others.

    An attachment for which no time is left fails with TimeSpent. The time for writing the work items is never used.
    """
    window = operation.deadline.within(seconds_for_files(operation.deadline.remaining()))
    most_seconds = seconds_for_one_file(window.remaining())

    def copy(attachment: Attachment) -> AttachedFile | OperationFailed:
        try:
            if is_too_late(window.remaining()):
                raise no_time()
            own = replace(operation, deadline=window.within(most_seconds))
            return _Copy(attachment, target, own, transport).run()
        except OperationFailed as error:
            failure = transfer_failure(error, window.remaining(), most_seconds)
            _log_failure(operation, attachment, target, failure)
            return failure

    outcomes = in_parallel(isolated(copy, operation, _name), attachments, _AT_ONCE)
    copied, failed = done_and_failed(attachments, outcomes)
    return UploadResults(
        {attachment.id: file for attachment, file in copied},
        {attachment.id: error for attachment, error in failed},
    )


def _name(attachment: Attachment) -> str:
    return f"the attachment “{attachment.file_name}”"


def _log_failure(
    operation: Operation, attachment: Attachment, target: UploadTarget, error: OperationFailed
) -> None:
    if isinstance(error, TimeSpent):
        operation.log.add(
            log_events.ATTACHMENT_PENDING,
            f"The attachment “{attachment.file_name}” was not sent yet. {error.detail}",
            **target.named(attachment),
        )
    else:
        operation.log.add(
            log_events.ATTACHMENT_FAILED,
            f"The attachment “{attachment.file_name}” was not sent. {error.detail}",
            **{**error.evidence, **target.named(attachment), "code": error.code},
        )


class _Copy:
    """One attachment. A download can be read once, so a repeated upload opens it again."""

    def __init__(
        self, attachment: Attachment, target: UploadTarget, operation: Operation, transport: Transport
    ) -> None:
        self._attachment = attachment
        self._target = target
        self._operation = operation
        self._transport = transport
        self._download: Download | None = None
        self._is_unread = False

    def run(self) -> AttachedFile:
        """Copy it."""
        try:
            download = self._open()
            head = download.peek(LOOKED_AT_BYTES)
            name = uploaded_name(self._attachment, head, download.content_type, len(download))
            url = self._upload(download, name)
        except OSError:
            raise Unavailable(
                System.AHA, "The file was not downloaded completely: the connection broke."
            ) from None
        finally:
            if self._download is not None:
                self._download.close()
        self._operation.log.add(
            log_events.ATTACHMENT_UPLOADED,
            f"The attachment “{name}” was uploaded.",
            size=len(download),
            **self._target.named(self._attachment),
        )
        return AttachedFile(url, name, len(download))

    def _open(self) -> Download:
        if self._download is not None and self._is_unread:
            self._is_unread = False
            return self._download
        if self._download is not None:
            self._download.close()
        url = self._attachment.download_url
        self._download = open_download(url, self._operation, transport=self._transport)
        self._is_unread = True
        return self._download

    def _upload(self, download: Download, name: str) -> str:
        target, uploads = self._target, self._target.azure_devops.uploads
        file = NewFile(target.project, target.area_path, name, self._operation.deadline)
        if len(download) > MOST_BYTES_AT_ONCE:
            return uploads.send_in_chunks(file, download)
        # requests needs `read` and a length, and a Download has both.
        return uploads.send_whole(file, lambda: cast(BinaryIO, self._open()))
