"""What is said about a work item that cannot be read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.absence import below_failed_feature, named_out_of_sight, out_of_sight
from shared.errors import Defect, NotFound, OperationFailed
from tests.unit.examples import a_link, a_record, a_work_item

PAGE = "https://dev.azure.com/fabrikam/web/_workitems/edit/12"
LINK = a_link(a_record(), a_work_item(page_url=PAGE))
WHAT_TO_DO = (
    "No second work item is created. Ask an administrator to give the token's user access to its project and “View "
    "work items in this node” on its area. If the work item no longer exists, unlink {name}; the next send creates a "
    "new one."
)


@pytest.mark.parametrize(
    ("page", "reference", "begin"),
    [
        (PAGE, "PROD-2", f"Work item 12 ({PAGE}) of PROD-2 cannot be read"),
        ("", "PROD-2", "Work item 12 of PROD-2 cannot be read"),
        (PAGE, "", f"Work item 12 ({PAGE}) of 6776487451 cannot be read"),
    ],
    ids=["with a page", "without a page", "without a reference"],
)
def test_a_work_item_out_of_sight_is_named_with_what_to_do(page: str, reference: str, begin: str) -> None:
    error = out_of_sight(replace(LINK, work_item_url=page, reference=reference), "Fabrikam")

    assert error.detail == (
        f"{begin}, and the recycle bin of project “Fabrikam” does not have it. It was moved to an area or project that "
        f"the token's user cannot see, or it was deleted for good. {WHAT_TO_DO.format(name=reference or '6776487451')}"
    )
    assert (error.code, error.evidence) == ("azure_devops_not_found", {"work_item_id": 12})


def test_a_work_item_that_no_link_leads_to_any_more_is_named_by_its_number() -> None:
    error = named_out_of_sight("PROD-2", 12, "Fabrikam")

    assert error.detail == (
        "PROD-2 had work item 12, which was deleted. The recycle bin of project “Fabrikam” no longer has it, and it "
        "cannot be read: it was restored and moved out of the token's sight, or it was deleted for good. "
        f"{WHAT_TO_DO.format(name='PROD-2')}"
    )
    assert error.evidence == {"work_item_id": 12}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (out_of_sight(LINK, "Fabrikam"), NotFound),
        (Defect("A defect.", evidence={"work_item_id": 12}), Defect),
    ],
)
def test_a_requirement_below_a_feature_without_hope_fails_like_it(
    error: OperationFailed, kind: type[OperationFailed]
) -> None:
    failure = below_failed_feature("PROD-2-1", error)

    assert type(failure) is kind
    assert failure.detail == f"PROD-2-1 cannot be put below its feature's work item. {error.detail}"
    assert failure.evidence == {"work_item_id": 12}
