"""Deleting work items to the recycle bin, restoring and destroying them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from local.azure_devops.changes import DELETED, RESTORED, UPDATED, Change
from local.azure_devops.link_types import LINK_TYPES
from local.azure_devops.organization import Organization
from local.azure_devops.permissions import check_may_save
from local.azure_devops.times import timestamp
from local.azure_devops.tokens import Caller
from local.azure_devops.work_items import PARENT, FieldChange, Relation, Update, WorkItem, missing_work_item


def delete(organization: Organization, item: WorkItem, caller: Caller, base: str) -> None:
    """Move the work item to the recycle bin. Linked work items no longer show the link."""
    _check_permission(item, caller)
    for relation in item.current.relations:
        _change_other_end(organization, item, relation, caller, base, adds=False)
    update = _next_revision(organization, item, caller)
    item.is_deleted = True
    organization.announce(Change(DELETED, item, item.current, update, base))


def restore(organization: Organization, work_item_id: int, caller: Caller, base: str) -> WorkItem:
    """Bring a work item back from the recycle bin with its links. Raises TF401232 (404) if it is not there."""
    item = deleted_item(organization, work_item_id)
    _check_permission(item, caller)
    item.is_deleted = False
    update = _next_revision(organization, item, caller)
    for relation in item.current.relations:
        _change_other_end(organization, item, relation, caller, base, adds=True)
    organization.announce(Change(RESTORED, item, item.current, update, base))
    return item


def destroy(organization: Organization, item: WorkItem, caller: Caller, base: str) -> None:
    """Delete the work item for good."""
    if not item.is_deleted:
        delete(organization, item, caller, base)
    del organization.work_items[item.id]


def deleted_item(organization: Organization, work_item_id: int) -> WorkItem:
    """A work item of the recycle bin. Raises TF401232 (404) if it is not there."""
    item = organization.work_items.get(work_item_id)
    if item is None or not item.is_deleted:
        raise missing_work_item(work_item_id)
    return item


def deleted_reference(item: WorkItem, base: str) -> dict[str, Any]:
    """The body that a DELETE and the recycle bin answer with."""
    return {
        "id": item.id,
        "type": item.current.type_name,
        "name": item.current.title,
        "project": item.project.name,
        "deletedDate": timestamp(item.current.fields["System.ChangedDate"]),
        "deletedBy": item.current.fields["System.ChangedBy"].combined,
        "code": 200,
        "url": f"{base}/_apis/wit/recyclebin/{item.id}",
    }


def _check_permission(item: WorkItem, caller: Caller) -> None:
    check_may_save(caller, item.project.areas.find_work_item_path(item.current.area_path))


def _next_revision(organization: Organization, item: WorkItem, caller: Caller) -> Update:
    before, moment = item.current, organization.now()
    changed = {
        "System.Rev": before.rev + 1,
        "System.ChangedDate": moment,
        "System.ChangedBy": caller.identity,
        "System.AuthorizedDate": moment,
        "System.AuthorizedAs": caller.identity,
        "System.Watermark": next(organization.watermarks),
    }
    kept = {name: value for name, value in before.fields.items() if name != "System.History"}
    item.revisions.append(replace(before, rev=before.rev + 1, fields=kept | changed, comment=None))
    fields = {
        name: FieldChange(before.fields.get(name), value)
        for name, value in changed.items()
        if before.fields.get(name) != value
    }
    update = Update(len(item.updates) + 1, item.current.rev, caller.identity, moment, fields)
    item.updates.append(update)
    return update


def _change_other_end(
    organization: Organization, item: WorkItem, relation: Relation, caller: Caller, base: str, *, adds: bool
) -> None:
    other = organization.work_items.get(relation.target) if relation.target else None
    if other is None or other.is_deleted:
        return
    opposite = LINK_TYPES[relation.rel.casefold()].opposite
    end = Relation(
        opposite, item.id, "", {**relation.attributes, "name": LINK_TYPES[opposite.casefold()].name}
    )
    before = other.current
    others = tuple(known for known in before.relations if known.key != end.key)
    if adds and opposite == PARENT and any(known.rel == PARENT for known in others):
        return  # It has got another parent in the meantime.
    fields = {name: value for name, value in before.fields.items() if name != "System.Parent"}
    parent = item.id if adds and opposite == PARENT else before.fields.get("System.Parent")
    if parent and not (opposite == PARENT and not adds):
        fields["System.Parent"] = parent
    revision = replace(before, fields=fields, relations=(*others, end) if adds else others)
    ends = {"added": (end,)} if adds else {"removed": (end,)}
    update = Update(len(other.updates) + 1, before.rev, caller.identity, organization.now(), {}, **ends)
    other.revisions[-1] = revision
    other.updates.append(update)
    organization.announce(Change(UPDATED, other, revision, update, base))
