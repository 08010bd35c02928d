"""The body of POST /api/test-connection."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.connection_request import (
    ConnectionTestRequest,
    named_integration,
    read_connection_request,
)
from shared.domain.integration import AhaTarget, Authentication, AzureDevOpsTarget, Integration
from shared.domain.integration_input import UrlRules
from shared.errors import IntegrationNotFound, InvalidRequest
from shared.secret import Secret
from tests.unit.examples import API_TOKEN, PAT, an_integration, json_values

STORED = an_integration()
FABRIKAM = {"id": "0f1e2d3c-0000-0000-0000-000000000001", "name": "Fabrikam"}
SCRUM = {"id": "0f1e2d3c-0000-0000-0000-000000000002", "name": "Fabrikam Scrum"}
UNSAVED = {"account_name": "fabrikam", "personal_access_token": "unsaved"}
UNSAVED_AHA = {"url": "https://other.aha.io", "api_token": "unsaved"}


def read(body: Any, *stored: Integration) -> ConnectionTestRequest:
    """Read a body while these integrations are stored."""
    integrations = {integration.integration_id: integration for integration in stored or (STORED,)}

    def find(integration_id: str) -> Integration:
        if integration_id not in integrations:
            raise IntegrationNotFound(f"There is no integration {integration_id!r}.")
        return integrations[integration_id]

    return read_connection_request(body, find, UrlRules("https://dev.azure.com", allow_local=False))


def errors_of(body: Any, *stored: Integration) -> set[str]:
    """The pointers of a body's errors."""
    with pytest.raises(InvalidRequest) as caught:
        read(body, *stored)
    return {error.pointer for error in caught.value.errors}


