"""The work items of an organization that carry markers of an integration, with or without a link."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from shared.clients.azure_devops import EVERY_PROJECT, AzureDevOps
from shared.domain.kind import Kind
from shared.domain.markers import marked_record, reference_in
from shared.domain.wiql import with_hyperlinks
from shared.domain.work_item import WorkItem
from shared.errors import RuleViolation

_TOO_MANY_MATCHES = "VS402337"
_LARGEST_ID = 2**31 - 1
_READ_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class MarkedWorkItem:
    """A work item that carries the marker of a record. `parent_id` is its parent's work item."""

    work_item_id: int
    kind: Kind
    aha_id: str
    reference: str
    parent_id: int | None = None

    @property
    def name(self) -> str:
        """The record as people know it."""
        return self.reference or self.aha_id


def marked_work_items(
    azure_devops: AzureDevOps, integration_id: str, progress: Callable[[str], None]
) -> Iterator[MarkedWorkItem]:
    """Every marker of the integration in the organization, by work item id.

    Azure DevOps cannot search for a marker, so all work items with a hyperlink are read, 200 in one request. Deleted
    work items, and those that the token's user cannot see, are not found.
    """
    read_count = 0
    for ids in _with_hyperlinks(azure_devops):
        for start in range(0, len(ids), _READ_AT_ONCE):
            chunk = ids[start : start + _READ_AT_ONCE]
            items = azure_devops.work_items(chunk)
            for number in sorted(items):
                yield from markers_of(items[number], integration_id)
            read_count += len(chunk)
            progress(f"{read_count:,} work items with hyperlinks read, the last one is {chunk[-1]}")


def markers_of(item: WorkItem, integration_id: str) -> list[MarkedWorkItem]:
    """The markers of an integration that a work item carries; one for each record."""
    found: dict[str, MarkedWorkItem] = {}
    for relation in item.relations:
        record = marked_record(relation.rel, relation.comment)
        if record is not None and record.integration_id == integration_id:
            marked_item = MarkedWorkItem(
                item.id, record.kind, record.aha_id, reference_in(relation.url), item.parent_id
            )
            found.setdefault(record.aha_id, marked_item)
    return list(found.values())


def _with_hyperlinks(azure_devops: AzureDevOps) -> Iterator[Sequence[int]]:
    """Ids in ascending order. A range with more matches than Azure DevOps answers with is halved."""
    first, width = 1, _LARGEST_ID
    while first <= _LARGEST_ID:
        end = min(first + width, _LARGEST_ID)
        try:
            found = azure_devops.query(EVERY_PROJECT, with_hyperlinks(first, end))
        except RuleViolation as error:
            if error.evidence.get("azure_devops_code") != _TOO_MANY_MATCHES or width == 1:
                raise
            width //= 2
            continue
        yield found.ids
        if end == _LARGEST_ID:
            return
        first, width = end, width * 2
