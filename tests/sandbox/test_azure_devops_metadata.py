"""Projects, areas, work item types and fields of the sandbox Azure DevOps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.azure_devops_caller import AzureDevOpsCaller, running_azure_devops


@pytest.fixture
def ado() -> Iterator[AzureDevOpsCaller]:
    with running_azure_devops() as caller:
        yield caller


def names(body: dict[str, Any]) -> list[str]:
    return [entry["name"] for entry in body["value"]]


def test_only_well_formed_projects_are_listed_by_default(ado: AzureDevOpsCaller) -> None:
    listed, everything = ado.get("/_apis/projects"), ado.get("/_apis/projects", params={"stateFilter": "all"})

    assert names(listed) == ["Fabrikam", "Fabrikam Scrum", "Contoso Café"]
    assert names(everything) == [*names(listed), "Contoso Retired"]


def test_projects_come_in_pages_of_a_hundred_with_a_continuation_token(ado: AzureDevOpsCaller) -> None:
    ado.control("POST", "/projects", {"count": 250, "prefix": "Project "})

    pages: list[list[str]] = []
    token: str | None = ""
    while token is not None:
        answer = ado.call("GET", "/_apis/projects", params={"continuationToken": token} if token else {})
        pages.append(names(answer.json()))
        token = answer.headers.get("x-ms-continuationtoken")

    assert [len(page) for page in pages] == [100, 100, 53]
    assert len({name for page in pages for name in page}) == 253


def test_a_page_of_projects_has_the_size_asked_for(ado: AzureDevOpsCaller) -> None:
    answer = ado.call("GET", "/_apis/projects", params={"$top": 1, "$skip": 1})

    assert names(answer.json()) == ["Fabrikam Scrum"]
    assert answer.headers["x-ms-continuationtoken"] == "2"


@pytest.mark.parametrize("name", ["Fabrikam", "fabrikam"])
def test_a_project_is_found_by_name_in_any_case_and_by_id(ado: AzureDevOpsCaller, name: str) -> None:
    project = ado.get(f"/_apis/projects/{name}", params={"includeCapabilities": "true"})

    assert project["capabilities"]["processTemplate"]["templateName"] == "Agile"
    assert ado.get(f"/_apis/projects/{project['id']}")["name"] == "Fabrikam"


def test_a_project_with_accents_is_addressed_by_its_name(ado: AzureDevOpsCaller) -> None:
    root = ado.get("/Contoso Café/_apis/wit/classificationnodes/Areas", params={"$depth": 1})

    assert root["children"][0]["path"] == "\\Contoso Café\\Area\\Küche"


def test_a_node_without_a_depth_has_no_children_key(ado: AzureDevOpsCaller) -> None:
    root = ado.get("/Fabrikam/_apis/wit/classificationnodes/Areas")

    assert root["hasChildren"] is True
    assert "children" not in root
    assert root["path"] == "\\Fabrikam\\Area"


def test_children_are_absent_where_the_depth_cuts_the_tree(ado: AzureDevOpsCaller) -> None:
    root = ado.get("/Fabrikam/_apis/wit/classificationNodes/areas", params={"$depth": 1})
    web = next(child for child in root["children"] if child["name"] == "Web")

    assert web["hasChildren"] is True
    assert "children" not in web
    assert web["path"] == "\\Fabrikam\\Area\\Web"


def test_a_branch_is_twelve_levels_deep(ado: AzureDevOpsCaller) -> None:
    node = ado.get("/Fabrikam/_apis/wit/classificationnodes/Areas", params={"$depth": 14})
    node = next(child for child in node["children"] if child["name"] == "Platform")
    depth = 1
    while "children" in node:
        node, depth = node["children"][0], depth + 1

    assert depth == 12
    assert node["hasChildren"] is False


def test_a_node_is_read_by_its_path_without_the_project(ado: AzureDevOpsCaller) -> None:
    node = ado.get("/Fabrikam/_apis/wit/classificationnodes/Areas/Web/Checkout")
    missing = ado.call("GET", "/Fabrikam/_apis/wit/classificationnodes/Areas/Nowhere")

    assert node["path"] == "\\Fabrikam\\Area\\Web\\Checkout"
    assert node["url"].endswith("/classificationNodes/Areas/Web/Checkout")
    assert missing.status_code == 404


def test_areas_can_be_added_by_the_thousand(ado: AzureDevOpsCaller) -> None:
    added = ado.control(
        "POST", "/areas", {"project": "Fabrikam", "paths": ["Fabrikam\\Web\\New"], "count": 2000}
    )
    root = ado.get("/Fabrikam/_apis/wit/classificationnodes/Areas", params={"$depth": 2})

    assert added["areas"][0] == "Fabrikam\\Web\\New"
    assert len(root["children"]) == 2000 + 4


def test_types_carry_states_colours_and_say_whether_they_are_disabled(ado: AzureDevOpsCaller) -> None:
    types = {kind["name"]: kind for kind in ado.get("/Fabrikam/_apis/wit/workitemtypes")["value"]}

    assert types["Feature"]["color"] == "773B93"
    assert types["Feature"]["referenceName"] == "Microsoft.VSTS.WorkItemTypes.Feature"
    assert [state["name"] for state in types["User Story"]["states"]] == [
        "New",
        "Active",
        "Resolved",
        "Closed",
        "Removed",
    ]
    assert {name for name, kind in types.items() if kind["isDisabled"]} == {"Risk"}
    assert "Code Review Request" in types


def test_scrum_has_other_types_and_states(ado: AzureDevOpsCaller) -> None:
    states = ado.get("/Fabrikam Scrum/_apis/wit/workitemtypes/Product Backlog Item/states")

    assert [(state["name"], state["category"]) for state in states["value"]] == [
        ("New", "Proposed"),
        ("Approved", "Proposed"),
        ("Committed", "InProgress"),
        ("Done", "Completed"),
        ("Removed", "Removed"),
    ]


def test_hidden_types_are_those_of_the_hidden_category(ado: AzureDevOpsCaller) -> None:
    categories = {
        entry["referenceName"]: entry
        for entry in ado.get("/Fabrikam/_apis/wit/workitemtypecategories")["value"]
    }

    hidden = {kind["name"] for kind in categories["Microsoft.HiddenCategory"]["workItemTypes"]}
    assert {"Code Review Request", "Shared Steps", "Test Plan"} <= hidden
    assert "Feature" not in hidden
    assert categories["Microsoft.RequirementCategory"]["defaultWorkItemType"]["name"] == "User Story"


def test_allowed_values_are_shown_only_when_asked_for(ado: AzureDevOpsCaller) -> None:
    path = "/Fabrikam/_apis/wit/workitemtypes/Customer Request/fields"
    plain = {rule["referenceName"]: rule for rule in ado.get(path)["value"]}
    expanded = {rule["referenceName"]: rule for rule in ado.get(path, params={"$expand": "all"})["value"]}

    assert "allowedValues" not in plain["Custom.Team"]
    assert expanded["Custom.Team"]["allowedValues"] == ["Web", "Mobile"]
    assert expanded["Custom.Team"]["alwaysRequired"] is True
    assert expanded["Custom.Team"]["defaultValue"] is None
    assert expanded["System.IterationId"]["alwaysRequired"] is True
    assert expanded["System.IterationPath"]["alwaysRequired"] is False


def test_a_bug_has_a_description_and_repro_steps(ado: AzureDevOpsCaller) -> None:
    fields = ado.get("/Fabrikam/_apis/wit/workitemtypes/Bug/fields")["value"]

    assert {"System.Description", "Microsoft.VSTS.TCM.ReproSteps"} <= {
        rule["referenceName"] for rule in fields
    }


def test_an_unknown_type_is_404(ado: AzureDevOpsCaller) -> None:
    answer = ado.call("GET", "/Fabrikam/_apis/wit/workitemtypes/Saga/states")

    assert answer.status_code == 404
    assert answer.json()["typeKey"] == "WorkItemTypeNotFoundException"
    assert "VS402323: Work item type Saga does not exist in project" in answer.json()["message"]


def test_fields_tell_their_type(ado: AzureDevOpsCaller) -> None:
    description = ado.get("/_apis/wit/fields/System.Description")
    changed = ado.get("/_apis/wit/fields/System.ChangedDate")

    assert description["type"] == "html"
    assert (changed["type"], changed["readOnly"]) == ("dateTime", True)
    assert ado.call("GET", "/_apis/wit/fields/Custom.Nothing").status_code == 404


def test_relation_types_name_both_ends(ado: AzureDevOpsCaller) -> None:
    types = {entry["referenceName"]: entry for entry in ado.get("/_apis/wit/workitemrelationtypes")["value"]}

    parent = types["System.LinkTypes.Hierarchy-Reverse"]
    assert parent["name"] == "Parent"
    assert parent["attributes"]["oppositeEndReferenceName"] == "System.LinkTypes.Hierarchy-Forward"
    assert parent["attributes"]["acyclic"] is True
    assert types["AttachedFile"]["attributes"]["usage"] == "resourceLink"
