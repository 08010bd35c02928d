"""The errors about a work item that cannot be read. No input or output.

Azure DevOps gives the same answer for a deleted work item and for one that the token's user cannot see (TF401232, or
null in a batch read). Only the project's recycle bin proves that it was deleted; `shared.clients.recycle_bin` reads it.
"""

from __future__ import annotations

from shared.domain.links import Link
from shared.errors import Defect, NotFound, OperationFailed, System

_GRANT = (
    "Ask an administrator to give the token's user access to its project and “View work items in this node” on its "
    "area."
)


def out_of_sight(link: Link, project: str) -> NotFound:
    """The error of a record whose work item cannot be read and is not in the recycle bin."""
    name = link.reference_or_id
    url = f" ({link.work_item_url})" if link.work_item_url else ""
    detail = (
        f"Work item {link.work_item_id}{url} of {name} cannot be read, and the recycle bin of project “{project}” does "
        "not have it. It was moved to an area or project that the token's user cannot see, or it was deleted for good. "
        f"{_what_to_do(name)}"
    )
    return _error(link.work_item_id, detail)


def named_out_of_sight(name: str, work_item_id: int, project: str) -> NotFound:
    """The same for a record's earlier work item, which has no link any more."""
    detail = (
        f"{name} had work item {work_item_id}, which was deleted. The recycle bin of project “{project}” no longer has "
        "it, and it cannot be read: it was restored and moved out of the token's sight, or it was deleted for good. "
        f"{_what_to_do(name)}"
    )
    return _error(work_item_id, detail)


def below_failed_feature(name: str, error: OperationFailed) -> OperationFailed:
    """The error of a requirement whose parent work item cannot be used.

    The requirement has the same error as its feature.
    """
    detail = f"{name} cannot be put below its feature's work item. {error.detail}"
    if isinstance(error, NotFound):
        return NotFound(System.AZURE_DEVOPS, detail, evidence=error.evidence)
    return Defect(detail, evidence=error.evidence) if isinstance(error, Defect) else error


def _what_to_do(name: str) -> str:
    return (
        f"No second work item is created. {_GRANT} If the work item no longer exists, unlink {name}; the next send "
        "creates a new one."
    )


def _error(work_item_id: int, detail: str) -> NotFound:
    return NotFound(System.AZURE_DEVOPS, detail, evidence={"work_item_id": work_item_id})
