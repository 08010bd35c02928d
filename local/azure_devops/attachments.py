"""Uploaded files. Bodies above 1 MiB are kept in temporary files, so that memory does not grow."""

from __future__ import annotations

import hashlib
import re
import tempfile
import threading
import urllib.parse
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any

from werkzeug.http import dump_options_header

from local.azure_devops.answers import ServiceError, new_guid, work_item_error
from local.azure_devops.identities import Identity
from local.azure_devops.times import now

_IN_MEMORY = 1 << 20
_BLOCK = 1 << 16
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass
class Attachment:
    """A file. It is complete once every byte of a chunked upload has arrived."""

    name: str
    uploader: Identity
    id: str = field(default_factory=new_guid)
    size: int = 0
    total: int | None = None
    is_complete: bool = False
    created: datetime = field(default_factory=now)
    content: IO[bytes] = field(default_factory=lambda: tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115
    digest: Any = field(default_factory=hashlib.sha256)
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while the content is read or written."""
    upload: threading.Lock = field(default_factory=threading.Lock)
    """Held while a chunk is received."""

    def __post_init__(self) -> None:
        weakref.finalize(self, self.content.close)

    def url(self, base: str) -> str:
        """The attachment's address; `base` is the organization's URL."""
        return f"{base}/_apis/wit/attachments/{self.id}?fileName={urllib.parse.quote(self.name)}"

    def read(self) -> Iterator[bytes]:
        """The content in blocks."""
        position = 0
        while True:
            with self.lock:
                self.content.seek(position)
                block = self.content.read(_BLOCK)
            if not block:
                return
            position += len(block)
            yield block

    def append(self, block: bytes) -> None:
        """Add `block` at the end."""
        with self.lock:
            self.content.seek(0, 2)
            self.content.write(block)
        self.digest.update(block)
        self.size += len(block)

    def cut(self, size: int, digest: Any) -> None:
        """Truncate the content to `size` bytes."""
        with self.lock:
            self.content.truncate(size)
        self.size, self.digest = size, digest


class Attachments:
    """All uploaded files, and the largest allowed size.

    Limits: learn.microsoft.com, organizations/settings/work/object-limits (60 MB an attachment); the REST reference
    of attachments asks for chunks above 130 MB where an organization allows such files.
    """

    def __init__(self) -> None:
        self._files: dict[str, Attachment] = {}
        self.limit_bytes = 60 * 1024 * 1024
        self.simple_limit_bytes = 130 * 1024 * 1024

    def all(self) -> list[Attachment]:
        """Every file, in order of upload."""
        return list(self._files.values())

    def find(self, attachment_id: str) -> Attachment | None:
        """The file with this id; None if there is none."""
        return self._files.get(attachment_id.casefold())

    def add_simple(self, name: str, uploader: Identity, body: IO[bytes]) -> Attachment:
        """Take a whole file from `body`. Raises TF237082 (400) if it is too large."""
        attachment = Attachment(name, uploader)
        limit = min(self.limit_bytes, self.simple_limit_bytes)
        while block := body.read(_BLOCK):
            if attachment.size + len(block) > limit:
                attachment.content.close()
                _drain(body)
                raise self._too_large() if limit == self.limit_bytes else _needs_chunks(limit)
            attachment.append(block)
        attachment.is_complete = True
        self._files[attachment.id] = attachment
        return attachment

    def start_chunked(self, name: str, uploader: Identity) -> Attachment:
        """Begin a file whose content comes in chunks."""
        attachment = Attachment(name, uploader)
        self._files[attachment.id] = attachment
        return attachment

    def add_chunk(self, attachment: Attachment, content_range: str, body: IO[bytes]) -> None:
        """Take the next chunk. Raises 400 unless it follows what is there, and TF237082 if the file is too large.

        The texts for a missing or misplaced range are unconfirmed.
        """
        match = _CONTENT_RANGE.fullmatch(content_range.strip())
        if match is None:
            _drain(body)
            raise _bad_chunk("A Content-Range header of the form 'bytes 0-39999/50000' is required.")
        first, last, total = (int(group) for group in match.groups())
        if total > self.limit_bytes:
            _drain(body)
            raise self._too_large()
        with attachment.upload:
            expected = (attachment.size, attachment.total or total)
            if attachment.is_complete or (first, total) != expected or not first <= last < total:
                _drain(body)
                raise _bad_chunk(
                    f"The chunk {first}-{last}/{total} does not follow the {attachment.size} bytes already uploaded."
                )
            _append_up_to(attachment, body, last + 1)
            attachment.total = total
            attachment.is_complete = attachment.size == total

    def _too_large(self) -> ServiceError:
        # The text is the client object model's (solidify/jira-azuredevops-migrator#705); the status is unconfirmed.
        megabytes = self.limit_bytes / (1024 * 1024)
        return work_item_error(
            400,
            f"TF237082: The file you are trying to upload exceeds the supported file upload size "
            f"({megabytes:.3f} MB(s)).",
            "AttachmentFileTooLargeException",
        )


def content_disposition(kind: str, name: str) -> str:
    """The header that offers a file under its name, in any script (RFC 6266)."""
    if name.isascii() and name.isprintable():
        return dump_options_header(kind, {"filename": name})
    return dump_options_header(kind, {"filename*": f"UTF-8''{urllib.parse.quote(name, safe='')}"})


def _append_up_to(attachment: Attachment, body: IO[bytes], end: int) -> None:
    """Append the body. The size must then be `end`; if not, the attachment stays as it was."""
    before = attachment.size, attachment.digest.copy()
    try:
        while block := body.read(_BLOCK):
            attachment.append(block)
            if attachment.size > end:
                break
    except BaseException:
        attachment.cut(*before)
        raise
    if attachment.size != end:
        attachment.cut(*before)
        _drain(body)
        raise _bad_chunk("The length of the body does not match the Content-Range header.")


def _needs_chunks(limit: int) -> ServiceError:
    return work_item_error(
        400,
        f"The attachment is larger than {limit} bytes and must be uploaded in chunks.",
        "AttachmentTooLargeException",
    )


def _bad_chunk(message: str) -> ServiceError:
    return work_item_error(400, message, "InvalidAttachmentChunkException")


def _drain(body: IO[bytes]) -> None:
    while body.read(_BLOCK):
        pass
