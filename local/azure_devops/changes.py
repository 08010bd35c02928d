"""The events that a save publishes."""

from __future__ import annotations

from dataclasses import dataclass

from local.azure_devops.work_items import Revision, Update, WorkItem

CREATED = "workitem.created"
UPDATED = "workitem.updated"
COMMENTED = "workitem.commented"
DELETED = "workitem.deleted"
RESTORED = "workitem.restored"
EVENT_TYPES = (CREATED, UPDATED, COMMENTED, DELETED, RESTORED)


@dataclass(frozen=True)
class Change:
    """One event of a work item; `base` is the organization's URL as the change's author addressed it."""

    event_type: str
    item: WorkItem
    revision: Revision
    update: Update
    base: str
