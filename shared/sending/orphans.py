"""Work items that an earlier, interrupted send created: found by the marker that the create request carried."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.clients.azure_devops import AzureDevOps
from shared.domain.markers import Marker
from shared.domain.wiql import created_by_me_since
from shared.domain.work_item import WorkItem

_CLOCK_MARGIN = timedelta(minutes=5)
"""How far the clocks of Azure DevOps and of this app may be apart."""


def find_orphans(
    azure_devops: AzureDevOps,
    project: str,
    markers: Mapping[str, Marker],
    work_item_types: frozenset[str],
    since: datetime,
) -> dict[str, WorkItem]:
    """The work item of each record that was created since shortly before `since`, by record id.

    Two requests: the ids of what this identity created lately, then a read with relations; the marker decides. If there
    is more than one of a record, the oldest is taken.
    """
    ids = azure_devops.query(project, created_by_me_since(work_item_types, since - _CLOCK_MARGIN)).ids
    found: dict[str, WorkItem] = {}
    if not ids:
        return found
    items = sorted(azure_devops.work_items(ids).values(), key=lambda item: item.id)
    for record_id, marker in markers.items():
        match = next((item for item in items if marker.is_among(item.relations)), None)
        if match is not None:
            found[record_id] = match
    return found
