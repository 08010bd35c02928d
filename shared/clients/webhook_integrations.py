"""Which Integration webhooks a product of Aha! has, so that not every operation has to ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_REMEMBERED_SECONDS = 900.0
_NONE_REMEMBERED_SECONDS = 60.0
"""Short, because a person who reads that there is none adds one and sends again."""
_MOST_ENTRIES = 1000


class WebhookIntegrations:
    """The ids of Integration webhooks, by the account's address and the product. Usable from several threads.

    Ids are kept for 15 minutes; the fact that there is not exactly one is kept for a minute. At most 1000 products are
    kept; the oldest make room for new ones.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # The ids, and when to forget them, ordered by the time of the answer.
        self._known: dict[tuple[str, str], tuple[tuple[str, ...], float]] = {}

    def of(self, account_url: str, product_id: str) -> tuple[str, ...] | None:
        """The ids that are remembered; None if Aha! must be asked."""
        with self._lock:
            ids, forget_at = self._known.get(_key(account_url, product_id), ((), 0.0))
            return ids if forget_at > self._clock() else None

    def remember(self, account_url: str, product_id: str, ids: tuple[str, ...]) -> None:
        """Remember what Aha! said."""
        seconds = _REMEMBERED_SECONDS if len(ids) == 1 else _NONE_REMEMBERED_SECONDS
        with self._lock:
            self._known.pop(_key(account_url, product_id), None)
            self._known[_key(account_url, product_id)] = (ids, self._clock() + seconds)
            while len(self._known) > _MOST_ENTRIES:
                del self._known[next(iter(self._known))]

    def forget(self, account_url: str, product_id: str) -> None:
        """Ask Aha! again the next time: an integration may have been deleted."""
        with self._lock:
            self._known.pop(_key(account_url, product_id), None)


def _key(account_url: str, product_id: str) -> tuple[str, str]:
    return account_url.lower(), product_id.upper()
