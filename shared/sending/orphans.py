"""Work items that an interrupted send created: the marker that the create request carried finds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.clients.azure_devops import EVERY_PROJECT, AzureDevOps
from shared.clients.query_windows import in_windows
from shared.concurrency import in_parallel
from shared.domain.integration import Integration
from shared.domain.markers import Marker, marker_of
from shared.domain.records import Record
from shared.domain.wiql import created_between
from shared.domain.work_item import WorkItem

_CLOCK_MARGIN = timedelta(minutes=5)
"""How far the clocks of Azure DevOps and of this app may be apart."""
_MOST_READ_AT_ONCE = 1000
"""Five batch reads. If more was created, only work items with a hyperlink are read."""


@dataclass(frozen=True)
class Orphans:
    """The work item of each record, by record id, and further ones that carry the same marker."""

    items: dict[str, WorkItem] = field(default_factory=dict)
    others: dict[str, tuple[WorkItem, ...]] = field(default_factory=dict)


def find_orphans(
    azure_devops: AzureDevOps,
    integration: Integration,
    public_url: str,
    records: Sequence[Record],
    since: datetime,
) -> Orphans:
    """What was created for these records since shortly before `since`, whoever created it and whatever it is now.

    Two requests: the ids of what was created, then a read with relations, in which the marker decides. If a record has
    more than one work item, the oldest is taken. A work item that the token's user cannot see is not found.
    """
    markers = {record.id: marker_of(record, integration, public_url) for record in records}
    marked: dict[str, list[WorkItem]] = {record.id: [] for record in records}
    for ids in _created_since(azure_devops, since - _CLOCK_MARGIN):
        for item in azure_devops.work_items(ids).values():
            for record_id in _records_of(item, markers):
                marked[record_id].append(item)
        if all(marked.values()):
            break
    by_age = {key: sorted(items, key=lambda item: item.id) for key, items in marked.items() if items}
    return Orphans(
        {key: items[0] for key, items in by_age.items()},
        {key: tuple(items[1:]) for key, items in by_age.items() if len(items) > 1},
    )


def _records_of(item: WorkItem, markers: dict[str, Marker]) -> list[str]:
    return [record_id for record_id, marker in markers.items() if marker.is_among(item.relations)]


def _created_since(azure_devops: AzureDevOps, since: datetime) -> Iterator[Sequence[int]]:
    """The ids of what was created, at most 1,000 at a time, oldest first."""
    first = next(
        in_windows(
            lambda start, until: azure_devops.query(EVERY_PROJECT, created_between(start, until)), since
        )
    )
    if first.until is None and len(first.found.ids) <= _MOST_READ_AT_ONCE:
        if first.found.ids:
            yield first.found.ids
        return
    windows = in_windows(
        lambda start, until: azure_devops.query(
            EVERY_PROJECT, created_between(start, until, only_with_hyperlinks=True)
        ),
        since,
    )
    for window in windows:
        ids = window.found.ids
        for start in range(0, len(ids), _MOST_READ_AT_ONCE):
            yield ids[start : start + _MOST_READ_AT_ONCE]


def find_first_revisions(
    azure_devops: AzureDevOps,
    integration: Integration,
    public_url: str,
    records: Sequence[Record],
    since: datetime,
) -> dict[str, WorkItem]:
    """The same work items as they were created, before an engineer changed them."""
    found = find_orphans(azure_devops, integration, public_url, records, since).items
    return dict(
        zip(
            found,
            in_parallel(lambda item: first_revision(azure_devops, item), list(found.values())),
            strict=True,
        )
    )


def first_revision(azure_devops: AzureDevOps, item: WorkItem) -> WorkItem:
    """The work item as it was created."""
    return item if item.revision == 1 else azure_devops.revision(item.id, 1)
