"""How fast an account may be called: slower when it asks, and before it has to refuse."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from shared.domain.retry import retry_after_seconds

_LOW = 0.1
"""The part of an allowance that is spread over the time left until it is renewed."""

_LONGEST_SPREAD_SECONDS = 5.0


@dataclass(frozen=True)
class Quota:
    """At most `requests` within any `seconds`."""

    requests: int
    seconds: float


@dataclass
class _Known:
    """What is known of one account. Times are of the pace's own clock."""

    not_before: float = 0.0
    is_limiting: bool = False
    sent: deque[float] = field(default_factory=deque)


class Pace:
    """The pace of all requests of the process, by account. Usable from several threads.

    Azure DevOps sends Retry-After also with answers that are no refusal, and X-RateLimit-* before it delays
    (https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits); Aha! sends X-Ratelimit-* with every
    answer (https://www.aha.io/api).
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._accounts: dict[str, _Known] = {}

    def wait(self, account: str, quotas: tuple[Quota, ...] = ()) -> float:
        """Seconds to wait before the account may be called; 0 takes a place within the quotas.

        Quotas hold for an account that has shown that it limits requests.
        """
        with self._lock:
            known = self._accounts.setdefault(account, _Known())
            now = self._clock()
            wait = max(0.0, known.not_before - now)
            if known.is_limiting and quotas:
                wait = max(wait, _until_free(known.sent, quotas, now))
                if not wait:
                    known.sent.append(now)
            return wait

    def observe(self, account: str, headers: Mapping[str, str]) -> float | None:
        """Take what an answer says of the pace to heart; returns the wait that it asks for, if it does.

        Header names in lower case.
        """
        asked = retry_after_seconds(headers, datetime.fromtimestamp(self._wall_clock(), timezone.utc))
        spread = self._spread(headers)
        with self._lock:
            known = self._accounts.setdefault(account, _Known())
            known.is_limiting = known.is_limiting or "x-ratelimit-limit" in headers
            known.not_before = max(known.not_before, self._clock() + max(asked or 0.0, spread))
        return asked

    def _spread(self, headers: Mapping[str, str]) -> float:
        """The pause that makes what is left of an allowance last until it is renewed; 0 while there is plenty."""
        limit, remaining = _number(headers, "x-ratelimit-limit"), _number(headers, "x-ratelimit-remaining")
        reset = _number(headers, "x-ratelimit-reset")
        if limit is None or remaining is None or reset is None or remaining > limit * _LOW:
            return 0.0
        left = max(0.0, reset - self._wall_clock())
        return min(_LONGEST_SPREAD_SECONDS, left / max(remaining, 1.0))


def _until_free(sent: deque[float], quotas: tuple[Quota, ...], now: float) -> float:
    """Seconds until one more request is within all quotas; forgets what no quota asks for any more."""
    longest = max(quota.seconds for quota in quotas)
    while sent and sent[0] <= now - longest:
        sent.popleft()
    wait = 0.0
    for quota in quotas:
        if len(sent) >= quota.requests:
            wait = max(wait, sent[-quota.requests] + quota.seconds - now)
    return wait


def _number(headers: Mapping[str, str], name: str) -> float | None:
    try:
        value = float(headers[name])
    except (KeyError, ValueError):
        return None
    return value if 0 <= value < 1e12 else None
