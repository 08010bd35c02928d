"""The work items that Aha!'s integration fields name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.integration_fields import (
    IntegrationField,
    NamedWorkItem,
    named_work_items,
    own_field_ids,
    read_integration_fields,
)
from tests.unit.examples import ACCOUNT_URL, json_values

PAGE = f"{ACCOUNT_URL}/Fabrikam/_workitems/edit/101"


def field(
    name: str, value: Any, integration: Any = "2", service: str = "vsts", ident: Any = "1"
) -> dict[str, Any]:
    return {
        "id": ident,
        "name": name,
        "value": value,
        "integration_id": integration,
        "service_name": service,
    }


def named(fields: Any, own_integration_id: str = "") -> tuple[NamedWorkItem, ...]:
    """The work items that the fields of a record name."""
    return named_work_items(read_integration_fields(fields), own_integration_id)


@pytest.mark.parametrize("fields", [None, {}, "x", 7])
def test_a_record_may_not_say_which_fields_it_has(fields: Any) -> None:
    assert read_integration_fields(fields) is None


def test_a_field_is_read_whatever_the_shape_of_its_ids() -> None:
    older = {"id": 728894778, "name": "url", "value": " x ", "service_name": "webhooks"}

    assert read_integration_fields([field("id", 174, 204584239, "webhooks", "9"), older, None, []]) == (
        IntegrationField("9", "id", "174", "204584239", "webhooks"),
        IntegrationField("728894778", "url", "x", "", "webhooks"),
    )


def test_the_fields_of_one_integration_belong_together() -> None:
    fields = [
        field("id", "101", 1, "tfs"),
        field("url", PAGE, "2"),
        field("id", 102, "2"),
        field("url", "https://dev.azure.com/other/p/_workitems/edit/101", "1", "tfs"),
    ]

    assert named(fields) == (
        NamedWorkItem(101, ("https://dev.azure.com/other/p/_workitems/edit/101",)),
        NamedWorkItem(102, (PAGE,)),
    )


@pytest.mark.parametrize(
    "fields",
    [
        [field("id", "101", service="jira"), field("url", PAGE, service="jira")],
        [field("id", "101", service="webhooks")],
        [field("url", PAGE)],
        [field("id", "101"), field("id", "102")],
    ],
)
def test_no_work_item_is_named(fields: list[dict[str, Any]]) -> None:
    assert named(fields) == ()


def test_older_fields_without_an_integration_are_taken_by_service() -> None:
    fields = [
        {"name": "id", "value": "101", "service_name": "tfs"},
        {"name": "url", "value": PAGE, "service_name": "tfs"},
    ]

    assert named(fields) == (NamedWorkItem(101, (PAGE,)),)


def test_an_integration_webhook_names_a_work_item_by_id_and_url() -> None:
    """Other tools use webhooks, too, and an id of theirs without a URL may be anything."""
    fields = [field("id", "101", service="webhooks"), field("url", PAGE, service="webhooks")]

    assert named(fields) == (NamedWorkItem(101, (PAGE,)),)
    assert named(fields[:1], own_integration_id="2") == (NamedWorkItem(101),)


def test_the_integration_that_the_app_is_told_to_use_comes_first_whatever_its_service() -> None:
    fields = [
        field("id", "101", "1", "tfs"),
        field("id", "102", "2", "jira"),
        field("id", "103", "3", "jira"),
    ]

    assert named(fields, own_integration_id="2") == (NamedWorkItem(102), NamedWorkItem(101))


def test_the_apps_own_fields_are_those_by_which_it_would_find_the_work_item_again() -> None:
    fields = [
        field("id", "101", "1", "tfs", "11"),
        field("id", "101", "2", "webhooks", "21"),
        field("url", PAGE, "2", "webhooks", "22"),
        field("note", "kept", "2", "webhooks", "23"),
        field("id", "102", "3", "webhooks", "31"),
        field("id", 101, "4", "jira", "41"),
        field("id", "101", "5", "jira", "51"),
    ]

    assert own_field_ids(read_integration_fields(fields), ["4"], 101) == ("21", "22", "41")
    assert own_field_ids(None, ["4"], 101) == ()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (PAGE, True),
        ("https://FABRIKAM.visualstudio.com/Fabrikam/_workitems/edit/101", True),
        ("https://dev.azure.com/Fabrikam/_apis/wit/workItems/101", True),
        (f"{ACCOUNT_URL}/Fabrikam/_workitems?id=101", True),
        (f"{ACCOUNT_URL}/Fabrikam/_workitems/edit/102", False),
        ("https://dev.azure.com/other/Fabrikam/_workitems/edit/101", False),
        ("https://other.visualstudio.com/_workitems/edit/101", False),
        ("https://tfs.example/fabrikam/_workitems/edit/101", False),
        ("https://dev.azure.com.example/fabrikam/_workitems/edit/101", False),
        ("https://[", False),
        ("fabrikam", True),
    ],
)
def test_a_url_must_lead_to_the_organization_and_the_work_item(url: str, expected: bool) -> None:
    assert NamedWorkItem(101, (url,)).is_in_account("fabrikam", ACCOUNT_URL) is expected


def test_without_a_url_the_number_is_taken_as_ours() -> None:
    assert NamedWorkItem(101).is_in_account("fabrikam", ACCOUNT_URL)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["name", "value", "integration_id", "service_name"]),
            json_values(max_leaves=3) | st.sampled_from(["id", "url", "tfs", "vsts", "101"]),
        )
    )
)
def test_no_json_raises_an_error(fields: Any) -> None:
    for item in named(fields, "101"):
        assert item.is_in_account("fabrikam", ACCOUNT_URL) in (True, False)
