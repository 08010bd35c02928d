"""Which work item a record gets although no link leads to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.adoption import (
    NotAdopted,
    adoptable,
    adopted_orphan,
    first_to_name,
    named_work_item,
    one_record_per_work_item,
)
from shared.domain.images import Images
from shared.domain.integration_fields import read_integration_fields
from shared.domain.links import Base, Field, digest
from shared.domain.work_item import WorkItem, description_digest
from tests.unit.examples import ACCOUNT_URL, a_record, a_requirement, a_work_item, an_integration

INTEGRATION = an_integration()


def naming(*named: tuple[int, str], service: str = "vsts") -> Any:
    """Integration fields that name work items, each with its URL, for one integration of Aha! each."""
    fields = [
        {"name": name, "value": value, "service_name": service, "integration_id": str(number)}
        for number, (work_item_id, url) in enumerate(named)
        for name, value in (("id", str(work_item_id)), ("url", url))
        if value
    ]
    return read_integration_fields(fields)


def page(work_item_id: int, account_url: str = ACCOUNT_URL) -> str:
    """The page of a work item."""
    return f"{account_url}/Fabrikam/_workitems/edit/{work_item_id}"


def named(fields: Any) -> int | NotAdopted | None:
    """What these integration fields name for a record that the organization fabrikam is synced with."""
    return named_work_item(a_record(integration_fields=fields), "", "fabrikam", ACCOUNT_URL)


# What Aha!'s fields name.


def test_a_record_without_integration_fields_names_nothing() -> None:
    assert named(None) is None
    assert named(()) is None


def test_an_id_without_a_url_may_be_in_this_organization() -> None:
    assert named(naming((12, ""))) == 12


def test_of_several_the_first_in_this_organization_is_taken() -> None:
    elsewhere = page(11, "https://dev.azure.com/other")

    assert named(naming((11, elsewhere), (12, page(12)), (13, page(13)))) == 12


def test_a_work_item_of_another_organization_is_not_taken_and_the_reason_says_so() -> None:
    refusal = named(naming((11, page(11, "https://dev.azure.com/other"))))

    assert isinstance(refusal, NotAdopted)
    assert refusal.message("PROD-2") == (
        "Aha! names work item 11 for PROD-2, but its URL does not lead to it in the organization fabrikam. "
        "A new work item is created."
    )


# Which record keeps it.


@pytest.mark.parametrize(
    ("names", "linked", "kept"),
    [
        ({"A": 12, "B": 13}, {}, {"A": 12, "B": 13}),
        ({"A": 12, "B": 12}, {}, {"A": 12}),
        ({"A": 12, "B": 12}, {12: "B"}, {"B": 12}),
        ({"A": 12, "B": 12}, {12: "A"}, {"A": 12}),
        ({"A": 12, "B": 12}, {12: "C"}, {}),
        ({"A": 12}, {13: "C"}, {"A": 12}),
    ],
    ids=[
        "each names its own",
        "both name it",
        "the second is linked to it",
        "the first is linked to it",
        "a third is linked to it",
        "another work item is linked",
    ],
)
def test_a_work_item_belongs_to_the_record_that_is_linked_to_it_else_to_the_first_that_names_it(
    names: dict[str, int], linked: dict[int, str], kept: dict[str, int]
) -> None:
    assert one_record_per_work_item(names, linked) == kept


def test_the_first_record_that_names_a_work_item_comes_first() -> None:
    assert first_to_name({"B": 12, "A": 12, "C": 13}) == {12: "B", 13: "C"}


# Whether it may be adopted.


@pytest.mark.parametrize(
    ("project", "work_item_type", "reason"),
    [
        ("Fabrikam", "Feature", None),
        ("fabrikam", "FEATURE", None),
        ("Contoso", "Feature", "it is in the project Contoso"),
        ("Fabrikam", "Bug", "its type is Bug"),
        ("Contoso", "Bug", "it is in the project Contoso"),
    ],
)
def test_what_is_adopted_is_in_the_project_and_of_the_mapped_type(
    project: str, work_item_type: str, reason: str | None
) -> None:
    item = a_work_item(project=project, type=work_item_type)

    assert adoptable(12, item, a_record(), INTEGRATION) == (NotAdopted(12, reason) if reason else item)


def test_the_mapped_type_is_that_of_the_records_kind() -> None:
    item = a_work_item(project="Fabrikam", type="user STORY")

    assert adoptable(12, item, a_requirement(), INTEGRATION) == item
    assert adoptable(12, item, a_record(), INTEGRATION) == NotAdopted(12, "its type is user STORY")


def test_a_project_that_is_configured_by_its_id_is_known_by_the_root_of_the_area() -> None:
    target = replace(INTEGRATION.azure_devops, project="0f1e2d3c", area_path="Fabrikam\\Web")
    integration = replace(INTEGRATION, azure_devops=target)

    item = a_work_item(project="Fabrikam")
    assert adoptable(12, item, a_record(), integration) == item


def test_what_cannot_be_read_is_not_adopted_and_the_log_says_what_to_do() -> None:
    refusal = adoptable(12, None, a_record(), INTEGRATION)

    assert isinstance(refusal, NotAdopted)
    assert refusal.message("PROD-2") == (
        "Aha! names work item 12 for PROD-2, but it cannot be read. A new work item is created. Remove the old one "
        "from the record's integration fields in Aha!, or give the token's user access to it."
    )


# The base of an orphan.

INTENDED = {Field.NAME: digest("Search by colour"), Field.DESCRIPTION: description_digest("<p>New</p>")}


def orphan(first: WorkItem, present: WorkItem | None = None) -> dict[Field, Base]:
    """The base of an orphan."""
    return dict(adopted_orphan(present or first, first, INTENDED, INTEGRATION, Images()).base)


def test_the_base_of_an_orphan_is_what_the_claim_intended_and_what_the_first_revision_made_of_it() -> None:
    first = a_work_item(description="<div>New</div>")

    assert orphan(first) == {
        Field.NAME: Base(digest("Search by colour"), digest("Search by colour")),
        Field.DESCRIPTION: Base(description_digest("<p>New</p>"), description_digest("<div>New</div>")),
        Field.STATE: Base("", digest("New")),
    }


def test_what_an_engineer_changed_since_is_not_in_the_base_of_an_orphan() -> None:
    first = a_work_item()
    edited = a_work_item(revision=3, title="By an engineer", state="Active")

    assert orphan(first, edited) == orphan(first)
    assert adopted_orphan(edited, first, INTENDED, INTEGRATION, Images()).work_item == edited


def test_an_orphan_of_which_an_engineer_changed_the_type_keeps_the_text_of_the_old_field() -> None:
    first = a_work_item(description="<p>New</p>")
    as_bug = a_work_item(
        revision=2,
        type="Bug",
        description="",
        description_field="Microsoft.VSTS.TCM.ReproSteps",
        shown_field="Microsoft.VSTS.TCM.ReproSteps",
        other_description="<p>New</p>",
    )

    adopted = adopted_orphan(as_bug, first, INTENDED, INTEGRATION, Images())

    assert adopted.work_item.description == "<p>New</p>"
    assert adopted.work_item.description_is_hidden
