"""Testing a connection with Aha! beside Azure DevOps, and alone."""

from __future__ import annotations

from typing import Any

import pytest

from local.system import AHA_TOKEN, WRITE_TOKEN
from tests.e2e.configuration_bodies import changed, faults_of, problem_of
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest

FEATURE_STATUSES = [
    "Under consideration",
    "Ready to develop",
    "In progress",
    "In code review",
    "Ready to ship",
    "Shipped",
    "Will not implement",
]
REQUIREMENT_STATUSES = ["Under consideration", "In progress", "In test", "Shipped", "Will not implement"]


def account(aha: Aha, **more: Any) -> dict[str, Any]:
    return {"url": aha.account_url, "api_token": AHA_TOKEN, **more}


def connection(api: Api, body: Any) -> dict[str, Any]:
    answer = api.post("/test-connection", body)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def names(statuses: list[dict[str, Any]]) -> list[str]:
    return [status["name"] for status in statuses]


def test_aha_alone_shows_whose_token_it_is_and_the_products(
    api: Api, azure_devops: AzureDevOps, aha: Aha
) -> None:
    result = connection(api, {"aha": account(aha)})

    assert result["aha"]["ok"] is True
    assert result["aha"]["url"] == aha.account_url
    assert result["aha"]["user"] == {"name": "Paula Manager", "email": "paula@fabrikam.example"}
    # The line that groups them is none of them.
    assert [one["reference_prefix"] for one in result["aha"]["products"]] == ["MOB", "PROD"]
    assert result["aha"]["feature_statuses"] == result["aha"]["requirement_statuses"] == []
    assert result["account_name"] is None
    assert result["projects"] == []
    assert [check["name"] for check in result["checks"]] == ["aha"]
    assert azure_devops.requests() == []


def test_a_product_has_the_statuses_of_its_two_workflows_in_their_order(api: Api, aha: Aha) -> None:
    found = connection(api, {"aha": account(aha, product_id="PROD")})["aha"]

    assert names(found["feature_statuses"]) == FEATURE_STATUSES
    assert names(found["requirement_statuses"]) == REQUIREMENT_STATUSES
    assert set(found["feature_statuses"][0]) == {"id", "name", "color", "complete"}
    assert [one["complete"] for one in found["feature_statuses"]] == [False] * 4 + [True] * 3


def test_one_workflow_may_serve_both(api: Api, aha: Aha) -> None:
    found = connection(api, {"aha": account(aha, product_id="MOB")})["aha"]

    assert names(found["feature_statuses"]) == ["New", "Designed", "Under consideration", "Shipped"]
    assert found["requirement_statuses"] == found["feature_statuses"]


def test_both_sides_are_asked_side_by_side(api: Api, azure_devops: AzureDevOps, aha: Aha) -> None:
    azure_devops.set_latency(300)
    aha.set_latency(300)

    result = connection(
        api,
        {
            "account_name": "fabrikam",
            "personal_access_token": WRITE_TOKEN,
            "aha": account(aha, product_id="PROD"),
        },
    )

    assert result["account_name"] == "fabrikam"
    assert [check["name"] for check in result["checks"]] == ["credentials", "aha"]
    (projects,) = azure_devops.requests()
    assert all(
        one["started_at"] < projects["ended_at"] and projects["started_at"] < one["ended_at"]
        for one in aha.requests()
    )
    assert {one["path"].removeprefix("/api/v1") for one in aha.requests()} == {
        "/me",
        "/products",
        "/products/PROD",
        "/products/PROD/workflows",
    }


def test_a_stored_integration_gives_what_is_left_out(
    api: Api, integration: IntegrationUnderTest, aha: Aha
) -> None:
    both = connection(api, {"integration_id": integration.id, "aha": {}})
    alone = connection(api, {"aha": {"integration_id": integration.id}})

    assert names(both["aha"]["feature_statuses"]) == FEATURE_STATUSES
    assert both["project"]["name"] == "Fabrikam"
    assert alone["aha"] == both["aha"]
    assert alone["account_name"] is None
    assert any(one["event"] == "aha.request" for one in api.log(integration.id))


def test_a_stored_token_never_goes_to_another_address(
    api: Api, integration: IntegrationUnderTest, aha: Aha
) -> None:
    for body in (
        {"integration_id": integration.id, "aha": {"url": "http://127.0.0.1:1"}},
        {"aha": {"integration_id": integration.id, "url": "http://127.0.0.1:1"}},
    ):
        faults = faults_of(api.post("/test-connection", body))

        assert faults == {"/aha/api_token": "must be entered again because the URL has changed"}


