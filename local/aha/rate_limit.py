"""The rate limits of one account: 20 requests a second and 300 a minute (https://www.aha.io/api)."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

DEFAULT_PER_SECOND = 20
DEFAULT_PER_MINUTE = 300


@dataclass
class _Bucket:
    """A count that starts again with each period. It is unconfirmed that periods are fixed and not sliding."""

    period: int
    limit: int | None
    started: int = 0
    count: int = 0

    def take(self, now: float) -> bool:
        """Counts a request; whether it is within the limit."""
        started = int(now // self.period * self.period)
        if started != self.started:
            self.started, self.count = started, 0
        self.count += 1
        return self.limit is None or self.count <= self.limit

    @property
    def resets_at(self) -> int:
        return self.started + self.period


@dataclass(frozen=True)
class RateDecision:
    """Whether a request may pass, the headers of its answer, and seconds to wait when it may not."""

    allowed: bool
    headers: dict[str, str]
    wait_seconds: int


@dataclass
class RateLimit:
    """Both limits. Refused requests count too. `clock` gives epoch seconds."""

    per_second: int | None = DEFAULT_PER_SECOND
    per_minute: int | None = DEFAULT_PER_MINUTE
    clock: Callable[[], float] = time.time
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._second = _Bucket(1, self.per_second)
        self._minute = _Bucket(60, self.per_minute)

    def change(self, per_second: int | None, per_minute: int | None) -> None:
        """Sets both limits (None: no limit) and starts counting again."""
        with self._lock:
            self.per_second, self.per_minute = per_second, per_minute
            self.__post_init__()

    def take(self) -> RateDecision:
        """Counts one request."""
        with self._lock:
            now = self.clock()
            buckets = [bucket for bucket in (self._second, self._minute) if not bucket.take(now)]
            refused_by = max(buckets, key=lambda bucket: bucket.resets_at, default=None)
            shown = refused_by or (self._minute if self._minute.limit is not None else self._second)
            if shown.limit is None:
                return RateDecision(True, {}, 0)
            headers = {
                "X-Ratelimit-Limit": str(shown.limit),
                "X-Ratelimit-Remaining": str(max(0, shown.limit - shown.count)),
                "X-Ratelimit-Reset": str(shown.resets_at),
            }
            return RateDecision(refused_by is None, headers, max(1, math.ceil(shown.resets_at - now)))
