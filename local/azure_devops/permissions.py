"""What a caller's user may do in an area."""

from __future__ import annotations

from local.azure_devops.answers import ServiceError, work_item_error
from local.azure_devops.areas import Node
from local.azure_devops.tokens import Caller


def check_may_save(caller: Caller, area: Node | None = None) -> None:
    """Raises TF237111 (403) unless the caller's user may save work items in `area`, or anywhere if that is None."""
    is_closed = area is not None and area.is_closed_to(caller.identity.id) and not caller.opens_every_area
    if is_closed or not caller.edits_work_items:
        raise _area_forbidden()


def _area_forbidden() -> ServiceError:
    """That the status is 403 is what several clients report."""
    return work_item_error(
        403,
        "TF237111: The current user does not have permissions to save work items under the specified area path.",
        "WorkItemTrackingUnauthorizedAccessException",
    )
