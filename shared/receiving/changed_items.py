"""Which linked work items changed since a moment, whatever their type, area, project and editor are now.

The links name the work items, so other work items cost nothing: an integration with 10,000 links takes five queries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clients.azure_devops import EVERY_PROJECT, MOST_IDS_PER_READ, AzureDevOps, QueryResult
from shared.clients.query_windows import in_windows
from shared.concurrency import in_parallel
from shared.domain.late_links import LinkedItem, late_items
from shared.domain.wiql import MOST_IDS_PER_QUERY, changed_among, in_order_of_change

_QUERIES_AT_ONCE = 4
_CLOCK_MARGIN = timedelta(minutes=2)
"""A query may miss a change for a short time after the change, and a link may be stored while it runs."""
_NO_WORK_ITEM = (0,)
"""The id to query if there are no links: the answer has the time of Azure DevOps' clock."""


@dataclass(frozen=True)
class ChangedPage:
    """Ids in the order of their changes; see `shared.domain.backfill_progress.ProcessedPage` for the rest."""

    ids: Sequence[int]
    complete_to: datetime
    is_last: bool


def changed_items(azure_devops: AzureDevOps, linked: Sequence[int], since: datetime) -> Iterator[ChangedPage]:
    """The linked work items that changed, oldest change first, 200 at a time.

    Raises:
        Refused, Unavailable: Azure DevOps did not say what changed.
    """
    chunks = [
        linked[start : start + MOST_IDS_PER_QUERY] for start in range(0, len(linked), MOST_IDS_PER_QUERY)
    ] or [_NO_WORK_ITEM]

    def ask(start: datetime, until: datetime | None) -> list[QueryResult]:
        return in_parallel(
            lambda ids: azure_devops.query(EVERY_PROJECT, changed_among(ids, start, until)),
            chunks,
            _QUERIES_AT_ONCE,
        )

    for window in in_windows(ask, since, _is_too_much):
        indexed = min(result.as_of or since for result in window.found) - _CLOCK_MARGIN
        complete_to = indexed if window.until is None else min(window.until, indexed)
        ids, is_ordered = _in_order(azure_devops, window.found)
        starts = range(0, len(ids), MOST_IDS_PER_READ) or range(1)
        for start in starts:
            is_last = start == starts[-1]
            # Without an order, nothing is complete before the last page.
            complete = complete_to if is_ordered or is_last else since
            yield ChangedPage(ids[start : start + MOST_IDS_PER_READ], complete, is_last)


def late_pages(
    linked: Sequence[LinkedItem], since: datetime, last_run_ended: datetime
) -> Iterator[ChangedPage]:
    """The work items of late links, 200 at a time. They tell nothing about other changes since `since`."""
    ids = late_items(linked, last_run_ended)
    for start in range(0, len(ids), MOST_IDS_PER_READ):
        yield ChangedPage(ids[start : start + MOST_IDS_PER_READ], since, is_last=False)


def _is_too_much(results: Sequence[QueryResult]) -> bool:
    return sum(len(result.ids) for result in results) > MOST_IDS_PER_QUERY


def _in_order(azure_devops: AzureDevOps, results: Sequence[QueryResult]) -> tuple[Sequence[int], bool]:
    """The ids of several queries, and whether they are in the order of their changes."""
    found = [result.ids for result in results if result.ids]
    ids = [number for part in found for number in part]
    if len(found) < 2:
        return ids, True
    if len(ids) > MOST_IDS_PER_QUERY:
        return ids, False
    ordered = azure_devops.query(EVERY_PROJECT, in_order_of_change(ids)).ids
    # A work item that became unreadable in between is still requested.
    return [*ordered, *(number for number in ids if number not in ordered)], True
