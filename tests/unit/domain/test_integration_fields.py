"""The work items that Aha!'s integration fields name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.integration_fields import NamedWorkItem, named_work_items
from tests.unit.examples import ACCOUNT_URL, json_values

PAGE = f"{ACCOUNT_URL}/Fabrikam/_workitems/edit/101"


def field(name: str, value: Any, integration: Any = "2", service: str = "vsts") -> dict[str, Any]:
    return {"name": name, "value": value, "integration_id": integration, "service_name": service}


def test_the_fields_of_one_integration_belong_together() -> None:
    fields = [
        field("id", "101", 1, "tfs"),
        field("url", PAGE, "2"),
        field("id", 102, "2"),
        field("url", "https://dev.azure.com/other/p/_workitems/edit/101", "1", "tfs"),
    ]

    assert named_work_items(fields) == (
        NamedWorkItem(101, ("https://dev.azure.com/other/p/_workitems/edit/101",)),
        NamedWorkItem(102, (PAGE,)),
    )


@pytest.mark.parametrize(
    "fields",
    [
        [field("id", "101", service="jira"), field("url", PAGE, service="jira")],
        [field("id", "101", service="webhooks"), field("url", PAGE, service="webhooks")],
        [field("url", PAGE)],
        [field("id", "101"), field("id", "102")],
    ],
)
def test_no_work_item_is_named(fields: list[dict[str, Any]]) -> None:
    assert named_work_items(fields) == ()


def test_older_fields_without_an_integration_are_taken_by_service() -> None:
    fields = [
        {"name": "id", "value": "101", "service_name": "tfs"},
        {"name": "url", "value": PAGE, "service_name": "tfs"},
    ]

    assert named_work_items(fields) == (NamedWorkItem(101, (PAGE,)),)


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
    for item in named_work_items(fields):
        assert item.is_in_account("fabrikam", ACCOUNT_URL) in (True, False)
