"""A connection that is not in order: each cause is told from the others, and each with its remedy."""

from __future__ import annotations

from typing import Any

import pytest

from local.system import LocalSystem
from tests.e2e.configuration_bodies import changed, problem_of
from tests.e2e.configuration_hosts import further_host
from tests.e2e.system import Api, AzureDevOps, IntegrationUnderTest

RENEW = "Create a new personal access token"
HTML = {"content-type": "text/html; charset=utf-8"}
WITH_PROJECT = {"project": "Fabrikam"}


def refusal(api: Api, code: str, token: str = "sandbox-write-token", **more: Any) -> str:
    """The detail of a refused test of the account fabrikam."""
    body = {"account_name": "fabrikam", "personal_access_token": token, **more}
    answer = api.post("/test-connection", body)
    status = 503 if code.endswith("unavailable") else 422
    detail: str = problem_of(answer, status, f"azure_devops_{code}")["detail"]
    assert token not in answer.text
    return detail


def refusal_of(api: Api, integration: IntegrationUnderTest, code: str, **changes: Any) -> str:
    """The same of an integration that was saved with some values changed, by JSON pointer."""
    api.put_integration(integration.id, changed(integration.body, changes.pop("changes", {})))
    answer = api.post("/test-connection", {"integration_id": integration.id})
    detail: str = problem_of(answer, 422, f"azure_devops_{code}")["detail"]
    return detail


@pytest.fixture(autouse=True)
def _organization_at_its_start(azure_devops: AzureDevOps) -> None:
    """Every test starts from the organization as it was set up."""


class TestToken:
    @pytest.mark.contract
    def test_that_has_expired(self, api: Api) -> None:
        detail = refusal(api, "credentials_rejected", "sandbox-expired-token")

        assert "has expired" in detail
        assert RENEW in detail

    @pytest.mark.parametrize("token", ["nobody-knows-this-one", "tökén", "x" * 84, ":leading-colon"])
    def test_that_is_unknown_malformed_or_revoked(self, api: Api, token: str) -> None:
        detail = refusal(api, "credentials_rejected", token)

        assert "sign-in page" in detail
        for cause in ("malformed", "unknown", "revoked", "expired", "global"):
            assert cause in detail
        assert RENEW in detail

    def test_that_was_revoked_since_it_was_saved(
        self, api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest
    ) -> None:
        azure_devops.control("DELETE", "/tokens/sandbox-write-token")

        assert "revoked" in refusal_of(api, integration, "credentials_rejected")

    def test_without_the_scope_to_see_projects(self, api: Api) -> None:
        detail = refusal(api, "credentials_rejected", "sandbox-no-project-token")

        assert "lacks the scope “Project and Team (Read)”" in detail
        assert RENEW in detail

    def test_without_the_scope_to_read_work_items(self, api: Api, azure_devops: AzureDevOps) -> None:
        # No token of the sandbox has this one alone, so its answer is put in place of the sandbox's.
        denied = {"$id": "1", "message": "TF400813: The user 'a' is not authorized to access this resource."}
        azure_devops.add_fault(path="/workitemtypes", times=None, status=401, body=denied)

        detail = refusal(api, "credentials_rejected", **WITH_PROJECT)

        assert "lacks the scope “Work Items (Read)”" in detail

    def test_without_the_scope_to_write_work_items(self, api: Api, integration: IntegrationUnderTest) -> None:
        detail = refusal_of(
            api,
            integration,
            "credentials_rejected",
            changes={"/azure_devops/personal_access_token": "sandbox-read-token"},
        )

        assert "lacks the scope “Work Items (Read & write)”" in detail

    def test_that_only_reads_is_good_enough_to_look_around(self, api: Api) -> None:
        body = {"account_name": "fabrikam", "personal_access_token": "sandbox-read-token", **WITH_PROJECT}

        assert api.post("/test-connection", body).status_code == 200

    def test_is_not_tried_again_once_it_is_refused(self, api: Api, azure_devops: AzureDevOps) -> None:
        refusal(api, "credentials_rejected", "sandbox-expired-token", **WITH_PROJECT)

        assert len(azure_devops.requests()) == 1


class TestUser:
    def test_who_may_not_write_work_items(self, api: Api, integration: IntegrationUnderTest) -> None:
        detail = refusal_of(
            api,
            integration,
            "forbidden",
            changes={"/azure_devops/personal_access_token": "sandbox-forbidden-token"},
        )

        assert "Edit work items in this node" in detail

    def test_who_may_not_write_in_the_area(self, api: Api, integration: IntegrationUnderTest) -> None:
        detail = refusal_of(
            api, integration, "forbidden", changes={"/azure_devops/area_path": "Fabrikam\\Secret"}
        )

        assert "the area “Fabrikam\\Secret”" in detail
        assert "TF237111" in detail

    def test_without_a_licence(self, api: Api, azure_devops: AzureDevOps) -> None:
        azure_devops.control("POST", "/tokens", {"token": "guest", "kind": "unlicensed"})

        assert "Basic access level" in refusal(api, "forbidden", "guest")


