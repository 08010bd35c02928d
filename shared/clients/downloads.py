"""Download files from the addresses in a payload: without credentials, and without holding a file in memory.

A download address of Aha! has a key in it and redirects to a storage host (aha-app/aha-services sends no credentials
either). So the app follows redirects, and checks each address. For a deleted file, Aha! redirects to `/access_denied`.
If a download breaks off, it continues from there, if the server can tell that the file is still the same
(RFC 9110 §13.1.5).
"""

from __future__ import annotations

import errno
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol
from urllib.parse import urljoin, urlsplit

from shared import log_events
from shared.clients.addresses import AddressRefused
from shared.clients.http import USER_AGENT
from shared.clients.redaction import shown_origin, shown_url
from shared.clients.transport import NoAnswer, StreamedBody, Transport
from shared.domain.foreign_answers import Body, ErrorAnswer, Meaning, Service, meaning_of
from shared.errors import Forbidden, NotFound, RuleViolation, System, TimeSpent, Unavailable
from shared.operation import Operation

if TYPE_CHECKING:
    import requests

MOST_BYTES = 2 << 30
"""A larger file is not sent: the platform would end the request before the file is uploaded."""

_MOST_SPOOLED_BYTES = 512 << 20
"""The limit for a file of unknown length, which is stored on the temporary disk that other operations also need."""

_MOST_DIGITS = 18
"""The most digits of a Content-Length. Python refuses to convert thousands of digits."""

_MOST_REDIRECTS = 5
_MOST_BREAKS = 20
_MOST_IN_A_ROW = 5
_READ_SECONDS = 15.0
_FIRST_PAUSE = 0.1
_SPOOLED_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 16
_DENIED = "/access_denied"


class _Body(Protocol):
    """The content of a file, or the rest of it."""

    def read(self, size: int) -> bytes:
        """At most `size` more bytes. Raises OSError if the connection breaks."""
        ...

    def close(self) -> None:
        """Stop reading."""
        ...


class Download:
    """A file that is being read, of known length in bytes, so that `requests` can send it with a Content-Length.

    `resume` opens the file again at a position. It raises OSError if that is not possible. `content_type` is what the
    server calls it.
    """

    def __init__(
        self,
        body: _Body,
        length: int,
        resume: Callable[[int], _Body],
        operation: Operation,
        content_type: str = "",
    ) -> None:
        self.content_type = content_type
        self._body = body
        self._length = length
        self._left = length
        self._resume = resume
        self._operation = operation
        self._head = b""

    def __len__(self) -> int:
        return self._length

    def peek(self, size: int) -> bytes:
        """The first `size` bytes, fewer if the file is shorter. Call it before `read`, which returns them again."""
        while len(self._head) < size and (piece := self._next(size - len(self._head))):
            self._head += piece
        return self._head

    def read(self, size: int = -1) -> bytes:
        """At most `size` more bytes, none at the end.

        Raises:
            OSError: the download broke off and cannot continue.
            Unavailable, Refused: the download broke off, and the server refuses to continue.
            TimeSpent: the operation has no time left.
        """
        if not self._head:
            return self._next(size)
        piece = self._head if size < 0 else self._head[:size]
        self._head = self._head[len(piece) :]
        return piece + self._next(-1) if size < 0 else piece

    def _next(self, size: int) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        piece = b""
        while wanted and not piece:
            if self._operation.deadline.remaining() <= 0:
                raise _time_spent()
            try:
                piece = self._body.read(wanted)
            except OSError:
                piece = b""
            if not piece:
                self._body.close()
                self._body = self._resume(self._length - self._left)
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        """Give the connection back, or close it if the file was not read to its end."""
        self._body.close()


def open_download(
    url: str, operation: Operation, transport: Transport, sleep: Callable[[float], None] = time.sleep
) -> Download:
    """Start to download the file at an address.

    Raises:
        NotFound: the file was deleted, or the app must not call the address.
        Forbidden: the address has expired.
        RuleViolation: the file is larger than MOST_BYTES.
        Unavailable: no answer came, the server failed, or there were too many redirects.
        TimeSpent: the operation has no time left.
    """
    return _Source(url, operation, transport, sleep).download()


