"""The one place that opens connections to Azure DevOps, Aha! and file hosts, and keeps them between operations.

No other client module uses `requests` and `urllib3`. They are imported when the first request is sent, so that an
instance that starts cold does not wait for them where it calls no other system.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from shared.clients import addresses

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS = 5.0
"""How long a connection may take to be made."""

_POOL_SIZE = 64
"""Connections kept for each host: a send uploads files and writes batches in parallel, and several sends may run."""

Body = bytes | BinaryIO | Iterable[bytes] | None


class NoAnswer(Exception):
    """The request got no complete answer.

    `reason` says why, without the address. `sent` is false if the request certainly did not reach the other side.
    `timed_out` is true if the other side may still be working on it.
    """

    def __init__(self, reason: str, *, sent: bool, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.timed_out = timed_out


class Transport:
    """Sends requests over kept connections. Usable from several threads.

    `allow_local` allows http:// and private addresses.
    """

    def __init__(self, *, allow_local: bool) -> None:
        self._allow_local = allow_local
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
        stream: bool = False,
    ) -> requests.Response:
        """Send one request and return its answer. A redirect is returned, not followed.

        Args:
            timeout: seconds to wait for the connection (at most CONNECT_SECONDS) and for each part of the answer.
            stream: leave the answer's body unread; the caller closes the response.

        Raises:
            NoAnswer: no connection was made, no answer came in time, or the connection broke.
            AddressRefused: the app must not call this address.
        """
        import requests
        from urllib3.exceptions import HTTPError

        addresses.check_url(url, allow_local=self._allow_local)
        try:
            return self._kept_session().request(
                method,
                url,
                headers=dict(headers),
                data=body,
                timeout=(min(CONNECT_SECONDS, timeout), timeout),
                allow_redirects=False,
                stream=stream,
            )
        except (requests.RequestException, HTTPError) as error:
            refusal = _address_refusal(error)
            if refusal is not None:
                raise refusal from None
            raise _no_answer(error) from None

    def _kept_session(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                self._session = _make_session(self._allow_local)
            return self._session


class StreamedBody:
    """The body of a response that was left unread, as it comes from the connection."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        self._raw = response.raw

    def read(self, size: int) -> bytes:
        """At most `size` more bytes, none at the end. Raises OSError if the connection breaks."""
        from urllib3.exceptions import HTTPError

        try:
            chunk: bytes = self._raw.read(size)
        except HTTPError:
            raise OSError("the connection broke") from None
        return chunk

    def close(self) -> None:
        """Give the connection back, or close it if the body was not read to its end."""
        self._response.close()


def _no_answer(error: Exception) -> NoAnswer:
    """The reason in our own words, because the text of the error may have an address with a token in it."""
    import requests
    from urllib3.exceptions import NewConnectionError

    if isinstance(error, requests.exceptions.SSLError):
        return NoAnswer("the TLS certificate is not valid for this address", sent=False)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return NoAnswer("the server did not accept the connection in time", sent=False)
    if isinstance(error, requests.Timeout):
        return NoAnswer("no answer came in time", sent=True, timed_out=True)
    if any(isinstance(cause, NewConnectionError) for cause in _causes(error)):
        return NoAnswer("the host is unknown or refuses the connection", sent=False)
    return NoAnswer("the connection broke before the answer was complete", sent=True)


def _address_refusal(error: BaseException) -> addresses.AddressRefused | None:
    return next((cause for cause in _causes(error) if isinstance(cause, addresses.AddressRefused)), None)


def _causes(error: BaseException) -> Iterable[BaseException]:
    """An exception and all its causes. urllib3 passes some of them as arguments."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        item = waiting.pop()
        # The `reason` of a TLS error is a text, not an exception.
        if not isinstance(item, BaseException) or item in seen:
            continue
        seen.append(item)
        waiting += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
    return seen


def _make_session(allow_local: bool) -> requests.Session:
    from http.cookiejar import DefaultCookiePolicy

    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    # A .netrc file or a proxy variable must not decide who gets a token, and no cookie may be kept for later requests.
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=16, pool_maxsize=_POOL_SIZE, max_retries=0)
    if not allow_local:
        _guard(adapter)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _guard(adapter: Any) -> None:
    """Make the adapter connect only to addresses that the app may call."""
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    def checked_connection(connection: Any) -> Any:
        try:
            timeout = connection.timeout if isinstance(connection.timeout, (int, float)) else None
            return addresses.connect(connection.host, connection.port, timeout, connection.socket_options)
        except addresses.AddressRefused:
            raise
        except TimeoutError as error:
            raise ConnectTimeoutError(connection, "timed out") from error
        except OSError as error:
            raise NewConnectionError(connection, "no connection") from error

    class GuardedConnection(HTTPConnection):
        def _new_conn(self) -> Any:
            return checked_connection(self)

    class GuardedTLSConnection(HTTPSConnection):
        def _new_conn(self) -> Any:
            return checked_connection(self)

    class GuardedPool(HTTPConnectionPool):
        ConnectionCls = GuardedConnection

    class GuardedTLSPool(HTTPSConnectionPool):
        ConnectionCls = GuardedTLSConnection

    adapter.poolmanager.pool_classes_by_scheme = {"http": GuardedPool, "https": GuardedTLSPool}
