"""Testing a connection: what it finds to choose from, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

import pytest

from local.system import WRITE_TOKEN, LocalSystem
from tests.e2e.configuration_bodies import LEFT_OUT, changed, faults_of, problem_of
from tests.e2e.configuration_hosts import further_host
from tests.e2e.system import Api, AzureDevOps, IntegrationUnderTest

ACCOUNT = {"account_name": "fabrikam", "personal_access_token": WRITE_TOKEN}
WITH_PROJECT = {**ACCOUNT, "project": "Fabrikam"}


def connection(api: Api, body: Any) -> dict[str, Any]:
    """The answer of a test of the connection, which must succeed."""
    answer = api.post("/test-connection", body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-operation-id"]
    result: dict[str, Any] = answer.json()
    assert set(result) == {"ok", "account_name", "account_url", "projects", "project", "checks"}
    assert result["ok"] is True
    assert all(check["ok"] is True and check["detail"] for check in result["checks"])
    return result


def checks_of(result: Mapping[str, Any]) -> list[str]:
    return [check["name"] for check in result["checks"]]


def types_of(result: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in result["project"]["work_item_types"]}


def last_segments(requests: Iterable[Mapping[str, Any]]) -> list[str]:
    return [request["path"].rsplit("/", 1)[1].lower() for request in requests]


def were_under_way_together(requests: Iterable[Mapping[str, Any]]) -> bool:
    return all(
        first["started_at"] < second["ended_at"] and second["started_at"] < first["ended_at"]
        for first, second in combinations(requests, 2)
    )


def test_an_account_and_a_token_give_the_projects_by_name(
    api: Api, azure_devops: AzureDevOps, system: LocalSystem
) -> None:
    result = connection(api, ACCOUNT)

    assert result["account_name"] == "fabrikam"
    assert result["account_url"] == f"{system.azure_devops.url}/fabrikam"
    # One that is being deleted is not among them.
    assert [project["name"] for project in result["projects"]] == [
        "Contoso Café",
        "Fabrikam",
        "Fabrikam Scrum",
    ]
    assert all(set(project) == {"id", "name"} for project in result["projects"])
    assert result["project"] is None
    assert checks_of(result) == ["credentials"]


@pytest.mark.parametrize(
    "account_name",
    [
        " fabrikam ",
        "https://dev.azure.com/fabrikam",
        "https://dev.azure.com/fabrikam/Fabrikam/_workitems",
        "dev.azure.com/fabrikam/",
        "fabrikam.visualstudio.com",
        "https://fabrikam.visualstudio.com/DefaultCollection",
    ],
)
def test_an_account_may_be_given_as_its_address(
    api: Api, azure_devops: AzureDevOps, account_name: str
) -> None:
    assert connection(api, {**ACCOUNT, "account_name": account_name})["account_name"] == "fabrikam"


@pytest.mark.parametrize("project", ["Fabrikam", "fabrikam", "id"])
def test_a_project_may_be_given_by_its_name_or_its_id(
    api: Api, azure_devops: AzureDevOps, project: str
) -> None:
    if project == "id":
        project = next(one["id"] for one in connection(api, ACCOUNT)["projects"] if one["name"] == "Fabrikam")

    result = connection(api, {**ACCOUNT, "project": project})

    assert result["project"]["name"] == "Fabrikam"
    assert result["project"]["id"] in {one["id"] for one in result["projects"]}
    assert checks_of(result) == ["credentials", "project"]


def test_a_project_name_that_needs_escaping_works(api: Api, azure_devops: AzureDevOps) -> None:
    result = connection(api, {**ACCOUNT, "project": "Contoso Café"})

    assert result["project"]["areas"] == ["Contoso Café", "Contoso Café\\Küche"]


def test_two_hundred_and_fifty_projects_are_all_listed(api: Api, azure_devops: AzureDevOps) -> None:
    azure_devops.control("POST", "/projects", {"count": 250, "prefix": "product "})

    names = [project["name"] for project in connection(api, ACCOUNT)["projects"]]

    assert len(names) == 253
    assert names == sorted(names, key=str.casefold)


def test_projects_are_listed_from_every_page(api: Api, azure_devops: AzureDevOps) -> None:
    azure_devops.control("POST", "/projects", {"count": 1100})
    azure_devops.control("POST", "/projects", {"name": "Zoo"})
    azure_devops.clear_requests()

    result = connection(api, {**ACCOUNT, "project": "Zoo"})

    assert len(result["projects"]) == 1104
    assert result["project"]["name"] == "Zoo"
    assert last_segments(azure_devops.requests())[:2] == ["projects", "projects"]


class TestAreas:
    def test_come_as_the_values_that_a_work_item_has(self, api: Api, azure_devops: AzureDevOps) -> None:
        areas = connection(api, WITH_PROJECT)["project"]["areas"]

        assert areas[0] == "Fabrikam"
        assert {"Fabrikam\\Web", "Fabrikam\\Web\\Checkout", "Fabrikam\\Devices"} <= set(areas)
        levels = "\\".join(f"Level {number}" for number in range(2, 13))
        assert f"Fabrikam\\Platform\\{levels}" in areas
        assert len(areas) == len(set(areas))

    def test_come_whole_from_a_tree_that_is_large_and_deep(self, api: Api, azure_devops: AzureDevOps) -> None:
        deep = ["\\".join(f"{branch} {level}" for level in range(1, 31)) for branch in ("North", "South")]
        wide = [f"Wide\\Team {number:04}" for number in range(2000)]
        azure_devops.control("POST", "/areas", {"project": "Fabrikam Scrum", "paths": [*deep, *wide]})
        wanted = {"Fabrikam Scrum", "Fabrikam Scrum\\Web", "Fabrikam Scrum\\Wide"}
        wanted |= {f"Fabrikam Scrum\\{path}" for path in wide}
        for path in deep:
            names = path.split("\\")
            wanted |= {"\\".join(["Fabrikam Scrum", *names[:end]]) for end in range(1, 31)}

        areas = connection(api, {**ACCOUNT, "project": "Fabrikam Scrum"})["project"]["areas"]

        assert len(areas) == len(wanted)
        assert set(areas) == wanted

    def test_offered_can_be_chosen(
        self, api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest
    ) -> None:
        deepest = max(connection(api, WITH_PROJECT)["project"]["areas"], key=lambda path: path.count("\\"))
        api.put_integration(integration.id, changed(integration.body, {"/azure_devops/area_path": deepest}))

        assert "create_work_item" in checks_of(connection(api, {"integration_id": integration.id}))


class TestWorkItemTypes:
    def test_leave_out_what_is_hidden_or_disabled(self, api: Api, azure_devops: AzureDevOps) -> None:
        assert list(types_of(connection(api, WITH_PROJECT))) == [
            "Epic",
            "Feature",
            "User Story",
            "Task",
            "Bug",
            "Issue",
            "Customer Request",
            "Test Case",
        ]

    def test_have_their_states_with_category_and_colour(self, api: Api, azure_devops: AzureDevOps) -> None:
        story = types_of(connection(api, WITH_PROJECT))["User Story"]

        keys = {"name", "reference_name", "color", "description_field", "states", "required_fields"}
        assert set(story) == keys
        assert story["reference_name"] == "Microsoft.VSTS.WorkItemTypes.UserStory"
        assert story["color"] == "009CCC"
        assert story["states"] == [
            {"name": "New", "category": "Proposed", "color": "b2b2b2"},
            {"name": "Active", "category": "InProgress", "color": "007acc"},
            {"name": "Resolved", "category": "Resolved", "color": "ff9d00"},
            {"name": "Closed", "category": "Completed", "color": "339933"},
            {"name": "Removed", "category": "Removed", "color": "ffffff"},
        ]

    def test_name_the_fields_that_nobody_else_fills_in(self, api: Api, azure_devops: AzureDevOps) -> None:
        types = types_of(connection(api, WITH_PROJECT))

        assert types["Customer Request"]["required_fields"] == [
            {"reference_name": "Custom.Team", "name": "Team"}
        ]
        assert [name for name, item in types.items() if item["required_fields"]] == ["Customer Request"]

    def test_are_those_of_the_project_s_own_process(self, api: Api, azure_devops: AzureDevOps) -> None:
        types = types_of(connection(api, {**ACCOUNT, "project": "Fabrikam Scrum"}))

        assert "Product Backlog Item" in types
        assert "User Story" not in types
        assert [state["name"] for state in types["Feature"]["states"]] == [
            "New",
            "In Progress",
            "Done",
            "Removed",
        ]

    def test_have_the_field_that_their_form_shows_a_description_in(self, api: Api) -> None:
        types = types_of(connection(api, WITH_PROJECT))

        shown = {name: kind["description_field"] for name, kind in types.items()}
        assert shown.pop("Bug") == "Microsoft.VSTS.TCM.ReproSteps"
        assert set(shown.values()) == {"System.Description"}


class TestOfAnIntegration:
    def test_uses_what_is_stored_and_proves_that_both_types_can_be_created(
        self, api: Api, integration: IntegrationUnderTest
    ) -> None:
        result = connection(api, {"integration_id": integration.id})

        assert result["project"]["name"] == "Fabrikam"
        assert checks_of(result) == ["credentials", "project", "status_mapping", "create_work_item"]
        proof = result["checks"][-1]["detail"]
        assert "Feature" in proof
        assert "User Story" in proof
        assert "Fabrikam\\Web" in proof

    def test_writes_nothing(
        self, api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest
    ) -> None:
        azure_devops.clear_requests()

        connection(api, {"integration_id": integration.id})

        writes = [request for request in azure_devops.requests() if request["method"] != "GET"]
        assert len(writes) == 2
        assert all("validateOnly=true" in request["query"] for request in writes)
        assert azure_devops.control("GET", "/work_items")["work_items"] == []
        assert azure_devops.control("GET", "/attachments")["attachments"] == []

    def test_gives_default_fields_to_the_types_that_require_them(
        self, api: Api, integration: IntegrationUnderTest
    ) -> None:
        request = {
            "work_item_type": "Customer Request",
            "status_mapping": {"Received": "Under consideration"},
            "default_fields": {"Custom.Team": "Web"},
        }
        api.put_integration(integration.id, {**integration.body, "requirement": request})

        assert "create_work_item" in checks_of(connection(api, {"integration_id": integration.id}))

    @pytest.mark.parametrize("pointer", ["/azure_devops/area_path", "/feature/work_item_type"])
    def test_that_is_not_complete_yet_shows_what_there_is_to_choose(
        self, api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest, pointer: str
    ) -> None:
        incomplete = changed(integration.body, {pointer: "", "/enabled": False})
        api.put_integration(integration.id, incomplete)

        result = connection(api, {"integration_id": integration.id})

        assert checks_of(result) == ["credentials", "project"]
        assert result["project"]["areas"]

    def test_may_look_at_another_project_than_the_stored_one(
        self, api: Api, integration: IntegrationUnderTest
    ) -> None:
        result = connection(api, {"integration_id": integration.id, "project": "Fabrikam Scrum"})

        assert result["project"]["name"] == "Fabrikam Scrum"
        assert checks_of(result) == ["credentials", "project"]

    def test_without_account_and_token_says_so(self, api: Api, integration_id: str) -> None:
        api.put_integration(integration_id, {"name": "Empty", "product_id": "P"})

        answer = api.post("/test-connection", {"integration_id": integration_id})

        assert list(faults_of(answer)) == ["/integration_id"]

    def test_that_does_not_exist_is_not_found(self, api: Api) -> None:
        problem_of(api.post("/test-connection", {"integration_id": "nobody"}), 404, "integration_not_found")

    def test_is_written_to_its_log(self, api: Api, integration: IntegrationUnderTest) -> None:
        answer = api.post("/test-connection", {"integration_id": integration.id})

        entries = api.log(integration.id, operation_id=answer.headers["x-operation-id"])
        assert len([entry for entry in entries if entry["event"] == "azure-devops.request"]) == 6


class TestCost:
    """Answers are slowed down, so that what is asked side by side is seen to overlap."""

    def test_without_a_project_is_one_request(self, api: Api, azure_devops: AzureDevOps) -> None:
        connection(api, ACCOUNT)

        assert last_segments(azure_devops.requests()) == ["projects"]

    def test_with_a_project_is_one_request_and_then_three_side_by_side(
        self, api: Api, azure_devops: AzureDevOps
    ) -> None:
        azure_devops.set_latency(400)

        connection(api, WITH_PROJECT)

        first, *others = azure_devops.requests()
        assert last_segments([first]) == ["projects"]
        assert sorted(last_segments(others)) == ["areas", "workitemtypecategories", "workitemtypes"]
        assert were_under_way_together(others)
        assert all(first["ended_at"] <= request["started_at"] for request in others)

    def test_of_the_proof_is_two_more_side_by_side(
        self, api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest
    ) -> None:
        azure_devops.clear_requests()
        azure_devops.set_latency(400)

        connection(api, {"integration_id": integration.id})

        creates = azure_devops.requests()[4:]
        assert last_segments(creates) in (["$feature", "$user story"], ["$user story", "$feature"])
        assert were_under_way_together(creates)


class TestWithTheAppsOwnIdentity:
    """A function app of its own: the tokens of the identity are kept for as long as the process lives."""

    def test_needs_no_token_and_gets_one_of_its_own_once(
        self, system: LocalSystem, azure_devops: AzureDevOps, api: Api, integration: IntegrationUnderTest
    ) -> None:
        entra = {"/azure_devops/authentication": "entra", "/azure_devops/personal_access_token": LEFT_OUT}
        assert api.put_integration(integration.id, changed(integration.body, entra)).status_code == 200
        azure_devops.clear_requests()
        with further_host(system) as host:
            elsewhere = host.start()

            unsaved = {"account_name": "fabrikam", "authentication": "entra", "project": "Fabrikam"}
            assert connection(elsewhere, unsaved)["project"]["name"] == "Fabrikam"
            stored = connection(elsewhere, {"integration_id": integration.id})

        assert "create_work_item" in checks_of(stored)
        identity = [one for one in azure_devops.requests() if one["path"] == "/_identity/token"]
        assert len(identity) == 1
        assert "resource=499b84ac-1321-427f-aa17-267ca6975798" in identity[0]["query"]

    def test_says_so_where_the_app_has_none(
        self, system: LocalSystem, azure_devops: AzureDevOps, api: Api
    ) -> None:
        with further_host(system) as host:
            elsewhere = host.start(IDENTITY_ENDPOINT=f"{system.azure_devops.url}/_identity/nothing")
            answer = elsewhere.post(
                "/test-connection", {"account_name": "fabrikam", "authentication": "entra"}
            )

        problem = problem_of(answer, 422, "azure_devops_credentials_rejected")
        assert "managed identity" in problem["detail"]


class TestBody:
    def test_must_name_an_account_with_a_token_or_an_integration(self, api: Api) -> None:
        assert set(faults_of(api.post("/test-connection", {}))) == {"/account_name", "/personal_access_token"}

    def test_is_checked_as_a_whole(self, api: Api) -> None:
        answer = api.post(
            "/test-connection",
            {
                "account_name": "https://example.com/fabrikam",
                "personal_access_token": 7,
                "project": ["Fabrikam"],
                "authentication": "basic",
            },
        )

        assert set(faults_of(answer)) == {
            "/account_name",
            "/personal_access_token",
            "/project",
            "/authentication",
        }

    @pytest.mark.parametrize("name", ["-fabrikam", "fab rikam", "fabrikam!", "x" * 51, "../other", "a/b"])
    def test_must_have_an_account_that_could_be_one(self, api: Api, name: str) -> None:
        answer = api.post("/test-connection", {**ACCOUNT, "account_name": name})

        assert set(faults_of(answer)) == {"/account_name"}
