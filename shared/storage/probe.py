"""Whether Table Storage answers, for a monitor that asks often."""

from __future__ import annotations

import threading

from shared.clock import Clock
from shared.errors import Unavailable
from shared.storage.tables import Tables

_KEPT_SECONDS = 5.0


class StorageProbe:
    """Reads from Table Storage at most once in five seconds, because anybody may call the probe at any rate."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._table = tables.integrations
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at: float | None = None
        self._failure: Unavailable | None = None

    def check(self) -> None:
        """Raises Unavailable(System.STORAGE) if Table Storage is down, busy or refuses the app."""
        # Callers that come during a read wait for its result.
        with self._lock:
            now = self._clock.monotonic()
            if self._looked_at is None or now - self._looked_at >= _KEPT_SECONDS:
                self._failure = self._look()
                self._looked_at = self._clock.monotonic()
            failure = self._failure
        if failure is not None:
            raise Unavailable(failure.system, failure.detail, retry_after=_KEPT_SECONDS)

    def _look(self) -> Unavailable | None:
        try:
            # The row does not exist. Reading it needs the same right as reading any other.
            self._table.get("probe", "probe")
        except Unavailable as failure:
            return failure
        return None
