"""What an organization was seen to refuse, remembered for a while so that not every send has to find out again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum

_REMEMBERED_SECONDS = 900.0


class Habit(Enum):
    """Something that documentation promises and an organization may refuse."""

    REFUSES_BATCHES = "refuses batches"
    REFUSES_TEMPORARY_IDS = "refuses temporary ids"


class Habits:
    """Habits of organizations, by account name; shared by all sends of the process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[tuple[str, Habit], float] = {}

    def note(self, account_name: str, habit: Habit) -> None:
        """Remember a habit for a quarter of an hour."""
        with self._lock:
            self._until[account_name.lower(), habit] = self._clock() + _REMEMBERED_SECONDS

    def has(self, account_name: str, habit: Habit) -> bool:
        """Whether the organization was seen to have the habit lately."""
        with self._lock:
            return self._until.get((account_name.lower(), habit), 0.0) > self._clock()
