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
"""So many keep a core busy. More would not be faster, and people would wait for them."""

MOST_WAITING_NOTIFICATIONS = 24
LONGEST_WAIT_SECONDS = 8.0
"""A large send causes a burst of notifications. Those that wait take a thread each and no processor time."""

MOST_BYTES = 32 * 1024 * 1024
"""Of the bodies of one kind together. A body takes up to thirty times its size in memory while it is worked on."""

_RETRY_AFTER_SECONDS = 10.0


class Admission:
    """Lets in a number of operations at a time. Usable from several threads.

    Args:
        what: the operations, in the plural, for the caller who is turned away.
        most: how many run at the same time.
        most_bytes: how much the bodies of those that run or wait may have together. A body of any size is let in where
            nothing else runs.
        most_waiting: how many more may wait until one of those that run has ended.
        longest_wait: for so many seconds at most.
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
        """Run one operation, as soon as there is room.

        Raises:
            TooBusy: as many as are allowed are running, and waiting.
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
            f"Too many {self._what} are running at the moment. Nothing was done. Send the same again.",
            retry_after=_RETRY_AFTER_SECONDS,
        )
