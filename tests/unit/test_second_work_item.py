"""What the log says about a second work item."""

from __future__ import annotations

import pytest

from shared.second_work_item import log_second_work_item
from tests.unit.examples import a_work_item
from tests.unit.operations import an_operation

OTHER = a_work_item(id=174, page_url="https://dev.azure.com/fabrikam/174")


@pytest.mark.parametrize(
    ("page", "linked"),
    [("https://dev.azure.com/fabrikam/12", "12 (https://dev.azure.com/fabrikam/12)"), ("", "12")],
)
def test_both_work_items_are_named_and_what_to_do(page: str, linked: str) -> None:
    operation, log = an_operation()

    log_second_work_item(operation, "PROD-2", 12, page, OTHER)
    operation.log.flush()

    (entry,) = log.of("work-item.second")
    assert entry.message.startswith(
        f"PROD-2 is linked to work item {linked}, but work item 174 (https://dev.azure.com/fabrikam/174) also carries "
        "its marker."
    )
    assert "Copy what is needed into work item 12, then delete work item 174" in entry.message
    assert entry.detail == {
        "code": "already_linked",
        "reference": "PROD-2",
        "work_item_id": 12,
        "second_work_item_id": 174,
        "second_work_item_url": "https://dev.azure.com/fabrikam/174",
    }
