"""Files from addresses that a payload names: without credentials, at public addresses only, and never as a whole.

Aha!'s download addresses carry their own key and lead on to a storage host (aha-app/aha-services fetches them without
credentials), so redirects are followed, each after the same checks. A purged file leads to `/access_denied`.
"""

from __future__ import annotations

import tempfile
import time
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from shared.clients import transport
from shared.clients.addresses import AddressRefused
from shared.clients.http import USER_AGENT
from shared.clients.redaction import shown_origin, shown_url
from shared.errors import Forbidden, NotFound, System, TimeSpent, Unavailable
from shared.operation import Operation

if TYPE_CHECKING:
    import requests

_MOST_REDIRECTS = 5
_READ_SECONDS = 60.0
_SPOOLED_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 16
_DENIED = "/access_denied"
_TRANSIENT = frozenset((408, 429, 500, 502, 503, 504))


class Download:
    """A file being read, of known length in bytes: what `requests` needs to send it on with a Content-Length."""

    def __init__(self, source: Any, length: int, response: requests.Response) -> None:
        self._source = source
        self._length = length
        self._left = length
        self._response = response

    def __len__(self) -> int:
        return self._length

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes more. Raises OSError where the file ends before its announced length."""
        wanted = self._left if size < 0 else min(size, self._left)
        chunk: bytes = self._source.read(wanted) if wanted else b""
        if wanted and not chunk:
            raise OSError("the download broke off")
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        """Give the connection back, or close it where the file was not read to its end."""
        self._response.close()
        if hasattr(self._source, "close"):
            self._source.close()


def open_download(url: str, operation: Operation, *, allow_local: bool) -> Download:
    """Start reading the file at an address.

    Raises:
        NotFound: the file is gone, or the address may not be called.
        Forbidden: the address is not valid any more.
        Unavailable: no answer, an error of the other side, or too many redirects.
    """
    shown = shown_url(url)
    for _ in range(_MOST_REDIRECTS + 1):
        response = _get(url, shown, operation, allow_local)
        target = response.headers.get("location") if response.is_redirect else None
        if target is None:
            return _download(response, shown)
        response.close()
        url = urljoin(url, target)
        shown = shown_origin(url)
        if urlsplit(url).path.rstrip("/").endswith(_DENIED):
            raise NotFound(
                System.AHA, "Aha! does not have the file any more. Remove it there, or attach it anew."
            )
    raise Unavailable(System.AHA, "The file's address leads on from one address to the next without end.")


def _get(url: str, shown: str, operation: Operation, allow_local: bool) -> requests.Response:
    remaining = operation.deadline.remaining()
    if remaining < 1:
        raise TimeSpent(System.AHA, "The time for this operation is over; send the same again.")
    started = time.monotonic()
    try:
        response = transport.send(
            "GET",
            url,
            headers={"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"},
            body=None,
            timeout=min(_READ_SECONDS, remaining),
            allow_local=allow_local,
            stream=True,
        )
    except AddressRefused as error:
        raise NotFound(System.AHA, f"The file is not fetched: {error}.", evidence={"url": shown}) from None
    except transport.NoAnswer as error:
        raise Unavailable(System.AHA, f"The file could not be fetched: {error.reason}.") from None
    milliseconds = round((time.monotonic() - started) * 1000)
    operation.journal.info(
        "download.request",
        f"GET {shown} → {response.status_code} in {milliseconds} ms",
        method="GET",
        url=shown,
        status=response.status_code,
        milliseconds=milliseconds,
    )
    return response


def _download(response: requests.Response, shown: str) -> Download:
    status = response.status_code
    if status == 200:
        length = response.headers.get("content-length", "")
        is_as_it_is = response.headers.get("content-encoding", "identity") == "identity"
        if is_as_it_is and length.isascii() and length.isdigit():
            return Download(transport.StreamedBody(response), int(length), response)
        return _spooled(response)
    response.close()
    evidence = {"status": status, "url": shown}
    if status in (401, 403):
        raise Forbidden(
            System.AHA,
            "The file's address is not valid any more. Send the feature again from Aha!.",
            evidence=evidence,
        )
    if status in _TRANSIENT:
        raise Unavailable(
            System.AHA, f"The file could not be fetched: the answer was {status}.", evidence=evidence
        )
    raise NotFound(System.AHA, f"The file could not be fetched: the answer was {status}.", evidence=evidence)


def _spooled(response: requests.Response) -> Download:
    """A file of unknown or another length, put on disk first: Azure DevOps has to be told the length beforehand."""
    spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_SPOOLED_BYTES)  # noqa: SIM115 closed with the download
    try:
        for chunk in response.iter_content(_CHUNK_BYTES):
            spool.write(chunk)
    except OSError:  # as which requests tells of a connection that breaks
        response.close()
        spool.close()
        raise Unavailable(System.AHA, "The file could not be fetched: the answer broke off.") from None
    length = spool.tell()
    spool.seek(0)
    return Download(spool, length, response)
