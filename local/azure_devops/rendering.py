"""Work items, revisions and updates as JSON."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.azure_devops.field_definitions import FIELDS, HTML
from local.azure_devops.identities import Identity
from local.azure_devops.organization import Organization
from local.azure_devops.times import FOR_EVER, timestamp
from local.azure_devops.work_items import ATTACHED_FILE, Comment, Relation, Revision, Update, WorkItem

RELATIONS = "relations"
FIELDS_EXPANDED = "fields"
LINKS = "links"
ALL = "all"


@dataclass(frozen=True)
class View:
    """How work items are shown: `base` is the organization's URL, `expand` as in `$expand`."""

    organization: Organization
    base: str
    expand: str = "none"
    only_fields: Collection[str] | None = None
    """Reference names that `fields=` requests; None shows all but details."""
    shows_formats: bool = False
    shows_links: bool = True

    def work_item(self, item: WorkItem, revision: Revision | None = None) -> dict[str, Any]:
        """The body of a work item, or of one of its revisions."""
        shown = revision or item.current
        value: dict[str, Any] = {"id": item.id, "rev": shown.rev, "fields": self._fields(shown)}
        if self.expand in (RELATIONS, ALL) and shown.relations:
            value["relations"] = [self.relation(relation, item) for relation in shown.relations]
        if self.shows_formats:
            formats = shown_formats(shown, value["fields"])
            if formats:
                value["multilineFieldsFormat"] = formats
        if shown.comment:
            value["commentVersionRef"] = self.comment_reference(item, shown.comment)
        if self.shows_links or self.expand in (LINKS, ALL):
            value["_links"] = self.links(item)
        url = self.url(item)
        value["url"] = url if revision is None or revision is item.current else f"{url}/revisions/{shown.rev}"
        return value

    def url(self, item: WorkItem) -> str:
        """The work item's REST address, with the project's GUID as the service returns it."""
        return f"{self.base}/{item.project.id}/_apis/wit/workItems/{item.id}"

    def page(self, item: WorkItem) -> str:
        """The page that a person opens."""
        return f"{self.base}/{item.project.id}/_workitems/edit/{item.id}"

    def relation(self, relation: Relation, owner: WorkItem) -> dict[str, Any]:
        """A relation of `owner`."""
        url = relation.url
        if relation.target is not None:
            target = self.organization.work_items.get(relation.target)
            project = (target or owner).project
            url = f"{self.base}/{project.id}/_apis/wit/workItems/{relation.target}"
        elif relation.rel == ATTACHED_FILE:
            url = f"{self.base}/{owner.project.id}/_apis/wit/attachments/{relation.url}"
        return {"rel": relation.rel, "url": url, "attributes": dict(relation.attributes)}

    def comment_reference(self, item: WorkItem, comment: Comment) -> dict[str, Any]:
        """`commentVersionRef` of a revision that carries `comment`."""
        url = f"{self.url(item)}/comments/{comment.id}/versions/1"
        return {"commentId": comment.id, "version": 1, "url": url}

    def links(self, item: WorkItem) -> dict[str, Any]:
        """`_links` of a work item."""
        url, project = self.url(item), f"{self.base}/{item.project.id}"
        kind = item.project.type_named(item.current.type_name)
        return {
            "self": {"href": url},
            "workItemUpdates": {"href": f"{url}/updates"},
            "workItemRevisions": {"href": f"{url}/revisions"},
            "workItemComments": {"href": f"{url}/comments"},
            "html": {"href": self.page(item)},
            "workItemType": {"href": f"{project}/_apis/wit/workItemTypes/{kind.name.replace(' ', '%20')}"},
            "fields": {"href": f"{project}/_apis/wit/fields"},
        }

    def update(self, item: WorkItem, update: Update) -> dict[str, Any]:
        """The body of an update."""
        following = next((known for known in item.updates if known.id == update.id + 1), None)
        value: dict[str, Any] = {
            "id": update.id,
            "workItemId": item.id,
            "rev": update.rev,
            "revisedBy": {
                **update.by.reference(self.base),
                "name": update.by.combined,
            },
            "revisedDate": timestamp(following.at) if following else FOR_EVER,
        }
        if update.fields:
            value["fields"] = {name: self._field_change(change) for name, change in update.fields.items()}
        relations = self.relation_changes(item, update)
        if relations:
            value["relations"] = relations
        value["url"] = f"{self.url(item)}/updates/{update.id}"
        return value

    def relation_changes(self, item: WorkItem, update: Update) -> dict[str, Any]:
        """`relations` of an update; empty if links did not change."""
        parts = {"added": update.added, "removed": update.removed, "updated": update.updated}
        return {name: [self.relation(known, item) for known in part] for name, part in parts.items() if part}

    def value(self, value: Any) -> Any:
        """A field's value as JSON."""
        if isinstance(value, Identity):
            return value.reference(self.base)
        return timestamp(value) if isinstance(value, datetime) else value

    def _field_change(self, change: Any) -> dict[str, Any]:
        shown = {"oldValue": change.old, "newValue": change.new}
        return {key: self.value(value) for key, value in shown.items() if value is not None}

    def _fields(self, revision: Revision) -> dict[str, Any]:
        shows_details = self.expand in (FIELDS_EXPANDED, ALL)
        shown = {}
        for name, value in revision.fields.items():
            if self.only_fields is not None:
                is_shown = name in self.only_fields
            else:
                is_shown = shows_details or not FIELDS[name.casefold()].is_detail
            if is_shown:
                shown[name] = self.value(value)
        return shown


def shown_formats(revision: Revision, fields: Collection[str]) -> dict[str, str]:
    """`multilineFieldsFormat`, in lower case as the service answers it."""
    return {
        name: revision.formats.get(name, "Html").casefold()
        for name in fields
        if FIELDS[name.casefold()].kind == HTML
    }
