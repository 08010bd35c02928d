"""What a subscription needs, and what a refusal says to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.api.subscription import SubscriptionResult, check_can_subscribe
from shared.clients.service_hooks import Subscription
from shared.domain.integration import RecordMapping
from shared.errors import IntegrationIncomplete
from tests.unit.examples import an_integration
from tests.unit.operations import an_operation

TARGET = an_integration().azure_devops


def test_a_subscription_needs_no_area_and_no_types() -> None:
    check_can_subscribe(
        an_integration(azure_devops=replace(TARGET, area_path=""), feature=RecordMapping("", {}))
    )


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"account_name": ""}, "the Azure DevOps account"),
        ({"personal_access_token": None}, "the personal access token"),
        ({"project": ""}, "the project"),
        ({"project": "", "account_name": "", "area_path": ""}, "the Azure DevOps account, the project"),
    ],
)
def test_what_it_needs_is_named(changes: dict[str, Any], missing: str) -> None:
    with pytest.raises(IntegrationIncomplete) as caught:
        check_can_subscribe(an_integration(azure_devops=replace(TARGET, **changes)))

    assert caught.value.detail == (
        f"Azure DevOps cannot be asked about the subscription yet. Missing in the integration: {missing}."
    )


def test_the_answer_says_whether_this_request_created_it() -> None:
    result = SubscriptionResult(Subscription("s1", "enabled", "https://app", "1", {}), created=True)

    assert result.to_json(an_operation()[0]) == {
        "subscription_id": "s1",
        "status": "enabled",
        "created": True,
        "operation_id": "op-1",
    }
