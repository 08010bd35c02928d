"""What the service hook “Work item updated” calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.app import App
from shared.domain.integration import Integration, StoredIntegration
from shared.domain.notifications import Ignored, Notification, read_notification
from shared.errors import IntegrationNotFound
from shared.operation import Operation
from shared.receiving.bringing import Bringing, Received, ignore
from shared.receiving.catching_up import catch_up
from shared.storage.integrations import DeletedIntegration

_LOOKS_BACK = timedelta(minutes=15)
"""How far a notification that names no work item is looked back from: redeliveries take up to three minutes."""


class WebhookGone(IntegrationNotFound):
    """The webhook URL was right once; its integration has been deleted."""


def authenticate(app: App, integration_id: str, token: str) -> StoredIntegration:
    """The integration whose webhook URL this is.

    Raises:
        WebhookGone: the URL is right, but the integration was deleted.
        IntegrationNotFound: the token is wrong, whether or not there is such an integration.
    """
    found = app.integrations.find(integration_id)
    generation = found.webhook_generation if found else ""
    is_right = app.vault.is_webhook_token(token, integration_id, generation)
    if not is_right or found is None:
        raise IntegrationNotFound("This webhook URL is not valid. Copy it again from the integration.")
    if isinstance(found, DeletedIntegration):
        raise WebhookGone("The integration of this webhook URL was deleted.")
    return found


def receive(app: App, operation: Operation, integration: Integration, body: dict[str, Any]) -> Received:
    """Bring the work item that a notification is about to its Aha! record, as it is now.

    Raises:
        Unavailable, Refused: it could not be done now; the notification should be delivered again.
    """
    notification = read_notification(body)
    if isinstance(notification, Ignored):
        return ignore(operation, notification.reason, notification.message)
    if not integration.enabled:
        return ignore(operation, "integration_disabled", "The integration is disabled.")
    if not integration.receives:
        return ignore(operation, "aha_not_configured", "No Aha! address and token are configured.")
    if isinstance(notification, Notification):
        return Bringing(app, operation, integration).bring(notification)
    return _receive_unnamed(app, operation, integration)


def _receive_unnamed(app: App, operation: Operation, integration: Integration) -> Received:
    """A notification without details: whatever changed lately is looked at."""
    caught_up = catch_up(app, operation, integration, app.clock.now() - _LOOKS_BACK)
    if caught_up.failures:
        raise caught_up.failures[0]
    return Received("updated") if caught_up.updated else Received("unchanged", "already_agreed")
