"""WIQL in the sandbox Azure DevOps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from local.azure_devops.times import read_timestamp
from tests.sandbox.azure_devops_caller import (
    AzureDevOpsCaller,
    child_of,
    running_azure_devops,
    set_field,
    title,
)


@pytest.fixture(scope="module")
def ado() -> Iterator[AzureDevOpsCaller]:
    """An organization with some work items; no test changes them but those that say so."""
    with running_azure_devops() as caller:
        caller.create(
            "Feature", title("Pay by card"), set_field("System.AreaPath", "Fabrikam\\Web\\Checkout")
        )
        caller.create("User Story", title("It's quick"), child_of(1), set_field("System.Tags", "shop; web"))
        caller.create(
            "User Story", title("Refunds"), set_field("System.Description", "<div>Money back</div>")
        )
        caller.create("Product Backlog Item", title("Elsewhere"), project="Fabrikam Scrum")
        caller.control("POST", "/work_items", {"count": 1, "type": "Feature", "title": "By Jamal"})
        caller.update(
            3, set_field("System.State", "Active"), set_field("System.AssignedTo", "Jamal Hartnett")
        )
        caller.create("Feature", title("Deleted"))
        caller.control("POST", "/delete", {"id": 6})
        yield caller


def moment(minutes: int) -> str:
    return (datetime.now(timezone.utc) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(days: int) -> str:
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%d")


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("[System.Id] > 0", [1, 2, 3, 4, 5]),
        ("[System.Id] IN (3, 1)", [1, 3]),
        ("[System.Id] <> 1 AND [System.Id] <= 3", [2, 3]),
        ("[System.TeamProject] = @project", [1, 2, 3, 5]),
        ("[System.TeamProject] = 'Fabrikam Scrum'", [4]),
        ("[System.WorkItemType] = 'user story'", [2, 3]),
        ("[Work Item Type] IN ('Feature', 'Product Backlog Item')", [1, 4, 5]),
        ("[System.Title] = 'It''s quick'", [2]),
        ('[System.Title] = "It\'s quick"', [2]),
        ("[System.Title] CONTAINS 'FUND'", [3]),
        ("[System.Title] NOT CONTAINS 'e'", [1, 2, 5]),
        ("[System.Description] CONTAINS 'money'", [3]),
        ("[System.Description] IS NOT EMPTY", [3]),
        ("[System.Tags] CONTAINS 'web'", [2]),
        ("[System.State] NOT IN ('New')", [3]),
        ("NOT [System.State] = 'New'", [3]),
        ("[System.AreaPath] UNDER 'Fabrikam\\Web'", [1]),
        ("[System.AreaPath] UNDER 'Fabrikam'", [1, 2, 3, 5]),
        ("[System.AreaPath] = 'Fabrikam\\Web'", []),
        ("[System.CreatedBy] = @Me", [1, 2, 3, 4]),
        ("[System.CreatedBy] = 'Jamal Hartnett'", [5]),
        ("[System.AssignedTo] = 'Jamal Hartnett <jamal@fabrikam.com>'", [3]),
        ("[System.AssignedTo] IS EMPTY", [1, 2, 4, 5]),
        ("[System.AssignedTo] = ''", [1, 2, 4, 5]),
        ("[System.ChangedBy] = [System.CreatedBy]", [1, 2, 3, 4, 5]),
        ("[System.Rev] >= 2", [3]),
        ("[System.Parent] = 1", [2]),
        ("[System.CreatedDate] >= @Today", [1, 2, 3, 4, 5]),
        ("[System.CreatedDate] >= @Today - 7 AND [System.CreatedDate] < @Today+1", [1, 2, 3, 4, 5]),
        ("[System.CreatedDate] > @Today", []),
        ("[System.Id] = 1 OR [System.Id] = 2 AND [System.Id] = 3", [1]),
        ("([System.Id] = 1 OR [System.Id] = 2) AND [System.Id] < 2", [1]),
        ("System.Id = 1", [1]),
    ],
)
def test_conditions_find_work_items(ado: AzureDevOpsCaller, where: str, ids: list[int]) -> None:
    assert ado.found(where) == ids


def test_dates_count_by_the_day_and_with_time_precision_by_the_second(ado: AzureDevOpsCaller) -> None:
    precise = {"timePrecision": "true"}

    assert ado.found(f"[System.CreatedDate] = '{day(0)}'") == [1, 2, 3, 4, 5]
    assert ado.found(f"[System.CreatedDate] < '{day(0)}'") == []
    assert ado.found(f"[System.CreatedDate] < '{day(0)}T00:00:00Z'") == []
    assert ado.found(f"[System.CreatedDate] >= '{moment(-5)}' AND [System.Id] = 1", **precise) == [1]
    assert ado.found(f"[System.CreatedDate] >= '{moment(5)}'", **precise) == []


def test_a_time_without_time_precision_is_refused(ado: AzureDevOpsCaller) -> None:
    answer = ado.query(f"SELECT [System.Id] FROM WorkItems WHERE [System.ChangedDate] >= '{moment(-5)}'")

    assert answer.status_code == 400
    assert "You cannot supply a time with the date when running a query using date precision." in answer.text


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        ("[System.Id] DESC", [5, 4, 3, 2, 1]),
        ("[System.State] ASC, [System.Id] DESC", [3, 5, 4, 2, 1]),
        ("[System.WorkItemType], [System.Title] DESC", [1, 5, 4, 3, 2]),
    ],
)
def test_results_come_in_the_order_asked_for(ado: AzureDevOpsCaller, order: str, ids: list[int]) -> None:
    answer = ado.query(f"SELECT [System.Id] FROM WorkItems WHERE [System.Id] > 0 ORDER BY {order}")

    assert [row["id"] for row in answer.json()["workItems"]] == ids


def test_only_ids_are_answered_whatever_is_selected(ado: AzureDevOpsCaller) -> None:
    body = ado.query("select [System.Id], [System.Title] from workitems where [System.Id] = 1").json()

    assert (body["queryType"], body["queryResultType"]) == ("flat", "workItem")
    assert [column["referenceName"] for column in body["columns"]] == ["System.Id", "System.Title"]
    assert [set(row) for row in body["workItems"]] == [{"id", "url"}]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT [System.Id] FROM WorkItems WHERE",
        "SELECT FROM WorkItems",
        "[System.Id] FROM WorkItems",
        "SELECT [System.Id] WHERE [System.Id] = 1",
        "SELECT [System.Id] FROM Somewhere",
        "SELECT [System.Id] FROM WorkItemLinks WHERE [System.Id] = 1",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Id] = ",
        "SELECT [System.Id] FROM WorkItems WHERE ([System.Id] = 1",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Id] = 1 AND",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Id] IN (1, )",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Id] = 'one'",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Title] = 'It's'",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Title] LIKE 'a'",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Description] = 'a'",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Id] CONTAINS '1'",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Title] UNDER 'Fabrikam'",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Title] = @Nothing",
        "SELECT [System.Id] FROM WorkItems WHERE [System.CreatedDate] = 'yesterday'",
        "SELECT [System.Id] FROM WorkItems; DROP",
        "SELECT [System.Id] FROM WorkItems ORDER [System.Id]",
        "SELECT [System.Id] FROM WorkItems trailing",
        "",
    ],
)
def test_what_is_no_query_is_refused(ado: AzureDevOpsCaller, query: str) -> None:
    assert ado.query(query).status_code == 400


def test_a_field_that_does_not_exist_is_named(ado: AzureDevOpsCaller) -> None:
    answer = ado.query("SELECT [System.Id] FROM WorkItems WHERE [Custom.Nothing] = 1")

    assert answer.status_code == 400
    assert answer.json()["message"] == (
        "TF51005: The query references a field that does not exist. The error is caused by «[Custom.Nothing]»."
    )


def test_a_top_clause_is_what_the_service_calls_a_missing_from(ado: AzureDevOpsCaller) -> None:
    answer = ado.query("SELECT TOP 5 [System.Id] FROM WorkItems")

    assert answer.json()["message"] == (
        "TF51006: The query statement is missing a FROM clause. The error is caused by «5»."
    )


def test_the_project_macro_needs_a_project_in_the_url(ado: AzureDevOpsCaller) -> None:
    query = "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project"

    assert ado.query(query, project=None).status_code == 400
    assert ado.query(query, project="Fabrikam/Fabrikam Team").status_code == 200


def test_a_query_has_at_most_32000_characters(ado: AzureDevOpsCaller) -> None:
    query = "SELECT [System.Id] FROM WorkItems WHERE [System.Title] = '{}'"

    assert ado.query(query.format("x" * (32_001 - len(query) + 2))).status_code == 400
    assert ado.query(query.format("x" * (32_000 - len(query) + 2))).status_code == 200


def test_time_passes_for_changes_and_queries_alike() -> None:
    recent = "SELECT [System.Id] FROM WorkItems WHERE [System.ChangedDate] >= '{}'"
    with running_azure_devops() as ado:
        ado.create()
        ado.create()

        hour_later = ado.control("POST", "/clock", {"seconds": 3600})["now"]
        changed = ado.update(2, title("Changed"))["fields"]["System.ChangedDate"]
        found = ado.query(recent.format(moment(30)), timePrecision="true").json()
        ado.control("DELETE", "/all")
        afterwards = ado.create()["fields"]["System.ChangedDate"]

    assert [row["id"] for row in found["workItems"]] == [2]
    assert moment(30) < hour_later
    assert read_timestamp(hour_later) <= read_timestamp(changed) <= read_timestamp(found["asOf"])
    assert afterwards < moment(5)


def test_too_many_results_are_refused_not_cut(ado: AzureDevOpsCaller) -> None:
    ado.control("PUT", "/limits", {"query_results": 4})
    query = "SELECT [System.Id] FROM WorkItems"

    refused, cut = ado.query(query), ado.query(query, **{"$top": "2"})
    ado.control("PUT", "/limits", {"query_results": 20_000})

    assert refused.status_code == 400
    assert refused.json()["message"].startswith("VS402337")
    assert [row["id"] for row in cut.json()["workItems"]] == [1, 2]