class TestPlace:
    def test_an_organization_that_does_not_exist(self, api: Api) -> None:
        detail = refusal(api, "not_found", account_name="contoso")

        assert "no organization “contoso”" in detail
        assert "https://dev.azure.com/contoso" in detail

    @pytest.mark.parametrize(
        "project", ["Nowhere", "Contoso Retired", "00000000-0000-0000-0000-000000000000"]
    )
    def test_a_project_that_does_not_exist_or_cannot_be_seen(self, api: Api, project: str) -> None:
        detail = refusal(api, "not_found", project=project)

        assert f"“{project}” does not exist" in detail
        assert "cannot see it" in detail
        assert "add the user" in detail

    def test_the_project_of_an_integration(self, api: Api, integration: IntegrationUnderTest) -> None:
        detail = refusal_of(
            api, integration, "not_found", changes={"/azure_devops/project": "Renamed meanwhile"}
        )

        assert "“Renamed meanwhile” does not exist" in detail

    @pytest.mark.parametrize("area", ["Fabrikam\\Nowhere", "Web", "Fabrikam Scrum\\Web"])
    def test_an_area_that_the_project_does_not_have(
        self, api: Api, integration: IntegrationUnderTest, area: str
    ) -> None:
        detail = refusal_of(api, integration, "not_found", changes={"/azure_devops/area_path": area})

        assert f"The area “{area}” does not exist in the project" in detail
        assert "Choose another" in detail


class TestMapping:
    @pytest.mark.parametrize("kind", ["feature", "requirement"])
    @pytest.mark.parametrize("name", ["Story", "Risk", "Code Review Request"])
    def test_to_a_type_that_is_unknown_disabled_or_hidden(
        self, api: Api, integration: IntegrationUnderTest, kind: str, name: str
    ) -> None:
        detail = refusal_of(api, integration, "not_found", changes={f"/{kind}/work_item_type": name})

        assert f"The work item type “{name}” chosen for {kind}s does not exist" in detail
        assert "Epic, Feature, User Story" in detail

    @pytest.mark.parametrize("kind", ["feature", "requirement"])
    def test_of_states_that_the_type_does_not_have(
        self, api: Api, integration: IntegrationUnderTest, kind: str
    ) -> None:
        mapping = {"New": "Under consideration", "Doing": "In progress", "Done": "Shipped"}
        detail = refusal_of(api, integration, "rule_violation", changes={f"/{kind}/status_mapping": mapping})

        assert f"mapping of {kind}s" in detail
        assert "Doing, Done" in detail
        assert "New, Active, Resolved, Closed, Removed" in detail

    def test_to_a_type_with_a_required_field_that_has_no_default(
        self, api: Api, integration: IntegrationUnderTest
    ) -> None:
        mapping = {"work_item_type": "Customer Request", "status_mapping": {}, "default_fields": {}}
        detail = refusal_of(api, integration, "rule_violation", changes={"/requirement": mapping})

        assert "A required field of the type “Customer Request” has no value: Custom.Team" in detail
        assert "default fields" in detail

    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("Microsoft.VSTS.Common.Priority", 9, "Microsoft.VSTS.Common.Priority"),
            ("Custom.NoSuchField", "x", "A default field does not exist"),
        ],
    )
    def test_with_default_fields_that_are_not_accepted(
        self, api: Api, integration: IntegrationUnderTest, name: str, value: Any, words: str
    ) -> None:
        detail = refusal_of(
            api, integration, "rule_violation", changes={"/feature/default_fields": {name: value}}
        )

        assert words in detail


