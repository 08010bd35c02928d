"""When Aha! is asked whether another integration has a product under its other name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.api.product_owner import accounts_of, is_changed, may_be_rivals
from shared.domain.integration import AhaTarget, Integration
from shared.secret import Secret
from tests.unit.examples import an_integration

BY_PREFIX = an_integration()
BY_ID = an_integration(integration_id="fabrikam-shop", product_id="131414752")
AHA = AhaTarget("https://fabrikam.aha.io", Secret("key"))


@pytest.mark.parametrize(
    ("one", "other", "may_be"),
    [
        (BY_ID, BY_PREFIX, True),
        (BY_PREFIX, BY_ID, True),
        (replace(BY_ID, product_id="SHOP"), BY_PREFIX, False),
        (BY_ID, replace(BY_PREFIX, product_id="131414753"), False),
        (replace(BY_ID, product_id=""), BY_ID, False),
        (replace(BY_ID, integration_id="fabrikam-web"), BY_PREFIX, False),
    ],
    ids=["id and prefix", "prefix and id", "two prefixes", "two ids", "no product", "the same integration"],
)
def test_an_id_and_a_prefix_may_name_the_same_product(
    one: Integration, other: Integration, may_be: bool
) -> None:
    assert may_be_rivals(one, other) is may_be


@pytest.mark.parametrize(
    ("stored", "has_changed"),
    [
        (None, True),
        (BY_PREFIX, False),
        (replace(BY_PREFIX, name="Renamed"), False),
        (replace(BY_PREFIX, product_id="SHOP"), True),
        (replace(BY_PREFIX, aha=replace(BY_PREFIX.aha, url="https://contoso.aha.io")), True),
        (replace(BY_PREFIX, aha=replace(BY_PREFIX.aha, api_token=Secret("another"))), True),
    ],
    ids=["new", "the same", "renamed", "another product", "another account", "another token"],
)
def test_aha_is_asked_again_only_if_the_answer_may_differ(
    stored: Integration | None, has_changed: bool
) -> None:
    assert is_changed(BY_PREFIX, stored) is has_changed


def test_each_account_is_asked_once() -> None:
    others = [
        an_integration(aha=AHA),
        an_integration(aha=replace(AHA, url="https://FABRIKAM.aha.io")),
        an_integration(aha=replace(AHA, url="https://contoso.aha.io")),
        an_integration(aha=AhaTarget("")),
    ]

    assert [account.url for account in accounts_of(others)] == [
        "https://FABRIKAM.aha.io",
        "https://contoso.aha.io",
    ]
    assert accounts_of([]) == []
