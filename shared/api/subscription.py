"""The service hook subscription by which Azure DevOps calls an integration's webhook: status, creation, deletion."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from shared import log_events
from shared.api.integrations import webhook_url
from shared.api.subscription_plan import (
    Action,
    SubscriptionPlan,
    after_create,
    own_subscriptions,
    plan_subscription,
)
from shared.app import App
from shared.clients.service_hooks import ServiceHooks, Subscription
from shared.domain.integration import Integration, StoredIntegration
from shared.domain.projects import project_named
from shared.errors import CredentialsRejected, Forbidden, IntegrationIncomplete, System
from shared.operation import Operation


@dataclass(frozen=True)
class SubscriptionResult:
    """The subscription as it is now. `created`: this request created it."""

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


def subscription_status(app: App, operation: Operation, stored: StoredIntegration) -> dict[str, Any]:
    """The answer's body: id and status of the subscription that calls the integration's webhook URL, null if none does.

    `outdated_subscription_ids` are subscriptions that call an earlier webhook URL. `account_url` is the organization in
    which a person finds them.

    Raises:
        IntegrationIncomplete: nothing was read.
        CredentialsRejected, Forbidden, Unavailable: Azure DevOps did not answer with the subscriptions.
    """
    hooks = _hooks(app, operation, stored)
    url = webhook_url(app, stored.integration, stored.webhook_generation)
    with _explaining_refusals():
        own = own_subscriptions(hooks.subscriptions(), url)
    current = own.current[0] if own.current else None
    return {
        "subscription_id": current.id if current else None,
        "status": current.status if current else None,
        "outdated_subscription_ids": [one.id for one in own.outdated],
        "account_url": hooks.account_url,
        "operation_id": operation.id,
    }


def subscribe(app: App, operation: Operation, stored: StoredIntegration) -> SubscriptionResult:
    """Make sure that one enabled subscription calls the webhook URL.

    An existing subscription is enabled, moved to the integration's project, or changed to the current URL. If several
    requests create one at the same time, the oldest stays.

    Raises:
        IntegrationIncomplete: nothing was done.
        CredentialsRejected, Forbidden, NotFound, RuleViolation, Unavailable: Azure DevOps did not do it.
    """
    hooks = _hooks(app, operation, stored)
    url = webhook_url(app, stored.integration, stored.webhook_generation)
    with _explaining_refusals():
        project_id = str(project_named(hooks.projects(), stored.integration.azure_devops.project)["id"])
        plan = plan_subscription(own_subscriptions(hooks.subscriptions(), url), project_id)
        if plan is None:
            return _create(hooks, operation, project_id, url)
        kept = _correct(hooks, operation, plan, project_id, url)
        for outdated in plan.delete:
            hooks.unsubscribe(outdated)
            operation.log.add(
                log_events.SUBSCRIPTION_OUTDATED_REMOVED,
                "The app deleted another subscription, which called an earlier webhook URL of this integration.",
                subscription_id=outdated.id,
            )
        return SubscriptionResult(kept, created=False)


def unsubscribe(app: App, operation: Operation, stored: StoredIntegration) -> None:
    """Delete every subscription that calls a webhook URL of the integration, earlier ones too. There may be none.

    Raises:
        IntegrationIncomplete: nothing was done.
        CredentialsRejected, Forbidden, Unavailable: Azure DevOps did not delete all of them.
    """
    hooks = _hooks(app, operation, stored)
    url = webhook_url(app, stored.integration, stored.webhook_generation)
    with _explaining_refusals(by_hand="delete the subscription by hand"):
        own = own_subscriptions(hooks.subscriptions(), url)
        for one in (*own.current, *own.outdated):
            hooks.unsubscribe(one)
            operation.log.add(
                log_events.SUBSCRIPTION_DELETED,
                "The app deleted the subscription. Azure DevOps no longer reports changes to this integration.",
                subscription_id=one.id,
            )


def _create(hooks: ServiceHooks, operation: Operation, project_id: str, url: str) -> SubscriptionResult:
    created = hooks.subscribe(project_id, url)
    operation.log.add(
        log_events.SUBSCRIPTION_CREATED,
        "Azure DevOps now reports every updated work item of the project. The subscription is not limited to the area, "
        "so that work items that are moved to another area are still reported. Work items that were not sent from Aha! "
        "are ignored.",
        subscription_id=created.id,
    )
    oldest, duplicates = after_create(own_subscriptions(hooks.subscriptions(), url), created)
    for duplicate in duplicates:
        hooks.unsubscribe(duplicate)
        operation.log.add(
            log_events.SUBSCRIPTION_DUPLICATE_REMOVED,
            "Another request created a subscription of the same webhook URL at the same time. The app deleted the "
            "newer one.",
            subscription_id=duplicate.id,
        )
    return SubscriptionResult(oldest, created=oldest.id == created.id)


def _correct(
    hooks: ServiceHooks, operation: Operation, plan: SubscriptionPlan, project_id: str, url: str
) -> Subscription:
    """Apply the plan's action to its subscription, and return the result."""
    known = plan.keep
    if plan.action is Action.NOTHING:
        operation.log.add(
            log_events.SUBSCRIPTION_UNCHANGED, "The subscription exists and works.", subscription_id=known.id
        )
        return known
    if plan.action is Action.CHANGE_URL:
        changed = hooks.enable(known, project_id, url)
        operation.log.add(
            log_events.SUBSCRIPTION_RENEWED,
            "The subscription called an earlier webhook URL of this integration. It calls the current URL now.",
            subscription_id=known.id,
        )
        return changed
    changed = hooks.enable(known, project_id if plan.action is Action.MOVE else known.project_id, url)
    operation.log.add(
        log_events.SUBSCRIPTION_ENABLED,
        "The subscription was moved to the integration's project."
        if plan.action is Action.MOVE
        else f"The subscription was enabled again. Its status was {known.status}.",
        subscription_id=known.id,
    )
    return changed


def _hooks(app: App, operation: Operation, stored: StoredIntegration) -> ServiceHooks:
    target = stored.integration.azure_devops
    check_can_subscribe(stored.integration)
    return app.service_hooks(target, operation)


def check_can_subscribe(integration: Integration) -> None:
    """Raises IntegrationIncomplete if the account, the token or the project is missing. A send needs more."""
    needed = ("/azure_devops/account_name", "/azure_devops/personal_access_token", "/azure_devops/project")
    missing = [words for pointer, words in integration.missing() if pointer in needed]
    if missing:
        raise IntegrationIncomplete(
            "Azure DevOps cannot be asked about the subscription yet. Missing in the integration: "
            f"{', '.join(missing)}."
        )


@contextmanager
def _explaining_refusals(
    *, by_hand: str = "create the subscription by hand with the webhook URL"
) -> Iterator[None]:
    """Make refusals name the right for subscriptions, because work items need another right.

    `by_hand` is what a person can do without the token.

    https://learn.microsoft.com/azure/devops/service-hooks/troubleshoot
    """
    try:
        yield
    except Forbidden as error:
        raise Forbidden(
            System.AZURE_DEVOPS,
            "The token's user may not edit service hook subscriptions. Ask an administrator of the project to "
            f"{by_hand}, to make the user a project administrator, or to grant the user “Edit subscriptions” on the "
            "project.",
            evidence=error.evidence,
        ) from error
    except CredentialsRejected as error:
        raise CredentialsRejected(
            System.AZURE_DEVOPS,
            f"{error.detail} Or {by_hand}.",
            evidence=error.evidence,
        ) from error