class TestService:
    def test_that_cannot_be_reached(self, api: Api, system: LocalSystem) -> None:
        system.azure_devops.stop()

        detail = refusal(api, "unavailable")

        assert "could not be reached" in detail
        system.azure_devops.start()
        body = {"account_name": "fabrikam", "personal_access_token": "sandbox-write-token"}
        assert api.post("/test-connection", body).status_code == 200

    def test_that_cuts_every_connection(self, api: Api, azure_devops: AzureDevOps) -> None:
        azure_devops.add_fault(path="/_apis/projects", times=None, cut="before")

        assert "could not be reached" in refusal(api, "unavailable")

    def test_that_is_down_for_a_moment_is_asked_again(self, api: Api, azure_devops: AzureDevOps) -> None:
        azure_devops.add_fault(path="/_apis/projects", times=1, status=503)
        azure_devops.add_fault(path="/workitemtypes", times=1, cut="after")
        body = {"account_name": "fabrikam", "personal_access_token": "sandbox-write-token", **WITH_PROJECT}

        assert api.post("/test-connection", body).status_code == 200

    @pytest.mark.parametrize("status", [500, 503])
    def test_that_stays_down(self, api: Api, azure_devops: AzureDevOps, status: int) -> None:
        azure_devops.add_fault(
            path="/_apis/", times=None, status=status, body="Our services are away", headers=HTML
        )

        detail = refusal(api, "unavailable")

        assert str(status) in detail
        assert "try again later" in detail
        assert len(azure_devops.requests()) > 1

    def test_that_throttles_is_left_alone_for_as_long_as_it_asks(
        self, api: Api, azure_devops: AzureDevOps
    ) -> None:
        azure_devops.add_fault(path="/_apis/projects", status=429, headers={"Retry-After": "1"})
        body = {"account_name": "fabrikam", "personal_access_token": "sandbox-write-token"}

        assert api.post("/test-connection", body).status_code == 200

        refused, accepted = azure_devops.requests()
        assert refused["status"] == 429
        assert accepted["started_at"] - refused["ended_at"] >= 1

    def test_that_throttles_for_longer_than_anyone_waits(
        self, system: LocalSystem, azure_devops: AzureDevOps
    ) -> None:
        # A function app of its own: what it is told holds for all that its process would ask of this host.
        azure_devops.add_fault(path="/_apis/", times=None, status=429, headers={"Retry-After": "300"})
        with further_host(system) as host:
            elsewhere = host.start()
            body = {"account_name": "fabrikam", "personal_access_token": "sandbox-write-token"}
            first = elsewhere.post("/test-connection", body)
            second = elsewhere.post("/test-connection", body)

        assert "throttling" in problem_of(first, 503, "azure_devops_unavailable")["detail"]
        assert int(first.headers["retry-after"]) == 300
        problem_of(second, 503, "azure_devops_unavailable")
        assert 290 <= int(second.headers["retry-after"]) <= 300
        assert len(azure_devops.requests()) == 1

    @pytest.mark.parametrize(
        ("status", "headers"),
        [(203, HTML), (200, HTML), (302, {"location": "https://spsprodeus1.vssps.visualstudio.com/_signin"})],
        ids=["203", "HTML", "redirect"],
    )
    def test_that_shows_its_sign_in_page(
        self, api: Api, azure_devops: AzureDevOps, status: int, headers: dict[str, str]
    ) -> None:
        azure_devops.add_fault(
            path="/_apis/projects",
            status=status,
            headers=headers,
            body="<html>Azure DevOps Services | Sign In",
        )

        detail = refusal(api, "credentials_rejected")

        assert "sign-in page" in detail
        assert "<html>" not in detail
        assert len(azure_devops.requests()) == 1

    def test_that_breaks_its_answer_off(self, api: Api, azure_devops: AzureDevOps) -> None:
        azure_devops.add_fault(path="/workitemtypes", times=None, cut_body_after=100)

        assert "broke before the answer was complete" in refusal(api, "unavailable", **WITH_PROJECT)

    @pytest.mark.parametrize("path", ["/_apis/projects", "/workitemtypes", "/classificationnodes"])
    def test_that_answers_with_something_else_than_it_was_asked_for(
        self, api: Api, azure_devops: AzureDevOps, path: str
    ) -> None:
        for body in ("{", "[]", '"text"', "", "{}", '{"value": {}}'):
            azure_devops.clear_faults()
            headers = {"content-type": "application/json"}
            azure_devops.add_fault(path=path, times=None, status=200, body=body, headers=headers)

            assert "did not give a usable answer" in refusal(api, "unavailable", **WITH_PROJECT), body


def test_a_refusal_is_written_to_the_log_with_what_to_do(api: Api, integration: IntegrationUnderTest) -> None:
    refusal_of(
        api,
        integration,
        "credentials_rejected",
        changes={"/azure_devops/personal_access_token": "sandbox-expired-token"},
    )

    failed, request, *_ = api.log(integration.id)
    assert failed["event"] == "operation.failed"
    assert failed["level"] == "error"
    assert RENEW in failed["message"]
    assert failed["detail"]["code"] == "azure_devops_credentials_rejected"
    assert request["level"] == "warning"
    assert request["detail"]["status"] == 401
