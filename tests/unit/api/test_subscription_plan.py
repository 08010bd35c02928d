"""What to do with the subscriptions that call an integration's webhook."""

from __future__ import annotations

import pytest

from shared.api.subscription_plan import (
    Action,
    OwnSubscriptions,
    SubscriptionPlan,
    after_create,
    own_subscriptions,
    plan_subscription,
)
from shared.clients.service_hooks import Subscription

CURRENT_URL = "https://app.example.com/api/webhooks/web/token-2"
EARLIER_URL = "https://app.example.com/api/webhooks/web/token-1"
PROJECT = "0f1e2d3c-0000-0000-0000-000000000001"
OTHER_PROJECT = "0f1e2d3c-0000-0000-0000-000000000002"


def a_subscription(
    url: str = CURRENT_URL, *, id: str = "s1", status: str = "enabled", project_id: str = PROJECT
) -> Subscription:
    return Subscription(id, status, url, project_id, {})


def plan_for(*subscriptions: Subscription) -> SubscriptionPlan | None:
    return plan_subscription(own_subscriptions(subscriptions, CURRENT_URL), PROJECT)


def test_without_a_subscription_one_is_created() -> None:
    assert plan_for() is None


def test_subscriptions_of_other_integrations_and_services_are_ignored() -> None:
    others = (
        a_subscription("https://app.example.com/api/webhooks/web-2/token-2"),
        a_subscription("https://other.example.com/api/webhooks/web/token-2"),
        a_subscription("https://ci.example.com/hook"),
        a_subscription(""),
    )

    assert own_subscriptions(others, CURRENT_URL) == OwnSubscriptions((), ())
    assert plan_for(*others) is None


def test_an_enabled_subscription_of_the_project_needs_nothing() -> None:
    kept = a_subscription()

    assert plan_for(kept) == SubscriptionPlan(kept, Action.NOTHING)


@pytest.mark.parametrize("status", ["onProbation", "disabledBySystem", "disabledByUser", ""])
def test_a_subscription_that_is_not_enabled_is_enabled(status: str) -> None:
    kept = a_subscription(status=status)

    assert plan_for(kept) == SubscriptionPlan(kept, Action.ENABLE)


@pytest.mark.parametrize("status", ["enabled", "disabledBySystem"])
def test_a_subscription_of_another_project_is_moved(status: str) -> None:
    kept = a_subscription(project_id=OTHER_PROJECT, status=status)

    assert plan_for(kept) == SubscriptionPlan(kept, Action.MOVE)


@pytest.mark.parametrize("project_id", ["", PROJECT.upper()])
def test_a_subscription_of_all_projects_or_of_the_id_in_another_case_is_not_moved(project_id: str) -> None:
    kept = a_subscription(project_id=project_id)

    assert plan_for(kept) == SubscriptionPlan(kept, Action.NOTHING)


def test_a_subscription_that_calls_an_earlier_url_is_changed_to_the_current_one() -> None:
    outdated = a_subscription(EARLIER_URL, id="s1", status="disabledBySystem")

    assert plan_for(outdated) == SubscriptionPlan(outdated, Action.CHANGE_URL)


def test_of_several_that_call_earlier_urls_the_first_is_kept() -> None:
    first, second = a_subscription(EARLIER_URL, id="s1"), a_subscription(f"{EARLIER_URL}-older", id="s2")

    assert plan_for(first, second) == SubscriptionPlan(first, Action.CHANGE_URL, (second,))


def test_beside_a_current_one_those_that_call_earlier_urls_are_deleted() -> None:
    outdated, kept = a_subscription(EARLIER_URL, id="s1"), a_subscription(id="s2")

    assert plan_for(outdated, kept) == SubscriptionPlan(kept, Action.NOTHING, (outdated,))


def test_of_two_that_were_created_at_the_same_moment_the_older_one_stays() -> None:
    own = own_subscriptions([a_subscription(id="s1"), a_subscription(id="s2")], CURRENT_URL)

    assert after_create(own, a_subscription(id="s2")) == (
        a_subscription(id="s1"),
        (a_subscription(id="s2"),),
    )


def test_what_was_just_created_stays_although_the_list_lacks_it() -> None:
    created = a_subscription(id="s2")

    assert after_create(own_subscriptions([], CURRENT_URL), created) == (created, ())
