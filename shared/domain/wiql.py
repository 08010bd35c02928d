"""Queries in the Work Item Query Language.

https://learn.microsoft.com/azure/devops/boards/queries/wiql-syntax. The language has no parameters, so this module
quotes literals. Dates have a time, which needs `timePrecision=true`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone


def created_by_me_since(work_item_types: Iterable[str], since: datetime) -> str:
    """Work items that the token's user created, oldest first."""
    condition = f"[System.CreatedBy] = @Me AND [System.CreatedDate] >= {_moment(since)}"
    return f"{_select(work_item_types)} AND {condition} ORDER BY [System.Id]"


def changed_between(work_item_types: Iterable[str], since: datetime, until: datetime | None) -> str:
    """Work items that anybody changed, in the order of their changes."""
    condition = f"[System.ChangedDate] >= {_moment(since)}"
    if until is not None:
        condition += f" AND [System.ChangedDate] < {_moment(until)}"
    return f"{_select(work_item_types)} AND {condition} ORDER BY [System.ChangedDate]"


def _select(work_item_types: Iterable[str]) -> str:
    types = ", ".join(_text(name) for name in sorted(work_item_types))
    return f"SELECT [System.Id] FROM WorkItems WHERE [System.WorkItemType] IN ({types})"  # noqa: S608 see above


def _text(text: str) -> str:
    """A literal; quotation marks in it are doubled."""
    return "'" + text.replace("'", "''") + "'"


def _moment(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("'%Y-%m-%dT%H:%M:%SZ'")
