"""Uploading files to Azure DevOps, whole or in chunks.

https://learn.microsoft.com/rest/api/azure/devops/wit/attachments/create and …/upload-chunk (7.1). That chunks want a
Content-Range header is only said by the specification's parameter list (MicrosoftDocs/vsts-rest-api-specs).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast
from urllib.parse import quote, urlencode

from shared.clients.http import HttpClient, Request
from shared.deadline import Deadline
from shared.domain.retry import ATTEMPTS, pause_before
from shared.errors import RuleViolation, System, TimeSpent, Unavailable

MOST_BYTES_AT_ONCE = 130_000_000
"""Larger files have to come in chunks, where an organization takes them at all."""

CHUNK_BYTES = 4 << 20
"""A chunk is held in memory until it is through, so that it alone is repeated when a connection breaks."""

# Asks for 401 instead of a redirect to the sign-in page (microsoft/azure-devops-python-api sends it, too).
NO_SIGN_IN_PAGE = {"X-TFS-FedAuthRedirect": "Suppress"}

_HEADERS = {"Content-Type": "application/octet-stream", **NO_SIGN_IN_PAGE}
_READ_SECONDS = 60.0
_PIECE_BYTES = 1 << 16
_LEAST_SECONDS = 0.5


class Content(Protocol):
    """A file being read, of known length."""

    def __len__(self) -> int: ...

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes more, none at the end."""
        ...


@dataclass(frozen=True)
class NewFile:
    """How a file is to be known, where it belongs, and until when it has to be there."""

    project: str
    area_path: str
    name: str
    deadline: Deadline


class AttachmentUploads:
    """The uploads of one organization. What is uploaded is nobody's until a work item relates to it.

    Both methods return the file's address, and raise what the client's requests raise.
    """

    def __init__(
        self, http: HttpClient, account_url: str, api_version: str, sleep: Callable[[float], None]
    ) -> None:
        self._http = http
        self._account_url = account_url
        self._api_version = api_version
        self._sleep = sleep

    def send_whole(self, file: NewFile, open_file: Callable[[], BinaryIO]) -> str:
        """Upload a file of at most MOST_BYTES_AT_ONCE in one request; it is opened anew for each attempt."""
        left = file.deadline.remaining()
        request = Request(
            "POST",
            self._new_url(file),
            _HEADERS,
            open_file,
            read_seconds=min(_READ_SECONDS, left),
            patience=left,
        )
        return self._reference(request)[1]

    def send_in_chunks(self, file: NewFile, content: Content) -> str:
        """Upload a file chunk by chunk. A chunk that is lost is repeated, not the file.

        Raises:
            OSError: the content broke off.
        """
        start = Request("POST", self._new_url(file, uploadType="chunked"), _HEADERS)
        attachment_id, address = self._reference(start)
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
        """Send one chunk until it is through.

        A chunk that is refused after its first answer got lost had come through: the service wants the next one. Were
        it not so, it would refuse that.
        """
        headers = {**_HEADERS, "Content-Range": content_range}
        is_repeated = False
        for attempt in range(1, ATTEMPTS + 1):
            left = deadline.remaining()
            if left < _LEAST_SECONDS:
                raise TimeSpent(System.AZURE_DEVOPS, "The time for this file is over.", retry_after=1)
            # As a stream, so that a time-out is one of each piece and not of the whole chunk.
            request = Request(
                "PUT",
                url,
                headers,
                lambda: cast(BinaryIO, _Chunk(chunk)),
                repeatable=False,
                read_seconds=min(_READ_SECONDS, left),
                patience=left,
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

    def _new_url(self, file: NewFile, **parameters: str) -> str:
        path = f"/{quote(file.project, safe='')}/_apis/wit/attachments"
        return self._url(path, fileName=file.name, areaPath=file.area_path, **parameters)

    def _url(self, path: str, **parameters: str) -> str:
        query = {"api-version": self._api_version, **parameters}
        return f"{self._account_url}{path}?{urlencode(query, quote_via=quote)}"

    def _reference(self, request: Request) -> tuple[str, str]:
        """The id and the address of a new file."""
        answer = self._http.send(request).json()
        answer = answer if isinstance(answer, Mapping) else {}
        attachment_id, address = answer.get("id"), answer.get("url")
        if not isinstance(attachment_id, str) or not isinstance(address, str):
            raise Unavailable(System.AZURE_DEVOPS, "Azure DevOps took the file but named no address for it.")
        return attachment_id, address


class _Chunk:
    """A part of a file that is held in memory, as `requests` wants to read it."""

    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._position = 0

    def __len__(self) -> int:
        return len(self._content)

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes more."""
        end = len(self._content) if size < 0 else self._position + size
        piece = bytes(self._content[self._position : end])
        self._position += len(piece)
        return piece


def _fill(buffer: memoryview, content: Content) -> int:
    """Read into a buffer until it is full or the content ends; how many bytes that were."""
    filled = 0
    while filled < len(buffer):
        # In small pieces: whoever reads over the wire holds more than one copy of what it is asked for.
        piece = content.read(min(_PIECE_BYTES, len(buffer) - filled))
        if not piece:
            break
        buffer[filled : filled + len(piece)] = piece
        filled += len(piece)
    return filled
