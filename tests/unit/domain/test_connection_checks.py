"""The checks of an integration's configuration against its project."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.connection_checks import (
    Check,
    advise_on_descriptions,
    aha_check,
    check_mapping,
    creates_check,
    credentials_check,
    project_check,
)
from shared.domain.description_field import REPRO_STEPS
from shared.domain.description_field import SYSTEM_DESCRIPTION as DESCRIPTION
from shared.domain.integration import Integration, RecordMapping
from shared.domain.project_metadata import State, WorkItemType
from shared.errors import NotFound, OperationFailed, RuleViolation
from tests.unit.examples import an_integration

AREAS = ["Fabrikam", "Fabrikam\\Web"]
NEW, ACTIVE = State("New", "Proposed", "b2b2b2"), State("Active", "InProgress", "007acc")
FEATURE = WorkItemType("Feature", "Microsoft.VSTS.WorkItemTypes.Feature", "773B93", (NEW, ACTIVE), ())
STORY = WorkItemType("User Story", "Microsoft.VSTS.WorkItemTypes.UserStory", "009CCC", (NEW,), ())
TYPES = [FEATURE, STORY]

# The integration of the examples: Feature with New and Active, User Story with New, area Fabrikam\Web.
INTEGRATION = an_integration()


def in_area(area_path: str) -> Integration:
    return replace(INTEGRATION, azure_devops=replace(INTEGRATION.azure_devops, area_path=area_path))


def test_a_mapping_that_fits_the_project_passes() -> None:
    assert check_mapping(INTEGRATION, AREAS, TYPES) == Check(
        "status_mapping", "Every state in the mapping is a state of its work item type."
    )


def test_a_type_that_is_missing_or_disabled_is_reported_with_the_types_to_choose() -> None:
    with pytest.raises(NotFound) as failure:
        check_mapping(INTEGRATION, AREAS, [FEATURE])

    assert failure.value.code == "azure_devops_not_found"
    assert failure.value.detail == (
        "The work item type “User Story” chosen for requirements does not exist in the project, or it is disabled. "
        "Choose one of: Feature."
    )


def test_a_mapped_state_that_the_type_does_not_have_is_reported_with_its_states() -> None:
    mapped = {"New": "Under consideration", "Done": "Shipped", "Gone": "Shipped"}
    integration = replace(INTEGRATION, feature=RecordMapping("Feature", mapped))

    with pytest.raises(RuleViolation) as failure:
        check_mapping(integration, AREAS, TYPES)

    assert failure.value.detail == (
        "The mapping of features has states that Feature does not have: Done, Gone. Its states are: New, Active."
    )


def test_a_state_that_is_not_mapped_is_allowed() -> None:
    integration = replace(INTEGRATION, feature=RecordMapping("Feature", {}))

    check_mapping(integration, AREAS, TYPES)


def test_states_are_compared_with_their_case() -> None:
    # Azure DevOps answers states in their own case, and a mapping is looked up by that text.
    integration = replace(INTEGRATION, feature=RecordMapping("Feature", {"active": "In development"}))

    with pytest.raises(RuleViolation, match="active"):
        check_mapping(integration, AREAS, TYPES)


def test_an_area_that_does_not_exist_is_reported() -> None:
    with pytest.raises(NotFound, match="“Fabrikam\\\\Shop” does not exist"):
        check_mapping(in_area("Fabrikam\\Shop"), AREAS, TYPES)


def test_areas_are_compared_without_regard_to_case() -> None:
    check_mapping(in_area("fabrikam\\WEB"), AREAS, TYPES)


@pytest.mark.parametrize(
    ("types", "first"),
    [([], "work item type “Feature”"), ([FEATURE], "work item type “User Story”"), (TYPES, "area")],
)
def test_types_are_checked_before_the_area(types: list[WorkItemType], first: str) -> None:
    with pytest.raises(OperationFailed, match=first):
        check_mapping(in_area("Elsewhere"), AREAS, types)


def described_by(type_name: str, *fields: str, chosen: str = "") -> tuple[Integration, list[WorkItemType]]:
    """An integration whose requirements become a type with these description fields."""
    kind = WorkItemType(type_name, "X", "CC293D", (NEW,), (), fields)
    return replace(INTEGRATION, requirement=RecordMapping(type_name, {}, description_field=chosen)), [
        FEATURE,
        kind,
    ]


@pytest.mark.parametrize(
    ("type_name", "has", "chosen", "words"),
    [
        ("User Story", DESCRIPTION, REPRO_STEPS, "Repro Steps (Microsoft.VSTS.TCM.ReproSteps)"),
        ("Bug", DESCRIPTION, "", "Repro Steps (Microsoft.VSTS.TCM.ReproSteps)"),
        ("Defect", REPRO_STEPS, "", "Description (System.Description)"),
    ],
)
def test_a_field_that_the_type_lacks_is_reported_with_the_one_to_choose(
    type_name: str, has: str, chosen: str, words: str
) -> None:
    integration, types = described_by(type_name, has, chosen=chosen)

    with pytest.raises(RuleViolation) as failure:
        check_mapping(integration, AREAS, types)

    assert f"{words}, which the work item type {type_name} does not have" in failure.value.detail
    assert f"Set requirement.description_field to {has}" in failure.value.detail


@pytest.mark.parametrize(
    ("type_name", "chosen", "advised"),
    [
        ("Defect", "", True),
        ("Bug", DESCRIPTION, True),
        ("Bug", "", False),
        ("Defect", REPRO_STEPS, False),
    ],
)
def test_a_field_that_the_form_probably_does_not_show_is_named(
    type_name: str, chosen: str, advised: bool
) -> None:
    integration, types = described_by(type_name, DESCRIPTION, REPRO_STEPS, chosen=chosen)

    check_mapping(integration, AREAS, types)
    advice = advise_on_descriptions(integration, types)

    assert [check.name for check in advice] == (["description_field"] if advised else [])
    assert all("The form of " + type_name in check.detail for check in advice)


def test_a_type_whose_fields_are_unknown_is_not_judged() -> None:
    integration, types = described_by("Bug")

    check_mapping(integration, AREAS, types)
    assert advise_on_descriptions(integration, types) == []


@pytest.mark.parametrize(
    ("check", "name", "detail"),
    [
        (
            credentials_check(12, "fabrikam"),
            "credentials",
            "The token is accepted and can see 12 projects of fabrikam.",
        ),
        (
            project_check("Fabrikam", 3, 7),
            "project",
            "Fabrikam has 3 areas and 7 work item types to choose from.",
        ),
        (
            creates_check(INTEGRATION),
            "create_work_item",
            "Feature and User Story can be created in Fabrikam\\Web.",
        ),
        (
            aha_check("Ana Lima", "ana@fabrikam.com", 2),
            "aha",
            "Aha! accepts the token of Ana Lima, who can see 2 products.",
        ),
        (
            aha_check("", "ana@fabrikam.com", 0),
            "aha",
            "Aha! accepts the token of ana@fabrikam.com, who can see 0 products.",
        ),
    ],
    ids=["token", "project", "creates", "Aha!", "a user of Aha! without a name"],
)
def test_a_check_that_succeeded_says_what_it_proves(check: Check, name: str, detail: str) -> None:
    assert check == Check(name, detail)
