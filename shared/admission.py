"""How many operations of one kind run at the same time in this process, and how much their bodies may weigh."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import TooBusy

MOST_SENDS = 64
"""Half of the threads that a worker should have. A send may hold its thread for minutes, when another system is slow;
pages, notifications and the configuration then still find a thread."""

MOST_NOTIFICATIONS = 8
"""So many keep a core busy. More would not be faster, and people would wait for them. It is above the number of
requests for which the platform starts another instance."""

MOST_BYTES = 32 * 1024 * 1024
"""Of the bodies of one kind together. A body takes up to thirty times its size in memory while it is worked on."""

_RETRY_AFTER_SECONDS = 10.0


class Admission:
    """Lets in a number of operations at a time. Usable from several threads.

    Args:
        what: the operations, in the plural, for the caller who is turned away.
        most: how many run at the same time.
        most_bytes: how much their bodies may have together. A body of any size is let in where nothing else runs.
    """

    def __init__(self, what: str, most: int, most_bytes: int = MOST_BYTES) -> None:
        self._what = what
        self._most = most
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._running = 0
        self._bytes = 0

    @contextmanager
    def one(self, body_bytes: int = 0) -> Iterator[None]:
        """Run one operation.

        Raises:
            TooBusy: as many as are allowed are running.
        """
        self._enter(body_bytes)
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
                self._bytes -= body_bytes

    def _enter(self, body_bytes: int) -> None:
        with self._lock:
            is_full = self._running >= self._most or self._bytes + body_bytes > self._most_bytes
            if is_full and self._running:
                raise TooBusy(
                    f"Too many {self._what} are running at the moment. Nothing was done. Send the same again.",
                    retry_after=_RETRY_AFTER_SECONDS,
                )
            self._running += 1
            self._bytes += body_bytes
