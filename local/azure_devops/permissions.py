"""What a caller's user may do in an area."""

from __future__ import annotations

from local.azure_devops.answers import ServiceError, work_item_error
from local.azure_devops.areas import Node
from local.azure_devops.tokens import Caller
from local.azure_devops.work_items import WorkItem, missing_work_item


def check_may_save(caller: Caller, area: Node | None = None) -> None:
    """Raises TF237111 (403) unless the caller's user may save work items in `area`, or anywhere if that is None."""
    is_closed = area is not None and area.is_closed_to(caller.identity.id) and not caller.opens_every_area
    if is_closed or not caller.edits_work_items:
        raise _area_forbidden()


def may_read(caller: Caller, item: WorkItem) -> bool:
    """Whether the caller's user may see a work item, deleted ones included."""
    area = item.project.areas.find_work_item_path(item.current.area_path)
    return area is None or caller.opens_every_area or not area.is_hidden_from(caller.identity.id)


def check_may_read(caller: Caller, item: WorkItem) -> WorkItem:
    """The work item itself. Raises TF401232 (404) if the caller's user may not see it."""
    if not may_read(caller, item):
        raise missing_work_item(item.id)
    return item


def _area_forbidden() -> ServiceError:
    """Several clients report the status 403."""
    return work_item_error(
        403,
        "TF237111: The current user does not have permissions to save work items under the specified area path.",
        "WorkItemTrackingUnauthorizedAccessException",
    )
