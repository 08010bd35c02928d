"""Splits a query that finds too much by time, because Azure DevOps refuses more than 20,000 work items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from shared.errors import RuleViolation

_TOO_MANY_MATCHES = "VS402337"
"""VS402337: the query returns more than 20,000 work items."""
_FIRST_WINDOW = timedelta(days=1)
_SHORTEST_WINDOW = timedelta(minutes=1)

Found = TypeVar("Found")


@dataclass(frozen=True)
class Window(Generic[Found]):
    """The result of a query from one moment to another. `until` is None in the last window, which ends now."""

    found: Found
    until: datetime | None


def in_windows(
    ask: Callable[[datetime, datetime | None], Found],
    since: datetime,
    is_too_much: Callable[[Found], bool] = lambda _: False,
) -> Iterator[Window[Found]]:
    """The results of `ask` from a moment until now, in as few windows as possible, oldest first.

    A window that Azure DevOps refuses, or that is too large for the caller, is halved, down to a minute.

    Raises:
        RuleViolation: more than 20,000 work items within a minute, or another refusal.
    """
    until: datetime | None = None
    while True:
        shorter = (until - since) / 2 if until else _FIRST_WINDOW
        may_shorten = shorter >= _SHORTEST_WINDOW
        try:
            found = ask(since, until)
        except RuleViolation as error:
            if error.evidence.get("azure_devops_code") != _TOO_MANY_MATCHES or not may_shorten:
                raise
            until = since + shorter
            continue
        if may_shorten and is_too_much(found):
            until = since + shorter
            continue
        yield Window(found, until)
        if until is None:
            return
        since, until = until, None
