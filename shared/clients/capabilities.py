"""Remembers what an Azure DevOps organization refused, so that not every operation tries it again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum

_REMEMBERED_SECONDS = 900.0
_MOST_ENTRIES = 1000


class Capability(Enum):
    """A documented capability of Azure DevOps that an organization may still refuse."""

    BATCHES = "batches"
    TEMPORARY_IDS = "temporary ids"
    READ_PREVIEWS = "read previews"


class Capabilities:
    """The capabilities that organizations refused, by account name in any case. Usable from several threads.

    A refusal is forgotten after 15 minutes. At most 1000 are kept; the oldest make room for new ones.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # Ordered by time, because an entry moves to the end when it is stored again.
        self._forget_at: dict[tuple[str, Capability], float] = {}

    def remember_refusal(self, account_name: str, capability: Capability) -> None:
        """Remember for 15 minutes that the organization refused the capability."""
        key = (account_name.lower(), capability)
        with self._lock:
            now = self._clock()
            self._forget_at.pop(key, None)
            self._forget_at[key] = now + _REMEMBERED_SECONDS
            self._remove_old(now)

    def refuses(self, account_name: str, capability: Capability) -> bool:
        """Whether the organization refused the capability in the last 15 minutes."""
        with self._lock:
            return self._forget_at.get((account_name.lower(), capability), 0.0) > self._clock()

    def __len__(self) -> int:
        """How many refusals are kept."""
        return len(self._forget_at)

    def _remove_old(self, now: float) -> None:
        while oldest := next(iter(self._forget_at), None):
            if self._forget_at[oldest] > now and len(self._forget_at) <= _MOST_ENTRIES:
                return
            del self._forget_at[oldest]
