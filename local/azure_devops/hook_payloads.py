"""The bodies of service hook notifications.

Shapes from captures that agree with each other: aspnet/AspNetWebHooks, tfsaggregator/aggregator-cli and
getsentry/sentry test data. The documented sample of `workitem.updated` shows another event's shape and is wrong.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from local.azure_devops.answers import new_guid
from local.azure_devops.changes import COMMENTED, DELETED, UPDATED, Change
from local.azure_devops.field_definitions import FIELDS
from local.azure_devops.identities import Identity
from local.azure_devops.organization import Organization
from local.azure_devops.rendering import View, shown_formats
from local.azure_devops.subscriptions import Subscription
from local.azure_devops.times import FOR_EVER, timestamp
from local.azure_devops.work_items import Revision

_VERBS = {
    "workitem.created": "created",
    "workitem.updated": "updated",
    "workitem.commented": "commented on",
    "workitem.deleted": "deleted",
    "workitem.restored": "restored",
}


class EventBody:
    """An event as the subscriptions that match it share it: same event id, own shape for each."""

    def __init__(self, organization: Organization, change: Change) -> None:
        self._organization = organization
        self._change = change
        self._view = View(organization, change.base)
        self._id = new_guid()
        moment = datetime.now(timezone.utc) + organization.clock_ahead
        self._created = moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "3Z"

    @property
    def work_item_id(self) -> int:
        """The work item that the event is about."""
        return self._change.item.id

    def envelope(self, subscription: Subscription, notification_id: int) -> dict[str, Any]:
        """The body that `subscription` gets."""
        inputs = subscription.consumer_inputs
        return {
            "subscriptionId": subscription.id,
            "notificationId": notification_id,
            "id": self._id,
            "eventType": self._change.event_type,
            "publisherId": "tfs",
            "message": _chosen(self._message(), inputs.get("messagesToSend", "")),
            "detailedMessage": _chosen(self._message(), inputs.get("detailedMessagesToSend", "")),
            "resource": self._resource(
                subscription.resource_version, inputs.get("resourceDetailsToSend", "")
            ),
            "resourceVersion": subscription.resource_version,
            "resourceContainers": self._containers(),
            "createdDate": self._created,
        }

    def _containers(self) -> dict[str, Any]:
        base = f"{self._change.base}/"
        organization, project = self._organization.id, self._change.item.project.id
        return {
            "collection": {"id": organization, "baseUrl": base},
            "account": {"id": organization, "baseUrl": base},
            "project": {"id": project, "baseUrl": base},
        }

    def _message(self) -> dict[str, str]:
        change = self._change
        name = f"{change.revision.type_name} #{change.item.id}"
        rest = f"({change.revision.title}) {_VERBS[change.event_type]} by {change.update.by.display_name}"
        if change.event_type == DELETED:
            return dict.fromkeys(("text", "html", "markdown"), f"{name} {rest}")
        page = self._view.page(change.item)
        return {
            "text": f"{name} {rest}\r\n({page})",
            "html": f'<a href="{page}">{name}</a> {rest}',
            "markdown": f"[{name}]({page}) {rest}",
        }

    def _resource(self, version: str, details: str) -> dict[str, Any] | None:
        if details == "none":
            return None
        full = self._update(version) if self._change.event_type == UPDATED else self._work_item(version)
        # "Key fields such as id and url" is all that is documented of the minimal form.
        return {"id": full["id"], "url": full["url"]} if details == "minimal" else full

    def _work_item(self, version: str) -> dict[str, Any]:
        change = self._change
        value = self._revision(version)
        if change.event_type == COMMENTED and change.revision.comment:
            value["commentVersionRef"] = self._view.comment_reference(change.item, change.revision.comment)
        if change.event_type == DELETED:
            url = f"{change.base}/{change.item.project.id}/_apis/wit/recyclebin/{change.item.id}"
            value["_links"] = {"self": {"href": url}}
            value["url"] = url
        return value

    def _update(self, version: str) -> dict[str, Any]:
        change, view = self._change, self._view
        url = view.url(change.item)
        value: dict[str, Any] = {
            "id": change.update.id,
            "workItemId": change.item.id,
            "rev": change.update.rev,
            "revisedBy": self._revised_by(version),
            "revisedDate": FOR_EVER,
        }
        if change.update.fields:
            value["fields"] = {
                name: {
                    key: self._delta(part)
                    for key, part in (("oldValue", delta.old), ("newValue", delta.new))
                    if part is not None
                }
                for name, delta in change.update.fields.items()
            }
        relations = view.relation_changes(change.item, change.update)
        if relations:
            value["relations"] = relations
        value["_links"] = {
            "self": {"href": f"{url}/updates/{change.update.id}"},
            "workItemUpdates": {"href": f"{url}/updates"},
            "parent": {"href": url},
            "html": {"href": view.page(change.item)},
        }
        value["url"] = f"{url}/updates/{change.update.id}"
        value["revision"] = {**self._revision(version), "url": f"{url}/revisions/{change.revision.rev}"}
        return value

    def _revision(self, version: str) -> dict[str, Any]:
        item, shown = self._change.item, self._change.revision
        fields = {
            name: self._value(value, version)
            for name, value in shown.fields.items()
            if not FIELDS[name.casefold()].is_detail
        }
        value: dict[str, Any] = {"id": item.id, "rev": shown.rev, "fields": fields}
        if shown.relations and version == "1.0":
            value["relations"] = [self._view.relation(relation, item) for relation in shown.relations]
        formats = _markdown_formats(shown, fields)
        if formats:
            value["multilineFieldsFormat"] = formats
        if shown.comment:
            value["commentVersionRef"] = self._view.comment_reference(item, shown.comment)
        value["_links"] = self._view.links(item)
        value["url"] = self._view.url(item)
        return value

    def _revised_by(self, version: str) -> dict[str, Any]:
        by = self._change.update.by
        value = {**by.reference(self._change.base), "name": by.combined}
        if version.startswith("3.1"):
            del value["_links"], value["descriptor"]
        return value

    def _delta(self, value: Any) -> Any:
        """Identities are text in the deltas at 1.0; in later versions unconfirmed, so text too."""
        return value.combined if isinstance(value, Identity) else self._view.value(value)

    def _value(self, value: Any, version: str) -> Any:
        if isinstance(value, datetime):
            return timestamp(value)
        if not isinstance(value, Identity):
            return value
        if version == "1.0":
            return value.combined
        reference = value.reference(self._change.base)
        if version.startswith("3.1"):
            combined = dict.fromkeys(("name", "displayName", "uniqueName"), value.combined)
            return {"id": value.id, **combined, "url": reference["url"], "imageUrl": reference["imageUrl"]}
        return {**reference, "name": value.combined}


def _markdown_formats(revision: Revision, fields: dict[str, Any]) -> dict[str, str]:
    formats = shown_formats(revision, fields)
    return formats if "markdown" in formats.values() else {}


def _chosen(message: dict[str, str], wanted: str) -> dict[str, str] | None:
    if wanted == "none":
        return None
    return {wanted: message[wanted]} if wanted in message else message
