"""Queries in the Work Item Query Language.

https://learn.microsoft.com/azure/devops/boards/queries/wiql-syntax. Dates have a time, which needs
`timePrecision=true`. A query may have 32,000 characters. No query names a type, an area, a project or a person: these
can change after a work item was created, in Azure DevOps and in the integration.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone

MOST_IDS_PER_QUERY = 2000
"""An id has at most ten digits, so these fit into 32,000 characters."""


def created_between(since: datetime, until: datetime | None, *, only_with_hyperlinks: bool = False) -> str:
    """Work items that anybody created, oldest first."""
    conditions = _between("System.CreatedDate", since, until)
    if only_with_hyperlinks:
        conditions = f"{conditions} AND [System.HyperLinkCount] > 0"
    return f"{_SELECT} {conditions} ORDER BY [System.Id]"


def with_hyperlinks(first: int, end: int) -> str:
    """Work items that have a hyperlink and an id from `first` up to but not including `end`, oldest first."""
    among = f"[System.Id] >= {first} AND [System.Id] < {end}"
    return f"{_SELECT} {among} AND [System.HyperLinkCount] > 0 ORDER BY [System.Id]"


def changed_among(ids: Iterable[int], since: datetime, until: datetime | None) -> str:
    """The given work items that anybody changed, in the order of their changes."""
    return f"{_SELECT} {_among(ids)} AND {_between('System.ChangedDate', since, until)} {_BY_CHANGE}"


def in_order_of_change(ids: Iterable[int]) -> str:
    """The given work items, in the order of their last changes."""
    return f"{_SELECT} {_among(ids)} {_BY_CHANGE}"


_SELECT = "SELECT [System.Id] FROM WorkItems WHERE"
_BY_CHANGE = "ORDER BY [System.ChangedDate]"


def _among(ids: Iterable[int]) -> str:
    return f"[System.Id] IN ({', '.join(str(number) for number in ids)})"


def _between(field: str, since: datetime, until: datetime | None) -> str:
    condition = f"[{field}] >= {_moment(since)}"
    return condition if until is None else f"{condition} AND [{field}] < {_moment(until)}"


def _moment(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("'%Y-%m-%dT%H:%M:%SZ'")
