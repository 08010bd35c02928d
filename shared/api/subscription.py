"""The subscription by which Azure DevOps tells this app of changed work items: how it stands, and making it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from shared.api.integrations import webhook_url
from shared.app import App
from shared.clients.service_hooks import ENABLED, ServiceHooks, Subscription
from shared.domain.integration import StoredIntegration
from shared.domain.projects import project_named
from shared.errors import CredentialsRejected, Forbidden, IntegrationIncomplete, System
from shared.operation import Operation


@dataclass(frozen=True)
class Subscribed:
    """The subscription as it is now, and whether it was made just now."""

    subscription: Subscription
    created: bool

    def to_json(self, operation: Operation) -> dict[str, Any]:
        """The answer's body."""
        return {
            "subscription_id": self.subscription.id,
            "status": self.subscription.status,
            "created": self.created,
            "operation_id": operation.id,
        }


@dataclass(frozen=True)
class _Known:
    """The subscriptions of an integration: those of its webhook URL, and those that call an earlier one."""

    current: Sequence[Subscription]
    outdated: Sequence[Subscription]

    @classmethod
    def of(cls, hooks: ServiceHooks, url: str) -> _Known:
        address, _ = url.rsplit("/", 1)
        ours = [one for one in hooks.subscriptions() if one.url.rsplit("/", 1)[0] == address]
        return cls([one for one in ours if one.url == url], [one for one in ours if one.url != url])


def subscription_status(app: App, operation: Operation, stored: StoredIntegration) -> dict[str, Any]:
    """How the subscription of the integration's webhook URL stands; null where there is none.

    `outdated_subscription_ids` are those that still call an earlier webhook URL. `account_url` is where a person finds
    them.

    Raises:
        IntegrationIncomplete: it cannot be looked for.
        CredentialsRejected, Forbidden, Unavailable: Azure DevOps does not show it.
    """
    hooks = _hooks(app, operation, stored)
    url = webhook_url(app, stored.integration, stored.webhook_generation)
    with _in_words():
        known = _Known.of(hooks, url)
    current = known.current[0] if known.current else None
    return {
        "subscription_id": current.id if current else None,
        "status": current.status if current else None,
        "outdated_subscription_ids": [one.id for one in known.outdated],
        "account_url": hooks.account_url,
        "operation_id": operation.id,
    }


def subscribe(app: App, operation: Operation, stored: StoredIntegration) -> Subscribed:
    """Create the subscription, or find the one that has the webhook URL already and see to it that it works.

    One that calls an earlier webhook URL is given the one of now. There are never two: of those that were made at the
    same moment the oldest stays.

    Raises:
        IntegrationIncomplete: nothing was done.
        CredentialsRejected, Forbidden, NotFound, RuleViolation, Unavailable: Azure DevOps did not do it.
    """
    hooks = _hooks(app, operation, stored)
    url = webhook_url(app, stored.integration, stored.webhook_generation)
    with _in_words():
        project_id = str(project_named(hooks.projects(), stored.integration.azure_devops.project)["id"])
        known = _Known.of(hooks, url)
        if known.current:
            done = _mend(hooks, operation, known.current[0], project_id)
            outdated = known.outdated
        elif known.outdated:
            done = _renew(hooks, operation, known.outdated[0], project_id, url)
            outdated = known.outdated[1:]
        else:
            return _create(hooks, operation, project_id, url)
        for one in outdated:
            hooks.unsubscribe(one)
            operation.journal.warning(
                "subscription.outdated-removed",
                "A subscription called an earlier webhook URL of this integration; it was removed.",
                subscription_id=one.id,
            )
        return done


def _create(hooks: ServiceHooks, operation: Operation, project_id: str, url: str) -> Subscribed:
    made = hooks.subscribe(project_id, url)
    operation.journal.info(
        "subscription.created",
        "Azure DevOps now reports every updated work item of the project. It is not limited to the area, so that work "
        "items that are moved are not missed; what was not sent from Aha! is ignored.",
        subscription_id=made.id,
    )
    oldest, *others = _Known.of(hooks, url).current or [made]
    for other in others:
        hooks.unsubscribe(other)
        operation.journal.warning(
            "subscription.duplicate-removed",
            "A second subscription of the same webhook URL had been made at the same moment; it was removed.",
            subscription_id=other.id,
        )
    return Subscribed(oldest, created=oldest.id == made.id)


def _renew(
    hooks: ServiceHooks, operation: Operation, known: Subscription, project_id: str, url: str
) -> Subscribed:
    renewed = hooks.enable(known, project_id, url)
    operation.journal.info(
        "subscription.renewed",
        "The subscription called an earlier webhook URL of this integration. It calls the one of now.",
        subscription_id=known.id,
    )
    return Subscribed(renewed, created=False)


def _mend(hooks: ServiceHooks, operation: Operation, known: Subscription, project_id: str) -> Subscribed:
    is_elsewhere = known.project_id.casefold() not in ("", project_id.casefold())
    if known.status == ENABLED and not is_elsewhere:
        operation.journal.info(
            "subscription.unchanged", "The subscription is there and works.", subscription_id=known.id
        )
        return Subscribed(known, created=False)
    mended = hooks.enable(known, project_id if is_elsewhere else known.project_id, known.url)
    operation.journal.info(
        "subscription.enabled",
        "The subscription was moved to the integration's project."
        if is_elsewhere
        else f"The subscription was switched on again; it was {known.status}.",
        subscription_id=known.id,
    )
    return Subscribed(mended, created=False)


def _hooks(app: App, operation: Operation, stored: StoredIntegration) -> ServiceHooks:
    target = stored.integration.azure_devops
    needed = ("/azure_devops/account_name", "/azure_devops/personal_access_token", "/azure_devops/project")
    missing = [words for pointer, words in stored.integration.missing() if pointer in needed]
    if missing:
        raise IntegrationIncomplete(
            f"There can be no subscription yet. Missing in the integration: {', '.join(missing)}."
        )
    return app.service_hooks(target, operation)


@contextmanager
def _in_words() -> Iterator[None]:
    """Says which right is needed: it is another one than work items need.

    https://learn.microsoft.com/azure/devops/service-hooks/troubleshoot
    """
    try:
        yield
    except Forbidden as error:
        raise Forbidden(
            System.AZURE_DEVOPS,
            "The token's user may not edit service hook subscriptions. Let an administrator of the project create the "
            "subscription by hand with the webhook URL, or make the user a project administrator, or grant “Edit "
            "subscriptions” on the project.",
            evidence=error.evidence,
        ) from error
    except CredentialsRejected as error:
        raise CredentialsRejected(
            System.AZURE_DEVOPS,
            f"{error.detail} Or create the subscription by hand with the webhook URL.",
            evidence=error.evidence,
        ) from error
