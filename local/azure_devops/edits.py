"""An engineer's edits in the web portal. They are saved by the same code as those of the REST API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.azure_devops.identities import ENGINEER, Identity, find_member
from local.azure_devops.json_patch import invalid_document, read_document
from local.azure_devops.organization import Organization
from local.azure_devops.saving import Save
from local.azure_devops.tokens import Caller
from local.azure_devops.work_items import WorkItem


def engineer(name: Any = None) -> Caller:
    """The named member at work, Jamal Hartnett if there is no name. Raises 400 for an unknown one."""
    member: Identity | None = ENGINEER if name is None else find_member(str(name))
    if member is None:
        raise invalid_document(f"Nobody is named {name}.")
    return Caller(member, opens_every_area=True)


def edit(
    organization: Organization,
    work_item_id: int,
    fields: Mapping[str, Any],
    operations: list[Any],
    caller: Caller,
    base: str,
) -> WorkItem:
    """Set `fields` (None or "" clears) and apply further JSON Patch operations. Raises the service's refusals."""
    with organization.lock:
        item = organization.work_item(work_item_id)
        document = [
            {"op": "add", "path": f"/fields/{name}", "value": "" if value is None else value}
            for name, value in fields.items()
        ]
        save = Save(organization, caller)
        save.update(item, read_document(document + operations))
        save.commit(base)
        return item
