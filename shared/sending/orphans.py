"""Finds the work items of interrupted sends by the marker in the create request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clients.azure_devops import EVERY_PROJECT, AzureDevOps
from shared.clients.query_windows import in_windows
from shared.concurrency import in_parallel
from shared.domain.integration import Integration
from shared.domain.markers import Marker, marker_of
from shared.domain.records import Record
from shared.domain.wiql import created_between
from shared.domain.work_item import WorkItem
from shared.errors import OperationFailed
from shared.isolation import isolated, of_record
from shared.operation import Operation
from shared.second_work_item import log_second_work_item
from shared.sending.record_state import name_of

_CLOCK_MARGIN = timedelta(minutes=5)
"""How far the clocks of Azure DevOps and of this app may be apart."""
_MOST_READ_AT_ONCE = 1000
"""Five batch reads. If more was created, only work items with a hyperlink are read."""


@dataclass(frozen=True)
class SearchContext:
    """The client, integration and operation of a search for orphans."""

    azure_devops: AzureDevOps
    integration: Integration
    public_url: str
    operation: Operation


@dataclass(frozen=True)
class Orphan:
    """A work item that an interrupted send created: as it is now, and as it was created."""

    present: WorkItem
    first: WorkItem


def find_orphans(
    context: SearchContext, records: Sequence[Record], since: datetime
) -> dict[str, Orphan | OperationFailed]:
    """The work items created for these records since shortly before `since`, by record id.

    It does not matter who created them and what they are now. If a record has several work items, it gets the oldest,
    and the log names the others. A work item that the token's user cannot see is not found. An error stops only its
    record.
    """
    mark = isolated(
        lambda record: marker_of(record, context.integration, context.public_url), context.operation, name_of
    )
    by_id = {record.id: record for record in records}
    marks = {record.id: mark(record) for record in records}
    stopped: dict[str, Orphan | OperationFailed] = {
        key: error for key, error in marks.items() if isinstance(error, OperationFailed)
    }
    markers = {key: marker for key, marker in marks.items() if isinstance(marker, Marker)}
    found = _marked_since(context.azure_devops, markers, since)
    for key, (oldest, *others) in found.items():
        for other in others:
            name = by_id[key].reference or key
            log_second_work_item(context.operation, name, oldest.id, oldest.page_url, other)

    def read(record_id: str) -> Orphan:
        oldest = found[record_id][0]
        return Orphan(oldest, first_revision(context.azure_devops, oldest))

    attempt = isolated(read, context.operation, lambda record_id: name_of(by_id[record_id]))
    orphans = zip(found, in_parallel(attempt, list(found)), strict=True)
    return stopped | {key: of_record(orphan) for key, orphan in orphans}


def find_first_revisions(
    context: SearchContext, records: Sequence[Record], since: datetime
) -> dict[str, WorkItem]:
    """The same work items as they were created, before an engineer changed them.

    Raises:
        OperationFailed: it is not known what was created for one of the records.
    """
    revisions: dict[str, WorkItem] = {}
    for key, orphan in find_orphans(context, records, since).items():
        if isinstance(orphan, OperationFailed):
            raise orphan
        revisions[key] = orphan.first
    return revisions


def first_revision(azure_devops: AzureDevOps, item: WorkItem) -> WorkItem:
    """The work item as it was created."""
    return item if item.revision == 1 else azure_devops.revision(item.id, 1)


def _marked_since(
    azure_devops: AzureDevOps, markers: Mapping[str, Marker], since: datetime
) -> dict[str, list[WorkItem]]:
    """The work items that carry each marker, oldest first, for the records that have any.

    Two requests: the ids of what was created, then a read with relations, in which the marker decides.
    """
    if not markers:
        return {}
    marked: dict[str, list[WorkItem]] = {record_id: [] for record_id in markers}
    for ids in _created_since(azure_devops, since - _CLOCK_MARGIN):
        for item in azure_devops.work_items(ids).values():
            for record_id in _records_of(item, markers):
                marked[record_id].append(item)
        if all(marked.values()):
            break
    return {key: sorted(items, key=lambda item: item.id) for key, items in marked.items() if items}


def _records_of(item: WorkItem, markers: Mapping[str, Marker]) -> list[str]:
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
