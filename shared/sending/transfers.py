"""Attachments on their way: downloaded from where Aha! keeps them and uploaded to Azure DevOps at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from shared.clients.attachment_uploads import MOST_BYTES_AT_ONCE, NewFile
from shared.clients.azure_devops import AzureDevOps
from shared.clients.downloads import Download, open_download
from shared.clients.transport import Transport
from shared.deadline import Deadline
from shared.domain.image_formats import LOOKED_AT_BYTES, image_format
from shared.domain.links import AttachedFile
from shared.domain.records import Attachment
from shared.errors import OperationFailed, RuleViolation, System, TimeSpent, Unavailable
from shared.operation import Operation
from shared.sending.uploads import Uploads
from shared.side_by_side import side_by_side

_AT_ONCE = 8
_LEAST_SECONDS = 1.0

_RESERVED_SECONDS, _RESERVED_SHARE = 20.0, 0.25
"""What is kept of a send's time for writing the work items: the lesser of both."""

_MOST_SECONDS, _MOST_SHARE = 150.0, 0.8
"""How long one file may take: the lesser of both. One that had so long and is not through never will be."""


@dataclass(frozen=True)
class UploadPlace:
    """Where uploads go."""

    azure_devops: AzureDevOps
    project: str
    area_path: str


def upload_all(
    attachments: Sequence[Attachment], place: UploadPlace, operation: Operation, *, transport: Transport
) -> Uploads:
    """Upload several attachments at a time. One that fails does not stop the others.

    What there is no time for fails with TimeSpent; enough is left of the operation's time to write the work items.
    """
    remaining = operation.deadline.remaining()
    window = operation.deadline.within(remaining - min(_RESERVED_SECONDS, _RESERVED_SHARE * remaining))
    most_seconds = min(_MOST_SECONDS, _MOST_SHARE * window.remaining())

    def upload(attachment: Attachment) -> AttachedFile | OperationFailed:
        try:
            return _InTime(attachment, window, most_seconds).upload(place, operation, transport)
        except TimeSpent as error:
            operation.journal.warning(
                "attachment.pending",
                f"The attachment “{attachment.file_name}” was not sent yet. {error.detail}",
                attachment_id=attachment.id,
            )
            return error
        except OperationFailed as error:
            operation.journal.error(
                "attachment.failed",
                f"The attachment “{attachment.file_name}” was not sent. {error.detail}",
                attachment_id=attachment.id,
                code=error.code,
                **error.evidence,
            )
            return error

    results = dict(
        zip((item.id for item in attachments), side_by_side(upload, attachments, _AT_ONCE), strict=True)
    )
    return Uploads(
        {key: value for key, value in results.items() if isinstance(value, AttachedFile)},
        {key: value for key, value in results.items() if isinstance(value, OperationFailed)},
    )


@dataclass(frozen=True)
class _InTime:
    """One attachment, which may take a number of seconds, within the time for all of them."""

    attachment: Attachment
    window: Deadline
    most_seconds: float

    def upload(self, place: UploadPlace, operation: Operation, transport: Transport) -> AttachedFile:
        """Upload it. Raises TimeSpent where the time for all of them is over, Unavailable where only its own is."""
        own = replace(operation, deadline=self.window.within(self.most_seconds))
        try:
            if self.window.remaining() < _LEAST_SECONDS:
                raise _no_time()
            return _Transfer(self.attachment, place, own, transport).run()
        except Unavailable as error:
            if self.window.remaining() < _LEAST_SECONDS:
                raise _no_time() from error
            if isinstance(error, TimeSpent):
                raise Unavailable(
                    System.AHA,
                    f"The file was not through after {self.most_seconds:.0f} seconds. Make it smaller, or put it "
                    "somewhere else and link to it.",
                ) from error
            raise


class _Transfer:
    """One attachment from one side to the other."""

    def __init__(
        self, attachment: Attachment, place: UploadPlace, operation: Operation, transport: Transport
    ) -> None:
        self._attachment = attachment
        self._place = place
        self._operation = operation
        self._transport = transport
        self._download: Download | None = None
        self._is_untouched = False

    def run(self) -> AttachedFile:
        try:
            download = self._open()
            name = self._attachment.file_name + self._ending(download)
            url = self._send(download, name)
        except OSError:
            raise Unavailable(System.AHA, "The file could not be fetched: the answer broke off.") from None
        finally:
            if self._download is not None:
                self._download.close()
        self._operation.journal.info(
            "attachment.uploaded",
            f"The attachment “{name}” was uploaded.",
            attachment_id=self._attachment.id,
            size=len(download),
        )
        return AttachedFile(url, name, len(download))

    def _open(self) -> Download:
        """Opened anew for each attempt: what was read of a stream is gone."""
        if self._download is not None and self._is_untouched:
            self._is_untouched = False
            return self._download
        if self._download is not None:
            self._download.close()
        url = self._attachment.download_url
        self._download = open_download(url, self._operation, self._transport)
        self._is_untouched = True
        return self._download

    def _ending(self, download: Download) -> str:
        """What is missing in the file's name.

        Raises:
            RuleViolation: the description shows it as an image, and it is none.
        """
        if not self._attachment.is_inline:
            return ""
        ending = image_format(download.peek(LOOKED_AT_BYTES))
        if ending is None:
            raise RuleViolation(
                System.AHA,
                "The description shows this file as an image, but its content is none: it may be an error page that "
                "was saved under an image's name. The description goes on showing the one in Aha!.",
            )
        return "" if self._attachment.is_listed else f".{ending}"

    def _send(self, download: Download, name: str) -> str:
        place, uploads = self._place, self._place.azure_devops.uploads
        file = NewFile(place.project, place.area_path, name, self._operation.deadline)
        if len(download) > MOST_BYTES_AT_ONCE:
            return uploads.send_in_chunks(file, download)
        # requests wants `read` and a length, and gets both.
        return uploads.send_whole(file, lambda: cast(BinaryIO, self._open()))


def _no_time() -> TimeSpent:
    return TimeSpent(
        System.AHA,
        "The time for this send was over before the file was through. Send the same again: it goes on from there.",
        retry_after=1,
    )
