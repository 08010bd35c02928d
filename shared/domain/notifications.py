"""Read which work item a service hook notification is about.

The app uses only the work item's id and the revision. The revision saves a read if the app already knows that revision
or a later one. The shape depends on the resource version and the detail level. In `workitem.updated`, `resource.id` is
the number of the update and `resource.workItemId` is the work item (test data of aspnet/AspNetWebHooks,
getsentry/sentry and tfsaggregator/aggregator-cli).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.work_item_urls import work_item_id_of

WORK_ITEM_UPDATED = "workitem.updated"
_NEW_WORK_ITEM = ("workitem.created", "workitem.restored")
_HYPERLINK = "Hyperlink"
_TEST_HOST = "fabrikam-fiber-inc.visualstudio.com"
_NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Notification:
    """A change of one work item. `revision` is None if the notification has none.

    `hyperlinks`: the comments of the hyperlinks that the notification shows. One of them may be a marker.
    """

    work_item_id: int
    revision: int | None
    hyperlinks: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotificationWithoutDetails:
    """A change of an unknown work item: the subscription is set to send no resource details."""


@dataclass(frozen=True)
class Ignored:
    """A notification that is ignored: `reason` is a stable code for the answer, `message` a sentence for the log.

    `work_item`: the new or restored work item, if it shows hyperlinks.
    """

    reason: str
    message: str
    work_item: Notification | None = None


def read_notification(body: Mapping[str, Any]) -> Notification | NotificationWithoutDetails | Ignored:
    """Read the body of a service hook request. Never raises: a body of an unknown shape is ignored with a reason."""
    event_type = body.get("eventType")
    if _is_test(body):
        return Ignored("test_notification", "Azure DevOps sent its test notification. The webhook URL works.")
    if not isinstance(event_type, str):
        return Ignored("unknown_shape", "The body is not a service hook notification: it has no eventType.")
    if event_type != WORK_ITEM_UPDATED:
        return Ignored(
            "other_event",
            f"The app uses only “Work item updated” events. This one is {event_type[:100]!r}.",
            _new_work_item(_object(body.get("resource"))) if event_type in _NEW_WORK_ITEM else None,
        )
    if body.get("resource") is None:
        return NotificationWithoutDetails()
    resource = _object(body["resource"])
    revision = _object(resource.get("revision"))
    work_item_id = (
        _positive(resource.get("workItemId"))
        or _positive(revision.get("id"))
        or _id_in_url(revision.get("url"))
        or _id_in_url(resource.get("url"))
    )
    if work_item_id is None:
        return Ignored("unknown_shape", "The notification does not contain the id of a work item.")
    return Notification(
        work_item_id,
        _positive(resource.get("rev")) or _positive(revision.get("rev")),
        _hyperlinks(revision.get("relations")),
    )


def _new_work_item(resource: Mapping[str, Any]) -> Notification | None:
    """The work item of a created or restored event; None if it shows no hyperlink."""
    work_item_id, hyperlinks = _positive(resource.get("id")), _hyperlinks(resource.get("relations"))
    return Notification(work_item_id, None, hyperlinks) if work_item_id and hyperlinks else None


def _hyperlinks(relations: Any) -> tuple[str, ...]:
    listed = [_object(item) for item in relations] if isinstance(relations, list) else []
    comments = (
        _object(item.get("attributes")).get("comment") for item in listed if item.get("rel") == _HYPERLINK
    )
    return tuple(comment for comment in comments if isinstance(comment, str))


def _is_test(body: Mapping[str, Any]) -> bool:
    """Whether this is the sample that the *Test* button sends.

    Its work item is 0, its URLs are those of a fictional company, and its subscription id is all zeros.
    """
    resource = _object(body.get("resource"))
    addresses = (resource.get("url"), _object(resource.get("revision")).get("url"))
    if any(isinstance(url, str) and _TEST_HOST in url for url in addresses):
        return True
    if "workItemId" in resource:
        return bool(resource["workItemId"] == 0)
    return body.get("subscriptionId") == _NO_SUBSCRIPTION


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _positive(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31 else None


def _id_in_url(value: Any) -> int | None:
    return _positive(work_item_id_of(value)) if isinstance(value, str) else None
