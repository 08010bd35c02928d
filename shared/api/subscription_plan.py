"""Decide what to do with the service hook subscriptions that call an integration's webhook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from shared.clients.service_hooks import ENABLED, Subscription


@dataclass(frozen=True)
class OwnSubscriptions:
    """The subscriptions of one integration, oldest first.

    `current` call its current webhook URL, `outdated` call an earlier one.
    """

    current: tuple[Subscription, ...]
    outdated: tuple[Subscription, ...]


class Action(Enum):
    """What a subscription needs."""

    NOTHING = "it calls the current URL for the right project and is enabled"
    ENABLE = "it is not enabled"
    MOVE = "it is for another project"
    CHANGE_URL = "it calls an earlier webhook URL"


@dataclass(frozen=True)
class SubscriptionPlan:
    """`keep` is the subscription to keep, and `action` what it needs. `delete` are those to delete."""

    keep: Subscription
    action: Action
    delete: tuple[Subscription, ...] = ()


def own_subscriptions(subscriptions: Sequence[Subscription], webhook_url: str) -> OwnSubscriptions:
    """The subscriptions of the integration with this webhook URL, out of all in the organization.

    The webhook URLs of one integration differ in their last segment only, which is the token.
    """
    own = [one for one in subscriptions if _without_token(one.url) == _without_token(webhook_url)]
    return OwnSubscriptions(
        current=tuple(one for one in own if one.url == webhook_url),
        outdated=tuple(one for one in own if one.url != webhook_url),
    )


def plan_subscription(own: OwnSubscriptions, project_id: str) -> SubscriptionPlan | None:
    """What to do so that one subscription calls the current webhook URL; None if one has to be created.

    A subscription that calls an earlier URL is changed if there is no current one, and deleted otherwise.
    """
    if own.current:
        keep = own.current[0]
        return SubscriptionPlan(keep, _action_for(keep, project_id), own.outdated)
    if own.outdated:
        return SubscriptionPlan(own.outdated[0], Action.CHANGE_URL, own.outdated[1:])
    return None


def after_create(
    own: OwnSubscriptions, created: Subscription
) -> tuple[Subscription, tuple[Subscription, ...]]:
    """Which subscription to keep once one was created, and which ones to delete.

    Another request may have created one at the same moment. Both requests keep the oldest. The list may lack what was
    just created.
    """
    oldest, *duplicates = own.current or (created,)
    return oldest, tuple(duplicates)


def _action_for(subscription: Subscription, project_id: str) -> Action:
    if _is_for_other_project(subscription, project_id):
        return Action.MOVE
    return Action.NOTHING if subscription.status == ENABLED else Action.ENABLE


def _is_for_other_project(subscription: Subscription, project_id: str) -> bool:
    """Whether the subscription is limited to another project. Without a project it is for all of them."""
    return subscription.project_id.casefold() not in ("", project_id.casefold())


def _without_token(url: str) -> str:
    return url.rsplit("/", 1)[0]
