"""A TCP relay that drops idle flows, as Azure's load balancers do after four minutes.

They send no RST: what a client writes to a dropped flow is discarded, and no answer comes
(https://learn.microsoft.com/azure/load-balancer/load-balancer-tcp-idle-timeout).
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class IdleDroppingRelay:
    """Relays every connection to `port` on loopback; a context manager. `flows` counts the connections so far."""

    def __init__(self, port: int, *, drops_after: float) -> None:
        """`drops_after`: seconds without a byte."""
        self._target = ("127.0.0.1", port)
        self._drops_after = drops_after
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._open: list[socket.socket] = []
        self.flows = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> IdleDroppingRelay:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._open += (client, server)
                self.flows += 1
                flow = _Flow(self._drops_after)
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=flow.carry, args=(source, sink), daemon=True).start()


class _Flow:
    """One connection in both directions."""

    def __init__(self, drops_after: float) -> None:
        self._drops_after = drops_after
        self._last = time.monotonic()
        self._is_dropped = False

    def carry(self, source: socket.socket, sink: socket.socket) -> None:
        """Pass on what comes from one end until the flow is dropped; then discard it."""
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                self._is_dropped = self._is_dropped or time.monotonic() - self._last > self._drops_after
                self._last = time.monotonic()
                if not self._is_dropped:
                    sink.sendall(piece)
        if not self._is_dropped:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)
