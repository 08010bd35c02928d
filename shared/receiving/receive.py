"""Receives the notifications of the service hook “Work item updated”."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.app import App
from shared.concurrency import Threads
from shared.domain.integration import Integration, StoredIntegration
from shared.domain.notifications import Notification, read_notification
from shared.domain.received import (
    AnyNotification,
    Received,
    answer_after_backfill,
    answer_without_sync,
    unlinked_work_item,
)
from shared.errors import IntegrationNotFound
from shared.operation import Operation
from shared.receiving.backfill import backfill
from shared.receiving.inbound_sync import InboundSync, answer
from shared.receiving.marked_items import report_second_work_item
from shared.storage.integrations import DeletedIntegration
from shared.storage.links import StoredLink

_LOOKS_BACK = timedelta(minutes=15)
"""How far back a notification without details looks; Azure DevOps redelivers for up to three minutes."""


class WebhookGone(IntegrationNotFound):
    """The webhook URL belongs to a deleted integration."""


@dataclass(frozen=True)
class Delivery:
    """An authenticated call of a webhook.

    `stored` is the link of the work item, if the body names a linked one; `link_failure` says why it was not read.
    """

    integration: StoredIntegration
    notification: AnyNotification
    stored: StoredLink | None
    link_failure: Exception | None = None


def open_delivery(app: App, integration_id: str, token: str, body: Any) -> Delivery:
    """Authenticate a call, and read the link of its work item at the same time.

    `body` is the body as JSON; one that is not an object names no work item.

    Raises:
        WebhookGone: the URL is right, but the integration was deleted.
        IntegrationNotFound: the token is wrong, whether or not there is such an integration.
    """
    notification = read_notification(body if isinstance(body, dict) else {})
    if not isinstance(notification, Notification):
        return Delivery(_authenticate(app, integration_id, token), notification, None)
    with Threads(1, "link") as thread:
        reading = thread.submit(app.links.by_work_item, integration_id, notification.work_item_id)
        integration = _authenticate(app, integration_id, token)
        # The failure is raised by `receive`, whose failures are in the integration's log.
        failure = reading.exception()
        if isinstance(failure, Exception):
            return Delivery(integration, notification, None, failure)
        return Delivery(integration, notification, reading.result())


def _authenticate(app: App, integration_id: str, token: str) -> StoredIntegration:
    found = app.integrations.find(integration_id)
    generation = found.webhook_generation if found else ""
    return authenticated(found, is_right=app.vault.is_webhook_token(token, integration_id, generation))


def authenticated(
    found: StoredIntegration | DeletedIntegration | None, *, is_right: bool
) -> StoredIntegration:
    """The integration that a call with a token is for. `is_right`: the token is that of the webhook URL.

    Raises:
        WebhookGone, IntegrationNotFound: as `open_delivery`.
    """
    if not is_right or found is None:
        raise IntegrationNotFound("This webhook URL is not valid. Copy it again from the integration.")
    if isinstance(found, DeletedIntegration):
        raise WebhookGone("The integration of this webhook URL was deleted.")
    return found


def receive(app: App, operation: Operation, delivery: Delivery) -> Received:
    """Sync the work item that a notification is about to its Aha! record, as it is now.

    Raises:
        Unavailable, Refused: it could not be done now; the notification should be delivered again.
    """
    notification, integration = delivery.notification, delivery.integration.integration
    if isinstance(notification, Notification):
        link = delivery.stored.link if delivery.stored else None
        operation.log.name_subject(
            reference=link and link.reference_or_id, work_item_id=notification.work_item_id
        )
    if delivery.link_failure is not None:
        raise delivery.link_failure
    is_linked = delivery.stored is not None
    unlinked = unlinked_work_item(notification, integration, is_linked=is_linked)
    if unlinked is not None:
        report_second_work_item(app, operation, integration, unlinked.work_item_id, unlinked.hyperlinks)
    known = answer_without_sync(notification, integration, is_linked=is_linked)
    if known is not None:
        return answer(operation, known)
    if isinstance(notification, Notification):
        return InboundSync(app, operation, integration).sync(notification, delivery.stored)
    return _receive_without_details(app, operation, integration)


def _receive_without_details(app: App, operation: Operation, integration: Integration) -> Received:
    """Sync every work item that changed recently."""
    done = backfill(app, operation, integration, app.clock.now() - _LOOKS_BACK)
    if done.error is not None:
        raise done.error
    return answer_after_backfill(done.updated)
