"""Keep-alive HTTP connections with two limits: a deadline for each whole exchange, and an age for idle connections.

The time-outs of requests and urllib3 apply to each read, so they never end an answer of one byte every two seconds.
Here, the socket knows when its exchange must end, and no read or write waits longer.

Azure's load balancers forget a connection that was idle for four minutes and send no RST
(https://learn.microsoft.com/azure/load-balancer/load-balancer-tcp-idle-timeout). The first request on it would wait for
its whole time-out. So a connection that was idle for more than a minute is not used again.

requests and urllib3 are imported when the first session is made.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests

MOST_IDLE_SECONDS = 60.0
"""A quarter of the limit of Azure's load balancers, and the limit of AWS' load balancers, which Aha! uses
(https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html).
"""

_PROBE_SECONDS, _PROBES = 30, 3
"""TCP keep-alive: how long a connection is idle before it is probed, and how many probes it may miss."""


@dataclass
class Exchange:
    """One request and its answer.

    `ends_at`: when it has to end, on the monotonic clock. `wait_seconds`: how long it may wait for the next byte.
    `was_sent`: a part of the request was given to the connection, so the other side may have received all of it.
    """

    ends_at: float
    wait_seconds: float
    was_sent: bool = False

    @classmethod
    def within(cls, seconds: float, *, wait_seconds: float) -> Exchange:
        """An exchange that must end `seconds` from now."""
        return cls(time.monotonic() + seconds, wait_seconds)

    def wait(self) -> float:
        """Seconds that the next read or write may take.

        Raises:
            TimeoutError: the exchange has to end now.
        """
        remaining = self.ends_at - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the exchange took too long")
        return min(self.wait_seconds, remaining)


class Exchanges:
    """The exchange that each thread is about to begin. `usual` makes it for a thread that set none."""

    def __init__(self, usual: Callable[[], Exchange]) -> None:
        self._usual = usual
        self._of_thread = threading.local()

    def current(self) -> Exchange:
        """The calling thread's exchange."""
        exchange: Exchange | None = getattr(self._of_thread, "exchange", None)
        return exchange or self._usual()

    @contextmanager
    def begin(self, exchange: Exchange) -> Iterator[None]:
        """Everything that the calling thread sends in this context belongs to this exchange."""
        # The body of an upload comes from a download, which is an exchange of its own on the same thread.
        outer = getattr(self._of_thread, "exchange", None)
        self._of_thread.exchange = exchange
        try:
            yield
        finally:
            self._of_thread.exchange = outer


class _LimitedSocket:
    """A socket whose reads and writes end with the exchange. It ignores the time-outs that urllib3 sets."""

    def __init__(self, connected: socket.socket, exchange: Exchange) -> None:
        self._socket = connected
        self.exchange = exchange
        self.last_used = time.monotonic()

    def settimeout(self, _seconds: float | None) -> None:
        """Ignored: the exchange sets the time limit."""

    def sendall(self, data: Any) -> None:
        """Send everything before the exchange has to end. Raises TimeoutError."""
        left = memoryview(data).cast("B")
        while left:
            self._socket.settimeout(self.exchange.wait())
            self.exchange.was_sent = True
            left = left[self._socket.send(left) :]
        self.last_used = time.monotonic()

    def receive_into(self, raw: Any, buffer: Any) -> int | None:
        """Read once before the exchange has to end. Raises TimeoutError."""
        self._socket.settimeout(self.exchange.wait())
        count: int | None = raw.readinto(buffer)
        self.last_used = time.monotonic()
        return count

    def makefile(self, _mode: str, *_: Any, **__: Any) -> io.BufferedReader:
        """The answer as http.client reads it. The socket stays open until this is closed."""
        raw: Any = self._socket.makefile("rb", buffering=0)
        return io.BufferedReader(_LimitedReader(self, raw))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class _LimitedReader(io.RawIOBase):
    """The incoming bytes of a socket."""

    def __init__(self, limited: _LimitedSocket, raw: Any) -> None:
        self._limited = limited
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        return self._limited.receive_into(self._raw, buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def kept_session(
    exchanges: Exchanges,
    *,
    hosts: int,
    connections_per_host: int,
    most_idle_seconds: float,
    open_socket: Callable[[Any], socket.socket] | None = None,
) -> requests.Session:
    """A session whose connections end each exchange in time. It follows no redirects and asks no proxy.

    `open_socket` makes the TCP connection of an urllib3 connection; None leaves that to urllib3.
    """
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class Limited:
        """What both kinds of connections do before and after urllib3's own code."""

        sock: Any

        def connect(self) -> None:
            super().connect()  # type: ignore[misc]
            self.sock = _LimitedSocket(self.sock, exchanges.current())

        def request(self, *arguments: Any, **options: Any) -> None:
            if self.sock is not None:
                self.sock.exchange = exchanges.current()
            super().request(*arguments, **options)  # type: ignore[misc]

        @property
        def is_connected(self) -> bool:
            if self.sock is None or time.monotonic() - self.sock.last_used > most_idle_seconds:
                return False
            connected: bool = super().is_connected  # type: ignore[misc]
            return connected

        def _new_conn(self) -> socket.socket:
            made: socket.socket = super()._new_conn() if open_socket is None else open_socket(self)  # type: ignore[misc]
            return made

    class LimitedConnection(Limited, HTTPConnection):
        pass

    class LimitedTLSConnection(Limited, HTTPSConnection):
        pass

    class LimitedPool(HTTPConnectionPool):
        ConnectionCls = LimitedConnection

    class LimitedTLSPool(HTTPSConnectionPool):
        ConnectionCls = LimitedTLSConnection

    class Session(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> None:
            """None, because requests would parse the Location of every redirect, followed or not, and may raise."""

    session = Session()
    # A .netrc file or a proxy variable must not decide who gets a token.
    session.trust_env = False
    adapter = HTTPAdapter(pool_connections=hosts, pool_maxsize=connections_per_host, max_retries=0)
    adapter.poolmanager.connection_pool_kw["socket_options"] = _socket_options()
    adapter.poolmanager.pool_classes_by_scheme = {"http": LimitedPool, "https": LimitedTLSPool}
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def library_errors() -> tuple[type[Exception], ...]:
    """What an exchange may raise: the errors of requests, urllib3, http.client, zlib and the socket.

    A ValueError comes from an address, a header or a number that they cannot read. UnicodeError is one of them.
    """
    import zlib
    from http.client import HTTPException

    import requests
    from urllib3.exceptions import HTTPError

    return (requests.RequestException, HTTPError, HTTPException, OSError, ValueError, EOFError, zlib.error)


def causes(error: BaseException) -> list[BaseException]:
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


def _socket_options() -> list[tuple[int, int, int]]:
    """No delay of small packets, and TCP keep-alive. Not every system has all options."""
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (
        ("TCP_KEEPIDLE", _PROBE_SECONDS),
        ("TCP_KEEPINTVL", _PROBE_SECONDS),
        ("TCP_KEEPCNT", _PROBES),
    ):
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options
