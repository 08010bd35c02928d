"""Work items that an interrupted send created: the marker that the create request carried finds them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.clients.azure_devops import AzureDevOps
from shared.concurrency import in_parallel
from shared.domain.integration import Integration
from shared.domain.markers import marker_of
from shared.domain.records import Record
from shared.domain.wiql import created_by_me_since
from shared.domain.work_item import WorkItem

_CLOCK_MARGIN = timedelta(minutes=5)
"""How far the clocks of Azure DevOps and of this app may be apart."""


def find_orphans(
    azure_devops: AzureDevOps,
    integration: Integration,
    public_url: str,
    records: Sequence[Record],
    since: datetime,
) -> dict[str, WorkItem]:
    """The work item of each record that was created since shortly before `since`, by record id.

    Two requests: the ids of what this identity created lately, then a read with relations, in which the marker decides.
    If a record has more than one, the oldest is taken.
    """
    types = frozenset(integration.mapping(record.kind).work_item_type for record in records)
    query = created_by_me_since(types, since - _CLOCK_MARGIN)
    ids = azure_devops.query(integration.azure_devops.project, query).ids
    if not ids:
        return {}
    items = sorted(azure_devops.work_items(ids).values(), key=lambda item: item.id)
    found: dict[str, WorkItem] = {}
    for record in records:
        marker = marker_of(record, integration, public_url)
        match = next((item for item in items if marker.is_among(item.relations)), None)
        if match is not None:
            found[record.id] = match
    return found


def find_first_revisions(
    azure_devops: AzureDevOps,
    integration: Integration,
    public_url: str,
    records: Sequence[Record],
    since: datetime,
) -> dict[str, WorkItem]:
    """The same work items as they were created, before an engineer changed them."""
    found = find_orphans(azure_devops, integration, public_url, records, since)
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
