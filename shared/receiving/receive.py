"""What the service hook “Work item updated” calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.app import App
from shared.concurrency import Threads
from shared.domain.integration import Integration, StoredIntegration
from shared.domain.notifications import Ignored, Notification, NotificationWithoutDetails, read_notification
from shared.errors import IntegrationNotFound
from shared.operation import Operation
from shared.receiving.backfill import backfill
from shared.receiving.inbound_sync import InboundSync, Received, ignore
from shared.receiving.marked_items import report_second_work_item
from shared.storage.integrations import DeletedIntegration
from shared.storage.links import StoredLink

_LOOKS_BACK = timedelta(minutes=15)
"""How far back a notification without details looks; Azure DevOps redelivers for up to three minutes."""


class WebhookGone(IntegrationNotFound):
    """The webhook URL was right once; its integration was deleted."""


@dataclass(frozen=True)
class Delivery:
    """An authenticated call of a webhook.

    `stored` is the link of the work item, if the body names a linked one; `link_failure` says why it was not read.
    """

    integration: StoredIntegration
    notification: Notification | NotificationWithoutDetails | Ignored
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
    with Threads(1, "link") as beside:
        reading = beside.submit(app.links.by_work_item, integration_id, notification.work_item_id)
        integration = _authenticate(app, integration_id, token)
        # The failure is raised by `receive`, whose failures are in the integration's log.
        failure = reading.exception()
        if isinstance(failure, Exception):
            return Delivery(integration, notification, None, failure)
        return Delivery(integration, notification, reading.result())


def _authenticate(app: App, integration_id: str, token: str) -> StoredIntegration:
    found = app.integrations.find(integration_id)
    generation = found.webhook_generation if found else ""
    is_right = app.vault.is_webhook_token(token, integration_id, generation)
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
            reference=link and (link.reference or link.aha_id), work_item_id=notification.work_item_id
        )
    if delivery.link_failure is not None:
        raise delivery.link_failure
    if isinstance(notification, Ignored):
        about = notification.work_item
        if about is not None and integration.enabled:
            report_second_work_item(app, operation, integration, about.work_item_id, about.hyperlinks)
        return ignore(operation, notification.reason, notification.message)
    if not integration.enabled:
        return ignore(operation, "integration_disabled", "The integration is disabled.")
    if not integration.receives:
        return ignore(operation, "aha_not_configured", "No Aha! address and token are configured.")
    if isinstance(notification, Notification):
        return _receive_linked(app, operation, integration, notification, delivery.stored)
    return _receive_without_details(app, operation, integration)


def _receive_linked(
    app: App,
    operation: Operation,
    integration: Integration,
    notification: Notification,
    stored: StoredLink | None,
) -> Received:
    if stored is None:
        report_second_work_item(
            app, operation, integration, notification.work_item_id, notification.hyperlinks
        )
        return ignore(
            operation,
            "work_item_not_linked",
            f"This integration did not send work item {notification.work_item_id}.",
            work_item_id=notification.work_item_id,
        )
    return InboundSync(app, operation, integration).sync(notification, stored)


def _receive_without_details(app: App, operation: Operation, integration: Integration) -> Received:
    """Look at everything that changed lately."""
    done = backfill(app, operation, integration, app.clock.now() - _LOOKS_BACK)
    if done.failures:
        raise done.failures[0].error
    if done.stopped_by is not None:
        raise done.stopped_by
    return Received("updated") if done.updated else Received("unchanged", "already_agreed")