@dataclass
class _Source:
    """An address and the file there.

    `validator` identifies the version of the file; it is empty if the server cannot continue a download. `breaks`
    counts how often the download broke off.
    """

    url: str
    operation: Operation
    transport: Transport
    sleep: Callable[[float], None]
    length: int = 0
    validator: str = ""
    breaks: int = 0

    def download(self) -> Download:
        response = self._answer({})
        length = response.headers.get("content-length", "")
        content_type = response.headers.get("content-type", "")
        is_encoded = response.headers.get("content-encoding", "identity") != "identity"
        if is_encoded or not (length.isascii() and length.isdigit()):
            spool, size = _spooled(response, self.operation)
            return Download(spool, size, _cannot_resume, self.operation, content_type)
        if len(length) > _MOST_DIGITS or int(length) > MOST_BYTES:
            response.close()
            raise _too_large(MOST_BYTES)
        self.length, self.validator = int(length), _validator(response)
        return Download(StreamedBody(response), self.length, self._resume, self.operation, content_type)

    def _resume(self, position: int) -> _Body:
        """Open the rest of the file. The more often the download broke off, the longer the pause before."""
        for _ in range(_MOST_IN_A_ROW):
            if not self.validator or self.breaks >= _MOST_BREAKS:
                break
            pause = min(2.0, _FIRST_PAUSE * 2**self.breaks)
            self.breaks += 1
            self.sleep(min(pause, self.operation.deadline.remaining()))
            wanted = {"Range": f"bytes={position}-", "If-Range": self.validator}
            try:
                response = self._answer(wanted)
            except TimeSpent:
                raise
            except Unavailable:
                continue
            rest = f"bytes {position}-{self.length - 1}/{self.length}"
            if response.status_code == 206 and response.headers.get("content-range") == rest:
                return StreamedBody(response)
            response.close()
            break
        return _cannot_resume(position)

    def _answer(self, headers: Mapping[str, str]) -> requests.Response:
        """Follow redirects to the last answer: status 200, or 206 if a range was asked for."""
        url, shown = self.url, shown_url(self.url)
        for _ in range(_MOST_REDIRECTS + 1):
            response = _get(url, shown, headers, self.operation, self.transport)
            target = response.headers.get("location") if response.is_redirect else None
            if target is None:
                _check_status(response, shown, (200, 206) if headers else (200,))
                return response
            response.close()
            url = _redirect_target(url, target, shown)
            shown = shown_origin(url)
            if urlsplit(url).path.rstrip("/").endswith(_DENIED):
                raise NotFound(
                    System.AHA,
                    "Aha! does not have the file any more. Remove it from the record, or attach it again.",
                )
        raise Unavailable(
            System.AHA,
            f"The file could not be fetched: its address redirects more than {_MOST_REDIRECTS} times. Attach the file "
            "itself to the record.",
        )


def _get(
    url: str, shown: str, headers: Mapping[str, str], operation: Operation, transport: Transport
) -> requests.Response:
    remaining = operation.deadline.remaining()
    if remaining < 1:
        raise _time_spent()
    started = time.monotonic()
    try:
        response = transport.send(
            "GET",
            url,
            headers={"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity", **headers},
            body=None,
            timeout=_READ_SECONDS,
            within=remaining,
            stream=True,
        )
    except AddressRefused as error:
        raise NotFound(
            System.AHA,
            f"The file is not fetched: {error}. Attach the file itself to the record.",
            evidence={"url": shown},
        ) from None
    except NoAnswer as error:
        raise Unavailable(
            System.AHA, f"The file could not be fetched: {error.reason}. Send the feature again later."
        ) from None
    milliseconds = round((time.monotonic() - started) * 1000)
    operation.log.add(
        log_events.DOWNLOAD_REQUEST,
        f"GET {shown} → {response.status_code} in {milliseconds} ms",
        method="GET",
        url=shown,
        status=response.status_code,
        milliseconds=milliseconds,
    )
    return response


