"""How many operations of one kind run at the same time in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import TooBusy

MOST_SENDS = 64
"""Half of the threads that a worker should have. A send may hold its thread for minutes, when another system is slow;
pages, webhooks and the configuration then still find a thread."""

_RETRY_AFTER_SECONDS = 10.0


class Admission:
    """Lets in a number of operations at a time. Usable from several threads."""

    def __init__(self, most: int) -> None:
        self._free = threading.Semaphore(most)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Run one operation.

        Raises:
            TooBusy: as many as are allowed are running.
        """
        if not self._free.acquire(blocking=False):
            raise TooBusy(
                "Too many sends are running at the moment. Nothing was done. Send the same again.",
                retry_after=_RETRY_AFTER_SECONDS,
            )
        try:
            yield
        finally:
            self._free.release()
