"""Upload files to Azure DevOps, in one request or in chunks.

Reference: https://learn.microsoft.com/rest/api/azure/devops/wit/attachments/create and …/upload-chunk (7.1). Only the
parameter list of the specification says that a chunk needs a Content-Range header (MicrosoftDocs/vsts-rest-api-specs).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO, Protocol, cast
from urllib.parse import quote, urlencode

from shared.clients.http import HttpClient, Request
from shared.deadline import Deadline
from shared.domain.retry import ATTEMPTS, pause_before
from shared.domain.subject import RequestAction, Subject
from shared.errors import RuleViolation, System, TimeSpent, Unavailable

MOST_BYTES_AT_ONCE = 130_000_000
"""A larger file has to be sent in chunks. Many organizations accept only smaller files."""

CHUNK_BYTES = 4 << 20
"""A chunk is kept in memory until it is uploaded, so that only the chunk is repeated if the connection breaks."""

NO_SIGN_IN_PAGE = {"X-TFS-FedAuthRedirect": "Suppress"}
"""Asks for a 401 instead of a redirect to the sign-in page (microsoft/azure-devops-python-api sends it too)."""

_HEADERS = {"Content-Type": "application/octet-stream", **NO_SIGN_IN_PAGE}
_READ_SECONDS = 60.0
_PIECE_BYTES = 1 << 16
_LEAST_SECONDS = 0.5


class Content(Protocol):
    """A file being read, of known length."""

    def __len__(self) -> int: ...

    def read(self, size: int = -1) -> bytes:
        """At most `size` more bytes, none at the end."""
        ...


@dataclass(frozen=True)
class NewFile:
    """A file to upload: the project and the area path that it belongs to, its name, and its deadline."""

    project: str
    area_path: str
    name: str
    deadline: Deadline


class AttachmentUploads:
    """Uploads files to one organization. A file is not attached until a work item has a relation to it.

    Both methods return the file's address, and raise the errors of HttpClient.send.
    """

    def __init__(
        self, http: HttpClient, organization: Subject, api_version: str, sleep: Callable[[float], None]
    ) -> None:
        self._http = http
        self._organization = organization
        self._account_url = organization.account_url
        self._api_version = api_version
        self._sleep = sleep

    def send_whole(self, file: NewFile, open_file: Callable[[], BinaryIO]) -> str:
        """Upload a file of at most MOST_BYTES_AT_ONCE in one request. `open_file` is called for each attempt."""
        left = file.deadline.remaining()
        request = Request(
            "POST",
            self._new_url(file),
            _HEADERS,
            open_file,
            read_seconds=_READ_SECONDS,
            exchange_seconds=left,
            start_within=left,
            subject=self._subject(file),
        )
        return self._create(request)[1]

    def send_in_chunks(self, file: NewFile, content: Content) -> str:
        """Upload a file chunk by chunk. After a failure, only the chunk is repeated.

        Raises:
            OSError: the content ended early.
        """
        start = Request(
            "POST", self._new_url(file, uploadType="chunked"), _HEADERS, subject=self._subject(file)
        )
        attachment_id, address = self._create(start)
        path = f"/{quote(file.project, safe='')}/_apis/wit/attachments/{quote(attachment_id, safe='')}"
        url = self._url(path, uploadType="chunked", fileName=file.name)
        total, position = len(content), 0
        buffer = memoryview(bytearray(min(CHUNK_BYTES, total)))
        while position < total:
            chunk = buffer[: _fill(buffer[: total - position], content)]
            self._send_chunk(
                url, chunk, f"bytes {position}-{position + len(chunk) - 1}/{total}", file.deadline
            )
            position += len(chunk)
        return address

    def _send_chunk(self, url: str, chunk: memoryview, content_range: str, deadline: Deadline) -> None:
        """Upload one chunk, and repeat it if no answer came.

        If Azure DevOps refuses a repeated chunk, the first attempt succeeded: Azure DevOps expects the next chunk. If
        the first attempt failed after all, Azure DevOps refuses the next chunk, and the upload fails.
        """
        headers = {**_HEADERS, "Content-Range": content_range}
        is_repeated = False
        for attempt in range(1, ATTEMPTS + 1):
            left = deadline.remaining()
            if left < _LEAST_SECONDS:
                raise TimeSpent(
                    System.AZURE_DEVOPS,
                    "The time for uploading this file ended. Send the same again.",
                    retry_after=1,
                )
            # As a stream, so that the time-out applies to each piece and not to the whole chunk.
            request = Request(
                "PUT",
                url,
                headers,
                lambda: cast(BinaryIO, _Chunk(chunk)),
                repeatable=False,
                read_seconds=_READ_SECONDS,
                exchange_seconds=left,
                start_within=left,
            )
            try:
                self._http.send(request)
                return
            except RuleViolation:
                if is_repeated:
                    return
                raise
            except Unavailable as error:
                pause = pause_before(attempt + 1, asked=error.retry_after, remaining=left, jitter=1.0)
                if not error.outcome_unknown or pause is None:
                    raise
                is_repeated = True
                self._sleep(pause)

    def _subject(self, file: NewFile) -> Subject:
        return replace(
            self._organization, action=RequestAction.UPLOAD, project=file.project, area_path=file.area_path
        )

    def _new_url(self, file: NewFile, **parameters: str) -> str:
        path = f"/{quote(file.project, safe='')}/_apis/wit/attachments"
        return self._url(path, fileName=file.name, areaPath=file.area_path, **parameters)

    def _url(self, path: str, **parameters: str) -> str:
        query = {"api-version": self._api_version, **parameters}
        return f"{self._account_url}{path}?{urlencode(query, quote_via=quote)}"

    def _create(self, request: Request) -> tuple[str, str]:
        """Send the request that creates a file. Returns the file's id and address."""
        body = self._http.send(request).json()
        body = body if isinstance(body, Mapping) else {}
        attachment_id, address = body.get("id"), body.get("url")
        if not isinstance(attachment_id, str) or not isinstance(address, str):
            raise Unavailable(
                System.AZURE_DEVOPS,
                "Azure DevOps took the file, but its answer has no address. Nothing has to be repaired; try again "
                "later.",
            )
        return attachment_id, address


class _Chunk:
    """A part of a file in memory, with the two methods that `requests` needs."""

    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._position = 0

    def __len__(self) -> int:
        return len(self._content)

    def read(self, size: int = -1) -> bytes:
        """At most `size` more bytes."""
        end = len(self._content) if size < 0 else self._position + size
        piece = bytes(self._content[self._position : end])
        self._position += len(piece)
        return piece


def _fill(buffer: memoryview, content: Content) -> int:
    """Read into a buffer until it is full or the content ends. Returns the number of bytes."""
    filled = 0
    while filled < len(buffer):
        # In small pieces, because reading from a connection needs several times the memory of a piece.
        piece = content.read(min(_PIECE_BYTES, len(buffer) - filled))
        if not piece:
            break
        buffer[filled : filled + len(piece)] = piece
        filled += len(piece)
    return filled