def test_every_fault_is_named_at_once(api: Api) -> None:
    faults = faults_of(
        api.post("/test-connection", {"aha": {"url": "https://a.example/path", "product_id": []}})
    )

    assert set(faults) == {"/aha/url", "/aha/api_token", "/aha/product_id"}
    assert set(faults_of(api.post("/test-connection", {"aha": {}}))) == {"/aha/url", "/aha/api_token"}
    assert set(faults_of(api.post("/test-connection", {"aha": "no"}))) == {
        "/aha",
        "/aha/url",
        "/aha/api_token",
    }


def test_nothing_changes_for_who_does_not_ask(api: Api, integration: IntegrationUnderTest, aha: Aha) -> None:
    aha.clear_requests()
    for more in ({}, {"aha": None}):
        assert "aha" not in connection(api, {"integration_id": integration.id, **more})
    assert aha.requests() == []


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"api_token": "wrong"}, "credentials_rejected", "API keys"),
        ({"product_id": "NOPE"}, "not_found", "The product “NOPE” does not exist in Aha!"),
        ({"product_id": "../me"}, "not_found", "does not exist in Aha!"),
    ],
)
def test_a_refusal_says_what_to_do(api: Api, aha: Aha, more: dict[str, str], code: str, words: str) -> None:
    answer = api.post("/test-connection", {"aha": account(aha, **more)})

    assert words in problem_of(answer, 422, f"aha_{code}")["detail"]
    assert AHA_TOKEN not in answer.text


def test_a_user_without_the_right_is_told_so(api: Api, aha: Aha) -> None:
    aha.add_fault(path="/me", status=403, body={"error": "Not allowed"}, times=None)

    problem_of(api.post("/test-connection", {"aha": account(aha)}), 422, "aha_forbidden")


def test_an_address_that_is_no_aha_account_is_told_from_a_product_that_is_gone(api: Api, aha: Aha) -> None:
    aha.add_fault(path="/me", status=404, times=None)

    detail = problem_of(api.post("/test-connection", {"aha": account(aha)}), 422, "aha_not_found")["detail"]
    assert "is not an Aha! account" in detail


def test_an_outage_of_aha_is_one(api: Api, aha: Aha) -> None:
    aha.add_fault(status=503, times=None)

    problem_of(api.post("/test-connection", {"aha": account(aha)}), 503, "aha_unavailable")


def test_an_answer_of_another_shape_is_no_empty_account(api: Api, aha: Aha) -> None:
    aha.add_fault(path="/products", status=200, body={"items": []}, times=None)

    problem_of(api.post("/test-connection", {"aha": account(aha)}), 503, "aha_unavailable")


def test_an_integration_without_azure_devops_can_have_its_aha_tested(api: Api, aha: Aha) -> None:
    api.put_integration("begun", {"name": "Begun", "product_id": "MOB", "aha": account(aha)})

    result = connection(api, {"integration_id": "begun", "aha": {}})

    assert result["account_name"] is None
    assert names(result["aha"]["feature_statuses"])[0] == "New"


def test_products_can_be_chosen_from_although_the_stored_one_is_gone(api: Api, aha: Aha) -> None:
    api.put_integration("begun", {"name": "Begun", "product_id": "GONE", "aha": account(aha)})
    stored = {"integration_id": "begun"}
    problem_of(api.post("/test-connection", {"aha": stored}), 422, "aha_not_found")

    found = connection(api, {"aha": {**stored, "product_id": ""}})["aha"]

    assert [one["reference_prefix"] for one in found["products"]] == ["MOB", "PROD"]
    assert found["feature_statuses"] == []


class TestChoices:
    def test_come_although_the_mapping_fits_no_more(
        self, api: Api, integration: IntegrationUnderTest
    ) -> None:
        api.put_integration(integration.id, changed(integration.body, {"/feature/work_item_type": "Gone"}))
        assert api.post("/test-connection", {"integration_id": integration.id}).status_code == 422

        result = connection(
            api, {"integration_id": integration.id, "project": "Fabrikam", "choices_only": True}
        )

        assert result["project"]["name"] == "Fabrikam"
        assert [check["name"] for check in result["checks"]] == ["credentials", "project"]

    def test_come_although_the_project_is_gone(self, api: Api, integration: IntegrationUnderTest) -> None:
        api.put_integration(integration.id, changed(integration.body, {"/azure_devops/project": "Gone"}))
        assert api.post("/test-connection", {"integration_id": integration.id}).status_code == 422

        result = connection(api, {"integration_id": integration.id, "choices_only": True})

        assert result["project"] is None
        assert result["projects"]