@pytest.mark.parametrize(
    ("body", "integration_id"),
    [
        ({"integration_id": "fabrikam-web"}, "fabrikam-web"),
        ({"integration_id": " fabrikam-web "}, "fabrikam-web"),
        ({"integration_id": "fabrikam-web", "project": 7}, "fabrikam-web"),
        ({"aha": {"integration_id": "fabrikam-web"}}, "fabrikam-web"),
        ({"integration_id": "fabrikam-web", "aha": {"integration_id": "other"}}, "fabrikam-web"),
        ({**UNSAVED, "aha": UNSAVED_AHA}, ""),
        ({"integration_id": 7}, ""),
        ({"integration_id": "x" * 65}, ""),
        ({"aha": None}, ""),
        ({"aha": "no"}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_the_integration_that_a_body_names_is_known_before_the_body_is_checked(
    body: Any, integration_id: str
) -> None:
    assert named_integration(body) == integration_id


class TestUnsavedCredentials:
    def test_are_tested_without_an_integration(self) -> None:
        request = read({**UNSAVED, "project": "Fabrikam"})

        assert request == ConnectionTestRequest(
            AzureDevOpsTarget("fabrikam", Authentication.PAT, Secret("unsaved")), "Fabrikam", None
        )
        assert request.integration_to_check(FABRIKAM) is None

    def test_of_a_managed_identity_need_no_token(self) -> None:
        request = read({"account_name": "fabrikam", "authentication": "entra"})

        assert request.azure_devops == AzureDevOpsTarget("fabrikam", Authentication.ENTRA, None)

    def test_must_be_complete(self) -> None:
        assert errors_of({}) == {"/account_name", "/personal_access_token"}
        assert errors_of({"account_name": "fabrikam"}) == {"/personal_access_token"}

    def test_are_checked_together_with_the_rest_of_the_body(self) -> None:
        body = {"account_name": "https://example.com/a", "personal_access_token": 7, "project": [], "aha": {}}

        assert errors_of(body) == {
            "/account_name",
            "/personal_access_token",
            "/project",
            "/aha/url",
            "/aha/api_token",
        }


class TestAStoredIntegration:
    def test_is_tested_with_its_credentials_and_its_project(self) -> None:
        request = read({"integration_id": "fabrikam-web"})

        assert request == ConnectionTestRequest(STORED.azure_devops, "Fabrikam", STORED)

    def test_may_be_tested_with_another_project(self) -> None:
        assert (
            read({"integration_id": "fabrikam-web", "project": "Fabrikam Scrum"}).project == "Fabrikam Scrum"
        )

    def test_that_does_not_exist_is_not_found(self) -> None:
        with pytest.raises(IntegrationNotFound):
            read({"integration_id": "nobody"})

    def test_without_account_and_token_cannot_be_tested(self) -> None:
        empty = replace(STORED, azure_devops=AzureDevOpsTarget())

        assert errors_of({"integration_id": "fabrikam-web"}, empty) == {"/integration_id"}

    def test_without_account_and_token_can_be_tested_for_aha(self) -> None:
        empty = replace(STORED, azure_devops=AzureDevOpsTarget())

        request = read({"integration_id": "fabrikam-web", "aha": {}}, empty)

        assert request.azure_devops is None
        assert request.aha is not None

    def test_may_be_asked_for_the_choices_only(self) -> None:
        # Its own project may no longer exist.
        request = read({"integration_id": "fabrikam-web", "choices_only": True})

        assert request.project == ""


class TestTheCheckOfTheMapping:
    def test_is_made_against_the_integrations_own_project(self) -> None:
        request = read({"integration_id": "fabrikam-web"})

        assert request.integration_to_check(FABRIKAM) == STORED
        assert request.integration_to_check(SCRUM) is None

    def test_finds_the_project_by_its_stored_id_too(self) -> None:
        by_id = replace(STORED, azure_devops=replace(STORED.azure_devops, project=FABRIKAM["id"]))

        assert read({"integration_id": "fabrikam-web"}, by_id).integration_to_check(FABRIKAM) == by_id

    def test_is_skipped_if_only_the_choices_are_wanted(self) -> None:
        body = {"integration_id": "fabrikam-web", "project": "Fabrikam", "choices_only": True}

        assert read(body).integration_to_check(FABRIKAM) is None

    def test_is_skipped_while_the_integration_is_incomplete(self) -> None:
        incomplete = replace(STORED, azure_devops=replace(STORED.azure_devops, area_path=""))
        request = ConnectionTestRequest(incomplete.azure_devops, "Fabrikam", incomplete)

        assert request.integration_to_check(FABRIKAM) is None


class TestAha:
    def test_may_be_tested_alone(self) -> None:
        request = read({"aha": UNSAVED_AHA})

        assert request.azure_devops is None
        assert request.aha is not None
        assert request.aha.account == AhaTarget("https://other.aha.io", Secret("unsaved"))

    def test_may_be_tested_with_unsaved_credentials_of_azure_devops(self) -> None:
        request = read({**UNSAVED, "aha": UNSAVED_AHA})

        assert request.azure_devops is not None
        assert request.aha is not None

    def test_uses_what_the_integration_has_stored(self) -> None:
        aha = read({"integration_id": "fabrikam-web", "aha": {}}).aha

        assert aha is not None
        assert aha.account == AhaTarget("https://fabrikam.aha.io", Secret(API_TOKEN))
        assert aha.product_id == "PROD"

    def test_may_name_the_integration_itself_for_unsaved_credentials_of_azure_devops(self) -> None:
        request = read({**UNSAVED, "aha": {"integration_id": "fabrikam-web"}})

        assert request.integration is None
        assert request.aha is not None
        assert request.aha.account.api_token == Secret(API_TOKEN)

    def test_does_not_get_the_stored_token_sent_to_another_url(self) -> None:
        body = {"integration_id": "fabrikam-web", "aha": {"url": "https://evil.example"}}

        assert errors_of(body) == {"/aha/api_token"}

    def test_with_an_empty_product_lists_the_products_without_statuses(self) -> None:
        aha = read({"integration_id": "fabrikam-web", "aha": {"product_id": ""}}).aha

        assert aha is not None
        assert aha.product_id == ""

    def test_of_an_unknown_integration_is_not_found(self) -> None:
        with pytest.raises(IntegrationNotFound):
            read({"aha": {"integration_id": "nobody"}})


def test_no_token_is_printed() -> None:
    request = read({"integration_id": "fabrikam-web", "aha": {}})

    assert PAT not in repr(request)
    assert API_TOKEN not in repr(request)


KEYS = ["account_name", "personal_access_token", "integration_id", "project", "authentication", "choices_only",
        "aha", "url", "api_token", "product_id"]  # fmt: skip


@given(json_values(st.sampled_from(KEYS)))
def test_no_json_raises_another_error(body: Any) -> None:
    with contextlib.suppress(InvalidRequest, IntegrationNotFound):
        read(body)
