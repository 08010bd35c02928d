"""How fast an account may be called: the app slows down on an account's request, and before the account refuses one."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from shared.domain.retry import retry_after_seconds

_LOW = 0.1
"""When less than this part of an allowance is left, the rest is spread over the time until it is renewed."""

_LONGEST_SPREAD_SECONDS = 5.0
_LONGEST_DELAY_SECONDS = 30.0
"""The longest wait that a successful answer may ask for. Azure DevOps delays a request by at most this
(https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits).
"""

_REMEMBERED_SECONDS = 900.0
_MOST_ACCOUNTS = 1000


@dataclass(frozen=True)
class Quota:
    """At most `requests` within any `seconds`."""

    requests: int
    seconds: float


@dataclass
class _Account:
    """The state of one account. Times are of the monotonic clock.

    `is_limiting`: an answer named a limit. `sent`: when requests were sent since then.
    """

    not_before: float = 0.0
    is_limiting: bool = False
    last_used: float = 0.0
    sent: deque[float] = field(default_factory=deque)


class RateLimits:
    """The rate limits of all accounts that the process calls. Usable from several threads.

    Azure DevOps sends Retry-After also with answers that refuse nothing, and X-RateLimit-* before it delays requests
    (https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits). Aha! sends X-Ratelimit-* with every
    answer (https://www.aha.io/api).

    An account is stored after its first answer about limits, and forgotten after 15 minutes without a call. At most
    1000 accounts are kept.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        # The account that was called last comes last.
        self._accounts: dict[str, _Account] = {}

    def wait(self, account: str, quotas: tuple[Quota, ...] = ()) -> float:
        """Seconds to wait before the account may be called. 0 means now, and counts the request.

        Quotas hold only for an account that has named a limit in an answer.
        """
        with self._lock:
            known = self._accounts.get(account)
            if known is None:
                return 0.0
            now = self._clock()
            wait = max(0.0, known.not_before - now)
            if known.is_limiting and quotas:
                wait = max(wait, _until_free(known.sent, quotas, now))
                if not wait:
                    known.sent.append(now)
            return wait

    def observe(self, account: str, headers: Mapping[str, str], *, is_success: bool = False) -> float | None:
        """Store what an answer says about limits. Header names are in lower case.

        The wait is capped at 30 seconds after a success, and at LONGEST_WAIT after a failure. Returns the seconds that
        Retry-After asks for, None where the answer has no such header.
        """
        asked = retry_after_seconds(headers, datetime.fromtimestamp(self._wall_clock(), timezone.utc))
        if asked is not None and is_success:
            asked = min(asked, _LONGEST_DELAY_SECONDS)
        pause = max(asked or 0.0, self._spread(headers))
        names_limit = "x-ratelimit-limit" in headers
        with self._lock:
            known = self._accounts.pop(account, None)
            if known is None and not (pause or names_limit):
                return asked
            known = known or _Account()
            known.last_used = now = self._clock()
            known.is_limiting = known.is_limiting or names_limit
            known.not_before = max(known.not_before, now + pause)
            self._accounts[account] = known
            self._forget_idle(now)
        return asked

    def __len__(self) -> int:
        """How many accounts are known."""
        return len(self._accounts)

    def _spread(self, headers: Mapping[str, str]) -> float:
        """The pause that makes the rest of an allowance last until it is renewed; 0 while enough is left."""
        limit, remaining = _number(headers, "x-ratelimit-limit"), _number(headers, "x-ratelimit-remaining")
        reset = _number(headers, "x-ratelimit-reset")
        if limit is None or remaining is None or reset is None or remaining > limit * _LOW:
            return 0.0
        left = max(0.0, reset - self._wall_clock())
        return min(_LONGEST_SPREAD_SECONDS, left / max(remaining, 1.0))

    def _forget_idle(self, now: float) -> None:
        while len(self._accounts) > 1:
            name, longest_idle = next(iter(self._accounts.items()))
            is_idle = longest_idle.last_used < now - _REMEMBERED_SECONDS
            if not is_idle and len(self._accounts) <= _MOST_ACCOUNTS:
                return
            del self._accounts[name]


def _until_free(sent: deque[float], quotas: tuple[Quota, ...], now: float) -> float:
    """Seconds until one more request is within all quotas. Removes times that no quota counts any more."""
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
