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
from shared.deadline import Deadline
from shared.domain.file_names import legal_file_name
from shared.domain.image_formats import LOOKED_AT_BYTES, image_format
from shared.domain.links import AttachedFile
from shared.domain.records import Attachment
from shared.domain.web_pages import is_page_instead_of_file
from shared.errors import OperationFailed, RuleViolation, System, TimeSpent, Unavailable
from shared.isolation import isolated
from shared.operation import Operation
from shared.sending.upload_results import UploadResults

_AT_ONCE = 8
_LEAST_SECONDS = 1.0

_RESERVED_SECONDS, _RESERVED_SHARE = 20.0, 0.25
"""The time of a send that is reserved for writing the work items: the lesser of both."""

_MOST_SECONDS, _MOST_SHARE = 150.0, 0.8
"""The time that one file may take: the lesser of both."""


@dataclass(frozen=True)
class UploadPlace:
    """Where files are uploaded to. `records` has for each attachment's id the reference of its record, for the log."""

    azure_devops: AzureDevOps
    project: str
    area_path: str
    records: Mapping[str, str]

    def named(self, attachment: Attachment) -> dict[str, str | None]:
        """An attachment and its record, for the log."""
        return {"attachment_id": attachment.id, "reference": self.records.get(attachment.id)}


def copy_attachments(
    attachments: Sequence[Attachment], place: UploadPlace, operation: Operation, *, transport: Transport
) -> UploadResults:
    """Copy several attachments at a time. One that fails does not stop the others.

    An attachment for which no time is left fails with TimeSpent. The time for writing the work items is never used.
    """
    remaining = operation.deadline.remaining()
    window = operation.deadline.within(remaining - min(_RESERVED_SECONDS, _RESERVED_SHARE * remaining))
    most_seconds = min(_MOST_SECONDS, _MOST_SHARE * window.remaining())

    def copy(attachment: Attachment) -> AttachedFile | OperationFailed:
        try:
            return _copy_in_time(attachment, place, operation, window, most_seconds, transport)
        except TimeSpent as error:
            operation.log.add(
                log_events.ATTACHMENT_PENDING,
                f"The attachment “{attachment.file_name}” was not sent yet. {error.detail}",
                **place.named(attachment),
            )
            return error
        except OperationFailed as error:
            operation.log.add(
                log_events.ATTACHMENT_FAILED,
                f"The attachment “{attachment.file_name}” was not sent. {error.detail}",
                **{**error.evidence, **place.named(attachment), "code": error.code},
            )
            return error

    results = dict(
        zip(
            (item.id for item in attachments),
            in_parallel(isolated(copy, operation, _name), attachments, _AT_ONCE),
            strict=True,
        )
    )
    return UploadResults(
        {key: value for key, value in results.items() if isinstance(value, AttachedFile)},
        {key: value for key, value in results.items() if isinstance(value, OperationFailed)},
    )


def _name(attachment: Attachment) -> str:
    return f"the attachment “{attachment.file_name}”"


def _copy_in_time(
    attachment: Attachment,
    place: UploadPlace,
    operation: Operation,
    window: Deadline,
    most_seconds: float,
    transport: Transport,
) -> AttachedFile:
    """Copy one attachment, in at most `most_seconds`, within the time for all of them.

    Raises:
        TimeSpent: the time for all of them is over.
        Unavailable: this attachment took too long.
    """
    try:
        if window.remaining() < _LEAST_SECONDS:
            raise _no_time()
        own = replace(operation, deadline=window.within(most_seconds))
        return _Copy(attachment, place, own, transport).run()
    except Unavailable as error:
        if window.remaining() < _LEAST_SECONDS:
            raise _no_time() from error
        if isinstance(error, TimeSpent):
            raise Unavailable(
                System.AHA,
                f"The transfer did not finish within {most_seconds:.0f} seconds. Make the file smaller, or store it "
                "elsewhere and link to it.",
            ) from error
        raise


class _Copy:
    """One attachment. A download can be read once, so a repeated upload opens it again."""

    def __init__(
        self, attachment: Attachment, place: UploadPlace, operation: Operation, transport: Transport
    ) -> None:
        self._attachment = attachment
        self._place = place
        self._operation = operation
        self._transport = transport
        self._download: Download | None = None
        self._is_unread = False

    def run(self) -> AttachedFile:
        """Copy it."""
        try:
            download = self._open()
            self._check(download)
            name = legal_file_name(self._attachment.file_name + self._missing_extension(download))
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
            **self._place.named(self._attachment),
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

    def _check(self, download: Download) -> None:
        """Raises RuleViolation if the server sent a web page instead of the file."""
        head = download.peek(LOOKED_AT_BYTES)
        if is_page_instead_of_file(self._attachment, head, download.content_type, len(download)):
            raise RuleViolation(
                System.AHA,
                "The file's address leads to a web page instead of the file, which may be a sign-in page. Attach the "
                "file itself to the record.",
            )

    def _missing_extension(self, download: Download) -> str:
        """The extension that the file's name lacks.

        Raises:
            RuleViolation: the description shows the file as an image, and it is none.
        """
        if not self._attachment.is_inline:
            return ""
        extension = image_format(download.peek(LOOKED_AT_BYTES))
        if extension is None:
            raise RuleViolation(
                System.AHA,
                "The description shows this file as an image, but it is not one: it may be an error page that was "
                "saved as an image. The description still points at the file in Aha!.",
            )
        return "" if self._attachment.is_listed else f".{extension}"

    def _upload(self, download: Download, name: str) -> str:
        place, uploads = self._place, self._place.azure_devops.uploads
        file = NewFile(place.project, place.area_path, name, self._operation.deadline)
        if len(download) > MOST_BYTES_AT_ONCE:
            return uploads.send_in_chunks(file, download)
        # requests needs `read` and a length, and a Download has both.
        return uploads.send_whole(file, lambda: cast(BinaryIO, self._open()))


def _no_time() -> TimeSpent:
    return TimeSpent(
        System.AHA,
        "The time for this send was over before the file was copied. Send the same again: the send continues.",
        retry_after=1,
    )
