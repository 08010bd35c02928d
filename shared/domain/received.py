"""The answer to a notification, decided from the delivery, the link, and the write to Aha!. No input or output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.domain.integration import Integration
from shared.domain.links import Field, Link, RecordError
from shared.domain.notifications import Ignored, Notification, NotificationWithoutDetails
from shared.domain.receive_plan import ReceivePlan
from shared.domain.written_to_aha import WrittenToAha
from shared.errors import NotFound, Refused, RuleViolation


@dataclass(frozen=True)
class Received:
    """The answer to a notification: `updated`, `unchanged` or `ignored`, and a stable code for the reason.

    `message` and `detail` are for the log. An update has no message, because it has its own log lines.
    """

    result: str
    reason: str | None = None
    message: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


UPDATED = Received("updated")
AnyNotification = Notification | NotificationWithoutDetails | Ignored


def answer_without_sync(
    notification: AnyNotification, integration: Integration, *, is_linked: bool
) -> Received | None:
    """The answer to a notification that needs no sync; None if it needs one.

    `is_linked`: the named work item has a link.
    """
    if isinstance(notification, Ignored):
        return _ignored(notification.reason, notification.message)
    if not integration.enabled:
        return _ignored("integration_disabled", "The integration is disabled.")
    if not integration.receives:
        return _ignored("aha_not_configured", "No Aha! address and token are configured.")
    if isinstance(notification, Notification) and not is_linked:
        return not_linked(notification.work_item_id)
    return None


def unlinked_work_item(
    notification: AnyNotification, integration: Integration, *, is_linked: bool
) -> Notification | None:
    """The unlinked work item of a notification, which may be a record's second one; None if there is none."""
    if isinstance(notification, Ignored):
        return notification.work_item if integration.enabled else None
    if isinstance(notification, NotificationWithoutDetails) or is_linked:
        return None
    return notification if integration.enabled and integration.receives else None


def not_linked(work_item_id: int) -> Received:
    """The answer for a work item without a link."""
    return _ignored(
        "work_item_not_linked",
        f"This integration did not send work item {work_item_id}.",
        {"work_item_id": work_item_id},
    )


def answer_by_link(link: Link, revision: int | None) -> Received | None:
    """The answer to a notification of a revision, if the link alone shows that neither side must be read."""
    if revision is None:
        return None
    if link.is_agreed(revision):
        return _unchanged(link, "already_agreed")
    return _not_taken(link) if link.is_refused(revision) else None


def answer_by_revision(link: Link, revision: int) -> Received | None:
    """The answer for a work item at a revision that Aha! refused before; None for any other revision."""
    return _not_taken(link) if link.is_refused(revision) else None


def absent_work_item(link: Link, *, is_deleted: bool) -> Received:
    """The answer for a work item that cannot be read. `is_deleted`: it is in the project's recycle bin."""
    if is_deleted:
        return _ignored(
            "work_item_gone",
            f"Work item {link.work_item_id} of {link.reference_or_id} was deleted. The next send of the record creates "
            "a new one, unless somebody restores it first.",
            named(link),
        )
    return _ignored(
        "work_item_out_of_sight",
        f"Work item {link.work_item_id} cannot be read, so its changes do not reach Aha!.",
        named(link),
    )


def absent_record(link: Link, error: NotFound) -> Received:
    """The answer for a record that Aha! does not show."""
    return _ignored("aha_record_gone", error.detail, named(link))


def refused_record(link: Link) -> Received:
    """The answer for a record that Aha! does not let this token read."""
    return _not_taken(link)


def answer_after_write(
    link: Link, plan: ReceivePlan, written: WrittenToAha, *, has_written: bool
) -> Received:
    """The answer once both sides were compared. `has_written`: this notification has changed Aha!, now or before."""
    if has_written:
        return UPDATED
    if written.not_taken and not _only_status_refused(written):
        return _not_taken(link)
    if written.not_taken:
        return _unchanged(link, "status_refused")
    return _unchanged(link, "state_not_mapped" if plan.unmapped_state else "already_agreed")


def answer_after_backfill(updated: int) -> Received:
    """The answer to a notification without details, once all recent changes were synced."""
    return UPDATED if updated else Received("unchanged", "already_agreed")


def link_to_store(
    stored: Link, new_link: Link, error: Refused | None, now: datetime, operation_id: str
) -> Link | None:
    """The link after a notification; None if the stored link does not change.

    `error`: why Aha! did not take a field, None if it refused none.
    """
    if new_link == stored:
        return None
    noted = _with_error(new_link, error, now, operation_id) if error is not None else new_link
    return replace(noted, received_at=now)


def refused_link(link: Link, revision: int, error: Refused, now: datetime, operation_id: str) -> Link:
    """The link of a record that Aha! does not let this token read, so that nothing waits for the revision."""
    return _with_error(replace(link, refused_revision=revision), error, now, operation_id)


def named(link: Link) -> dict[str, Any]:
    """The work item and the record of a link, for the log."""
    return {"work_item_id": link.work_item_id, "reference": link.reference_or_id}


def _with_error(link: Link, error: Refused, now: datetime, operation_id: str) -> Link:
    return replace(link, last_error=RecordError(now, error.code, error.detail, operation_id))


def _only_status_refused(written: WrittenToAha) -> bool:
    error = written.refused.get(Field.STATE)
    return written.not_taken == {Field.STATE} and isinstance(error, RuleViolation)


def _not_taken(link: Link) -> Received:
    return _ignored(
        "aha_refused",
        f"Aha! does not accept the changes of work item {link.work_item_id}. Its next change tries them again.",
        named(link),
    )


def _unchanged(link: Link, reason: str) -> Received:
    return Received("unchanged", reason, "No synced field changed.", named(link))


def _ignored(reason: str, message: str, detail: Mapping[str, Any] | None = None) -> Received:
    return Received("ignored", reason, message, detail or {})
