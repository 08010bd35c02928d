"""Which record a name stands for, and when it may be linked to a work item."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.integration import RecordMapping
from shared.domain.link_rules import check_fits, check_is_free, check_is_not_created, is_link_of, record_named
from shared.domain.records import Feature
from shared.domain.references import read_record_name
from shared.errors import AlreadyLinked, FeatureBusy, NotFound, RuleViolation
from tests.unit.examples import a_link, a_record, a_requirement, a_work_item, an_integration

FEATURE = a_record()
REQUIREMENT = a_requirement()
SECOND = a_requirement(id="6776487453", reference="prod-2-2")
LINK = a_link(FEATURE, a_work_item(id=174, page_url="https://dev.azure.com/fabrikam/_workitems/edit/174"))
INTEGRATION = an_integration()


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("PROD-2", FEATURE),
        ("6776487451", FEATURE),
        ("prod-2-1", REQUIREMENT),
        ("6776487452", REQUIREMENT),
        ("PROD-2-2", SECOND),
    ],
)
def test_a_name_is_that_of_the_feature_or_of_one_of_its_requirements(name: str, record: Any) -> None:
    assert record_named(Feature(FEATURE, (REQUIREMENT, SECOND)), read_record_name(name)) == record


@pytest.mark.parametrize("name", ["PROD-1-7", "PROD-2-9", "74", "PROD-1"])
def test_a_name_that_no_record_has_is_not_that_of_the_feature(name: str) -> None:
    """Given a requirement that was moved here, which Aha! still finds by its old reference."""
    with pytest.raises(NotFound) as caught:
        record_named(Feature(FEATURE, (REQUIREMENT, SECOND)), read_record_name(name))

    assert caught.value.code == "aha_not_found"
    assert caught.value.detail.startswith(
        f"Aha! leads from {name} to PROD-2, which has no record with that name."
    )


@pytest.mark.parametrize("created", [(), (174,)])
def test_a_work_item_that_an_interrupted_send_created_may_be_linked(created: tuple[int, ...]) -> None:
    check_is_not_created(FEATURE, created, 174)


@pytest.mark.parametrize("created", [(12,), (174, 12), (12, 13)])
def test_a_work_item_beside_one_that_an_interrupted_send_created_is_refused(
    created: tuple[int, ...],
) -> None:
    with pytest.raises(AlreadyLinked, match="created work item 12 for PROD-2"):
        check_is_not_created(FEATURE, created, 174)


def test_a_work_item_may_be_linked_to_the_record_already() -> None:
    assert is_link_of(FEATURE, LINK)
    assert not is_link_of(FEATURE, None)


@pytest.mark.parametrize(("reference", "other"), [("PROD-2", "PROD-2"), ("", "6776487451")])
def test_a_work_item_of_another_record_is_refused(reference: str, other: str) -> None:
    with pytest.raises(AlreadyLinked) as caught:
        is_link_of(REQUIREMENT, replace(LINK, reference=reference))

    assert caught.value.detail == f"Work item 174 belongs to {other}. Unlink {other} first."


def test_a_record_with_another_work_item_is_refused() -> None:
    with pytest.raises(AlreadyLinked) as caught:
        check_is_free(FEATURE, LINK, is_claimed=False)

    assert caught.value.detail == (
        "PROD-2 has work item 174 (https://dev.azure.com/fabrikam/_workitems/edit/174). Unlink PROD-2 first."
    )


def test_a_record_whose_work_item_is_being_created_is_refused_for_a_minute() -> None:
    with pytest.raises(FeatureBusy) as caught:
        check_is_free(a_record(reference=""), None, is_claimed=True)

    assert caught.value.retry_after == 60
    assert caught.value.detail == ("A send is creating the work item of 6776487451. Try again in a minute.")


def test_a_record_without_a_work_item_is_free() -> None:
    check_is_free(FEATURE, None, is_claimed=False)


@pytest.mark.parametrize("project", ["Fabrikam", "fabrikam"])
@pytest.mark.parametrize("configured", ["Fabrikam", "FABRIKAM", "6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c"])
def test_a_work_item_of_the_project_fits_however_the_project_is_named(project: str, configured: str) -> None:
    target = replace(INTEGRATION.azure_devops, project=configured)

    check_fits(a_work_item(project=project), FEATURE, an_integration(azure_devops=target))


def test_a_work_item_of_another_project_is_refused() -> None:
    with pytest.raises(RuleViolation) as caught:
        check_fits(a_work_item(id=174, project="Contoso"), FEATURE, INTEGRATION)

    assert caught.value.code == "azure_devops_rule_violation"
    assert caught.value.detail == (
        "Work item 174 is not in the project Fabrikam, which this integration sends to. Choose a work item of Fabrikam."
    )


def test_a_work_item_of_another_type_is_refused() -> None:
    with pytest.raises(RuleViolation) as caught:
        check_fits(a_work_item(id=174, project="Fabrikam"), REQUIREMENT, INTEGRATION)

    assert caught.value.code == "azure_devops_rule_violation"
    assert caught.value.detail == (
        "Work item 174 is a Feature, and this integration maps requirements to User Story. Choose a User Story, or "
        "change the type of the work item."
    )


def test_the_case_of_a_type_does_not_matter_as_in_a_send() -> None:
    integration = an_integration(requirement=RecordMapping("user story", {}))

    check_fits(a_work_item(project="Fabrikam", type="User Story"), REQUIREMENT, integration)
