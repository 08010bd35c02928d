"""Report a record's second work item, which carries the record's marker although the link leads to another one."""

from __future__ import annotations

from shared import log_events
from shared.domain.work_item import WorkItem
from shared.errors import AlreadyLinked
from shared.operation import Operation


def log_second_work_item(
    operation: Operation, name: str, linked_id: int, linked_url: str, other: WorkItem
) -> None:
    """Log both work items and what to do, once in an operation. `name` is the record's reference."""
    linked = f"{linked_id} ({linked_url})" if linked_url else str(linked_id)
    operation.log.add_once(
        log_events.WORK_ITEM_SECOND,
        f"{name} is linked to work item {linked}, but work item {other.id} ({other.page_url}) also carries its marker. "
        "Azure DevOps carried out a create late, or somebody copied the work item or restored it from the recycle bin. "
        f"Changes of work item {other.id} do not reach Aha!. Copy what is needed into work item {linked_id}, then "
        f"delete work item {other.id}, or remove its hyperlink to Aha! to keep it.",
        code=AlreadyLinked.code,
        reference=name,
        work_item_id=linked_id,
        second_work_item_id=other.id,
        second_work_item_url=other.page_url,
    )
