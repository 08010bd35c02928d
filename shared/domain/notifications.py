"""Service-hook notifications: which work item is it about?

Nothing in a notification is believed but the work item's id and, to save a read, a revision that is old news already.
Shapes differ by resource version and detail level; the captures of independent receivers agree that `resource.id` of
`workitem.updated` is the number of the update and `resource.workItemId` the work item
(aspnet/AspNetWebHooks, getsentry/sentry and tfsaggregator/aggregator-cli, test data).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.work_item import work_item_id_of

WORK_ITEM_UPDATED = "workitem.updated"
_TEST_HOST = "fabrikam-fiber-inc.visualstudio.com"
_NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Notification:
    """A change of one work item. `revision` is None where the notification does not carry one."""

    work_item_id: int
    revision: int | None


@dataclass(frozen=True)
class UnnamedChange:
    """Some work item changed; the subscription sends no details, so it is not said which."""


@dataclass(frozen=True)
class Ignored:
    """A notification that needs no work, with a stable reason and words for the log."""

    reason: str
    message: str


def read_notification(body: Mapping[str, Any]) -> Notification | UnnamedChange | Ignored:
    """What the body of a service hook is about. Never raises: what is not understood is ignored with a reason."""
    event_type = body.get("eventType")
    if _is_test(body):
        return Ignored("test_notification", "Azure DevOps sent its test notification; the webhook URL works.")
    if not isinstance(event_type, str):
        return Ignored("unknown_shape", "The body is no service-hook notification: it has no eventType.")
    if event_type != WORK_ITEM_UPDATED:
        return Ignored("other_event", f"Only “Work item updated” is wanted, this is {event_type[:100]!r}.")
    if body.get("resource") is None:
        return UnnamedChange()
    resource = _object(body["resource"])
    revision = _object(resource.get("revision"))
    work_item_id = (
        _positive(resource.get("workItemId"))
        or _positive(revision.get("id"))
        or _id_in_url(revision.get("url"))
        or _id_in_url(resource.get("url"))
    )
    if work_item_id is None:
        return Ignored("unknown_shape", "The notification names no work item.")
    return Notification(work_item_id, _positive(resource.get("rev")) or _positive(revision.get("rev")))


def _is_test(body: Mapping[str, Any]) -> bool:
    """The canned sample that *Test* sends: work item 0, at the address of a made-up company, from no subscription."""
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
