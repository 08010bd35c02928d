"""The one place that opens connections to Azure DevOps, Aha! and file hosts, and keeps them between operations.

No other client module uses `requests` and `urllib3`. They are imported when the first request is sent, so that a cold
start does not import them if it calls no other system.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from shared.clients import addresses
from shared.connections import MOST_IDLE_SECONDS, Exchange, Exchanges, causes, kept_session, library_errors
from shared.domain.foreign_answers import AT_ONCE_SECONDS

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS = 5.0
"""The time limit to make a connection."""

WHOLE_SECONDS = 60.0
"""The time limit of a whole exchange, unless its sender sets another."""

LARGEST_ANSWER = 100 << 20
"""The most bytes of a whole answer after decompression. 200 work items with long descriptions take a tenth of it."""

_HOSTS = 16
_PIECE = 1 << 16
_POOL_SIZE = 64
"""Connections kept for each host: a send uploads files and writes batches in parallel, and several sends may run."""

Body = bytes | BinaryIO | Iterable[bytes] | None


class NoAnswer(Exception):
    """The request got no complete answer.

    `reason` says why, without the address. `sent` is false if the request certainly did not reach the other side.
    `may_still_run` is true if the other side may still be working on it.
    """

    def __init__(self, reason: str, *, sent: bool, may_still_run: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.may_still_run = may_still_run


class Transport:
    """Sends requests over keep-alive connections. Usable from several threads.

    `allow_local` allows http:// and private addresses.
    """

    def __init__(self, *, allow_local: bool, most_idle_seconds: float = MOST_IDLE_SECONDS) -> None:
        self._allow_local = allow_local
        self._most_idle_seconds = most_idle_seconds
        self._exchanges = Exchanges(lambda: Exchange.within(WHOLE_SECONDS, wait_seconds=CONNECT_SECONDS))
        self._lock = threading.Lock()
        self._session: requests.Session | None = None

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: Body,
        timeout: float,
        within: float = WHOLE_SECONDS,
        stream: bool = False,
    ) -> requests.Response:
        """Send one request and return its answer. A redirect is returned, not followed.

        Args:
            timeout: seconds to wait for the connection (at most CONNECT_SECONDS) and for each part of the exchange.
            within: seconds for the whole exchange, the reading of a streamed body too.
            stream: leave the answer's body unread; the caller closes the response.

        Raises:
            NoAnswer: no connection was made, no answer came in time, the connection broke, or the answer is too large.
            AddressRefused: the app must not call this address.
        """
        addresses.check_url(url, allow_local=self._allow_local)
        timeout = min(timeout, within)
        exchange = Exchange.within(within, wait_seconds=timeout)
        started = time.monotonic()
        try:
            with self._exchanges.begin(exchange):
                response = self._kept_session().request(
                    method,
                    url,
                    headers=dict(headers),
                    data=body,
                    timeout=(min(CONNECT_SECONDS, timeout), timeout),
                    allow_redirects=False,
                    stream=True,
                )
                if not stream:
                    _read_whole(response)
                return response
        except library_errors() as error:
            seconds = time.monotonic() - started
            raise _translated(error, was_sent=exchange.was_sent, seconds=seconds) from None

    def _kept_session(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                self._session = self._make_session()
            return self._session

    def _make_session(self) -> requests.Session:
        from http.cookiejar import DefaultCookiePolicy

        session = kept_session(
            self._exchanges,
            hosts=_HOSTS,
            connections_per_host=_POOL_SIZE,
            most_idle_seconds=self._most_idle_seconds,
            open_socket=None if self._allow_local else _checked_socket,
        )
        # No cookie may be kept for later requests.
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        return session


def _read_whole(response: requests.Response) -> None:
    """Read the body, but at most LARGEST_ANSWER bytes: a few bytes may decompress to gigabytes.

    Raises:
        NoAnswer: it is larger.
    """
    pieces: list[bytes] = []
    size = 0
    for piece in response.iter_content(_PIECE):
        size += len(piece)
        if size > LARGEST_ANSWER:
            response.close()
            raise NoAnswer(f"the answer is larger than {LARGEST_ANSWER >> 20} MB", sent=True)
        pieces.append(piece)
    response._content = b"".join(pieces)


class StreamedBody:
    """The body of a response that was left unread, as it comes from the connection.

    `unpacked`: decompress it by its Content-Encoding.
    """

    def __init__(self, response: requests.Response, *, unpacked: bool = False) -> None:
        self._response = response
        self._raw = response.raw
        self._unpacked = unpacked

    def read(self, size: int) -> bytes:
        """At most `size` more bytes, none at the end. Raises OSError if the connection breaks."""
        try:
            chunk: bytes = self._raw.read(size, decode_content=self._unpacked)
        except library_errors():
            raise OSError("the connection broke") from None
        return chunk

    def close(self) -> None:
        """Give the connection back, or close it if the body was not read to its end."""
        self._response.close()


def _translated(error: Exception, *, was_sent: bool, seconds: float) -> NoAnswer | addresses.AddressRefused:
    """The error without its original text, which may contain an address with a token.

    `seconds`: how long the exchange took.
    """
    import ssl

    import requests
    from urllib3 import exceptions as urllib3

    found = causes(error)

    def is_any(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in found)

    for cause in found:
        if isinstance(cause, addresses.AddressRefused):
            return cause
    timed_out = is_any(TimeoutError, requests.Timeout, urllib3.TimeoutError)
    if was_sent:
        if timed_out:
            return NoAnswer("no complete answer came in time", sent=True, may_still_run=True)
        # A kept connection that the other side had closed breaks within a round trip.
        reason = "the connection broke before the answer was complete"
        return NoAnswer(reason, sent=True, may_still_run=seconds > AT_ONCE_SECONDS)
    if is_any(requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, urllib3.LocationValueError):
        return addresses.AddressRefused("the address is malformed")
    if is_any(ssl.SSLError, urllib3.SSLError, requests.exceptions.SSLError):
        return NoAnswer("the TLS certificate is not valid for this address", sent=False)
    if timed_out and not is_any(urllib3.NewConnectionError):
        return NoAnswer("the server did not accept the connection in time", sent=False)
    if is_any(UnicodeError, requests.exceptions.InvalidHeader):
        return NoAnswer("the request has a header that cannot be sent", sent=False)
    return NoAnswer("the host is unknown or refuses the connection", sent=False)


def _checked_socket(connection: Any) -> socket.socket:
    """A connection to an address that the app may call, with the errors that urllib3 expects."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    try:
        timeout = connection.timeout if isinstance(connection.timeout, (int, float)) else None
        return addresses.connect(connection.host, connection.port, timeout, connection.socket_options)
    except addresses.AddressRefused:
        raise
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "timed out") from error
    except OSError as error:
        raise NewConnectionError(connection, "no connection") from error
