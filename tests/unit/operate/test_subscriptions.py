"""Which key made the webhook URL that a subscription calls."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from local.system import make_secrets_key
from operate.subscriptions import OutdatedSubscription, with_keys
from shared.clients.service_hooks import Subscription
from shared.domain.integration import StoredIntegration
from shared.secret import Secret
from shared.storage.vault import Vault
from tests.unit.examples import an_integration

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
NEW, OLD, GONE = (Secret(make_secrets_key()) for _ in range(3))
STORED = StoredIntegration(an_integration(integration_id="web"), NOON, NOON, "etag", "g1")


@pytest.mark.parametrize(
    ("key", "generation", "number"),
    [(OLD, "g1", 2), (GONE, "g1", None), (OLD, "an earlier generation", None)],
)
def test_the_url_of_an_older_key_works_until_that_key_goes(
    key: Secret, generation: str, number: int | None
) -> None:
    url = f"https://app.example.com/api/webhooks/web/{Vault([key]).webhook_token('web', generation)}"
    subscription = Subscription("s1", "enabled", url, "p1", {})

    (hook,) = with_keys(STORED, [subscription], Vault([NEW, OLD]))

    assert hook == OutdatedSubscription("web", "s1", "enabled", number)
    assert hook.needs_older_key is (number == 2)


def test_what_is_printed_of_a_subscription_holds_no_url() -> None:
    assert str(OutdatedSubscription("web", "s1", "enabled", 2)) == (
        "web: subscription s1 (enabled) calls a webhook URL that key 2 of SECRETS_KEY made. It stops working when you "
        "remove that key"
    )
    assert "no longer works" in str(OutdatedSubscription("web", "s1", "onProbation", None))


def test_only_a_person_disables_a_subscription() -> None:
    assert OutdatedSubscription("web", "s1", "disabledByUser", 2).is_disabled
    assert not OutdatedSubscription("web", "s1", "disabledBySystem", 2).is_disabled
