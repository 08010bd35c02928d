"""Limits how many operations of one kind run at the same time in this process, and the size of their bodies."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import TooBusy

MOST_SENDS = 64
"""Half of a worker's recommended threads. A send may hold its thread for minutes when another system is slow; the other
threads stay free for pages, notifications and the configuration.
"""

MOST_NOTIFICATIONS = 8
"""This many keep a core busy. More would not be faster, and people would wait longer."""

MOST_WAITING_NOTIFICATIONS = 24
LONGEST_WAIT_SECONDS = 8.0
"""A large send causes a burst of notifications. A waiting notification uses a thread, but no processor time."""

MOST_BYTES = 32 * 1024 * 1024
"""Total size of the bodies of one kind. A body takes up to thirty times its size in memory during processing."""

_RETRY_AFTER_SECONDS = 10.0


class Admission:
    """Admits a limited number of operations at a time. Usable from several threads.

    Args:
        what: the operations, in the plural, for the error message.
        most: how many run at the same time.
        most_bytes: the total size of the bodies of running and waiting operations. A body of any size is
            admitted if nothing else runs.
        most_waiting: how many more may wait for a running one to end.
        longest_wait: how many seconds one may wait.
    """

    def __init__(
        self,
        what: str,
        most: int,
        most_bytes: int = MOST_BYTES,
        *,
        most_waiting: int = 0,
        longest_wait: float = 0.0,
    ) -> None:
        self._what = what
        self._most = most
        self._most_inside = most + most_waiting
        self._most_bytes = most_bytes
        self._longest_wait = longest_wait
        self._changed = threading.Condition()
        self._inside = 0
        self._running = 0
        self._bytes = 0

    @contextmanager
    def one(self, body_bytes: int = 0) -> Iterator[None]:
        """Run one operation, as soon as the limits allow it.

        Raises:
            TooBusy: the limits of running and waiting operations are reached.
        """
        with self._place(body_bytes):
            self._wait_for_room()
            try:
                yield
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify()

    @contextmanager
    def _place(self, body_bytes: int) -> Iterator[None]:
        with self._changed:
            is_full = self._inside >= self._most_inside or self._bytes + body_bytes > self._most_bytes
            if is_full and self._inside:
                raise self._too_busy()
            self._inside += 1
            self._bytes += body_bytes
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._bytes -= body_bytes

    def _wait_for_room(self) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._running < self._most, self._longest_wait):
                raise self._too_busy()
            self._running += 1

    def _too_busy(self) -> TooBusy:
        return TooBusy(
            f"Too many {self._what} are running at the moment. Nothing was done. Repeat the request.",
            retry_after=_RETRY_AFTER_SECONDS,
        )
