"""The subscriptions in Azure DevOps that call an earlier webhook URL of an integration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from operate.context import reading, writing_log_of
from shared.api.integrations import webhook_url
from shared.api.subscription import subscribe
from shared.api.subscription_plan import own_subscriptions
from shared.app import App
from shared.clients.service_hooks import Subscription
from shared.domain.integration import StoredIntegration
from shared.errors import IntegrationIncomplete
from shared.storage.vault import Vault


@dataclass(frozen=True)
class OutdatedSubscription:
    """A subscription with an earlier webhook URL. `key`: the number of the key that made it, None for no known key."""

    integration_id: str
    subscription_id: str
    status: str
    key: int | None

    @property
    def needs_older_key(self) -> bool:
        """Whether its URL works, and stops working when an older key is removed."""
        return self.key is not None and self.key > 1

    @property
    def is_disabled(self) -> bool:
        """Whether a person has disabled it."""
        return self.status == "disabledByUser"

    def __str__(self) -> str:
        known = f"{self.integration_id}: subscription {self.subscription_id} ({self.status}) calls "
        if self.key is None:
            return known + "a webhook URL that no longer works: it was replaced, or its key was removed"
        return (
            known
            + f"a webhook URL that key {self.key} of SECRETS_KEY made. It stops working when you remove that key"
        )


def with_keys(
    stored: StoredIntegration, outdated: Sequence[Subscription], vault: Vault
) -> tuple[OutdatedSubscription, ...]:
    """The key that made the URL, for each of these subscriptions of an integration."""
    integration_id = stored.integration.integration_id
    return tuple(
        OutdatedSubscription(
            integration_id,
            one.id,
            one.status,
            vault.key_of_webhook_token(one.url.rsplit("/", 1)[-1], integration_id, stored.webhook_generation),
        )
        for one in outdated
    )


def outdated_subscriptions(app: App, stored: StoredIntegration) -> tuple[OutdatedSubscription, ...]:
    """The subscriptions that call an earlier webhook URL of the integration.

    Raises:
        IntegrationIncomplete: Azure DevOps cannot be called.
        Refused, Unavailable, SettingInvalid: the request failed, or the token cannot be decrypted.
    """
    target = stored.integration.azure_devops
    if not target.account_name:
        return ()
    if not target.has_credentials:
        raise IntegrationIncomplete(
            "The integration has no personal access token, so Azure DevOps cannot be called."
        )
    subscriptions = app.service_hooks(target, reading()).subscriptions()
    url = webhook_url(app, stored.integration, stored.webhook_generation)
    return with_keys(stored, own_subscriptions(subscriptions, url).outdated, app.vault)


def renew(app: App, stored: StoredIntegration) -> None:
    """Make one enabled subscription call the current webhook URL, as the app's page does.

    Raises:
        OperationFailed: it was not done.
    """
    with writing_log_of(app, stored) as operation:
        subscribe(app, operation, stored)