def _redirect_target(url: str, location: str, shown: str) -> str:
    """The address that a redirect leads to.

    A Location must be ASCII, but servers send file names in UTF-8 or Latin-1. `location` has one character for each
    byte, as http.client reads it. As browsers do, bytes that are not UTF-8 are percent-encoded one by one
    (https://url.spec.whatwg.org/#concept-basic-url-parser).

    Raises:
        NotFound: the Location is malformed.
    """
    try:
        sent = location.encode("latin-1")
        try:
            target = sent.decode("utf-8")
        except UnicodeDecodeError:
            target = "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in sent)
        target = urljoin(url, target)
        # This checks the host, too.
        _ = urlsplit(target).port
    except ValueError:
        raise NotFound(
            System.AHA,
            "The file is not fetched: its address leads to a malformed address. Attach the file itself to the record.",
            evidence={"url": shown},
        ) from None
    return target


def _check_status(response: requests.Response, shown: str, expected: tuple[int, ...]) -> None:
    status = response.status_code
    if status in expected:
        return
    response.close()
    evidence = {"status": status, "url": shown}
    meaning = meaning_of(ErrorAnswer(Service.FILE_HOST, status, Body.FOREIGN))
    if meaning is Meaning.REFUSES_USER:
        raise Forbidden(
            System.AHA,
            "The file's address is not valid any more. Send the feature again from Aha!.",
            evidence=evidence,
        )
    if meaning is Meaning.GONE:
        raise NotFound(
            System.AHA,
            f"The file could not be fetched: the server answered {status}. Attach the file again.",
            evidence=evidence,
        )
    raise Unavailable(
        System.AHA,
        f"The file could not be fetched: the server answered {status}. Send the feature again later.",
        evidence=evidence,
    )


def _validator(response: requests.Response) -> str:
    """The ETag or the time that identifies this version of the file; empty if the server sends no parts of it."""
    if response.headers.get("accept-ranges", "").lower() == "none":
        return ""
    tag = response.headers.get("etag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("last-modified", "")


def _cannot_resume(position: int) -> _Body:
    raise OSError(f"the download broke off after {position} bytes")


def _spooled(response: requests.Response, operation: Operation) -> tuple[_Body, int]:
    """A file whose length is not known, stored on disk first, because an upload has to start with the length."""
    spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_SPOOLED_BYTES)  # noqa: SIM115 closed with the download
    body = StreamedBody(response, unpacked=True)
    try:
        while chunk := body.read(_CHUNK_BYTES):
            if spool.tell() + len(chunk) > _MOST_SPOOLED_BYTES:
                raise _too_large(_MOST_SPOOLED_BYTES)
            if operation.deadline.remaining() <= 0:
                raise _time_spent()
            _store(spool, chunk)
    except OSError:
        spool.close()
        raise Unavailable(
            System.AHA, "The file could not be fetched: the connection broke. Send the feature again later."
        ) from None
    except BaseException:
        spool.close()
        raise
    finally:
        body.close()
    length = spool.tell()
    spool.seek(0)
    return spool, length


def _store(spool: IO[bytes], chunk: bytes) -> None:
    try:
        spool.write(chunk)
    except OSError as error:
        reason = errno.errorcode.get(error.errno or 0, "OSError")
        raise Unavailable(
            System.AHA,
            f"The file could not be fetched: the temporary disk of the app is full or not writable ({reason}). "
            "Send the feature again later, with fewer large files at a time. If this lasts, an operator has to restart "
            "the function app or give it a plan with more temporary storage.",
            evidence={"errno": reason},
        ) from None


def _too_large(limit: int) -> RuleViolation:
    return RuleViolation(
        System.AHA,
        f"The file is larger than {limit >> 20} MB, the limit of the app. Make it smaller, or store it elsewhere and "
        "link to it.",
    )


def _time_spent() -> TimeSpent:
    detail = "The time for this operation ended. Send the same again: the send continues where it stopped."
    return TimeSpent(System.AHA, detail, retry_after=1)
