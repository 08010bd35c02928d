"""Check the configuration of an integration against the areas and work item types of its project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.domain.description_field import FIELD_LABELS
from shared.domain.integration import Integration
from shared.domain.kind import Kind
from shared.domain.project_metadata import WorkItemType
from shared.errors import NotFound, RuleViolation, System


@dataclass(frozen=True)
class Check:
    """A check that succeeded. `name` is its stable name in the answer, `detail` a sentence for a person."""

    name: str
    detail: str


def credentials_check(projects: int, account_name: str) -> Check:
    """The token is accepted by the organization."""
    return Check("credentials", f"The token is accepted and can see {projects} projects of {account_name}.")


def project_check(name: str, areas: int, types: int) -> Check:
    """The project has areas and work item types to choose from."""
    return Check("project", f"{name} has {areas} areas and {types} work item types to choose from.")


def creates_check(integration: Integration) -> Check:
    """Work items of both types can be created."""
    return Check(
        "create_work_item",
        f"{integration.feature.work_item_type} and {integration.requirement.work_item_type} can be created in "
        f"{integration.azure_devops.area_path}.",
    )


def aha_check(user_name: str, email: str, products: int) -> Check:
    """The Aha! token is accepted."""
    user = user_name or email
    return Check("aha", f"Aha! accepts the token of {user}, who can see {products} products.")


def check_mapping(integration: Integration, areas: Sequence[str], types: Sequence[WorkItemType]) -> Check:
    """Check that the project has the integration's work item types, their mapped states, and its area.

    `areas` are the area paths of the project, `types` its available work item types.

    Raises:
        NotFound: a type or the area.
        RuleViolation: the mapping has a state that the type does not have.
    """
    by_name = {item.name: item for item in types}
    for kind in Kind:
        _check_type(kind, integration, by_name)
        _check_description_field(kind, integration, by_name)
    _check_area(integration.azure_devops.area_path, areas)
    return Check("status_mapping", "Every state in the mapping is a state of its work item type.")


def advise_on_descriptions(integration: Integration, types: Sequence[WorkItemType]) -> list[Check]:
    """Warn about each kind of record whose type's form probably shows another description field."""
    by_name = {item.name: item for item in types}
    advice = []
    for kind in Kind:
        work_item_type = by_name.get(integration.mapping(kind).work_item_type)
        if work_item_type is None:
            continue
        used, shown = integration.description_field(work_item_type.name), work_item_type.description_field
        if work_item_type.description_fields and used != shown:
            advice.append(
                f"Descriptions of {kind.value}s are written to the field {FIELD_LABELS[used]}. The form of "
                f"{work_item_type.name} probably shows {FIELD_LABELS[shown]} instead. If so, set "
                f"{kind.value}.description_field to {shown}."
            )
    return [Check("description_field", " ".join(advice))] if advice else []


def _check_type(kind: Kind, integration: Integration, types: Mapping[str, WorkItemType]) -> None:
    mapping = integration.mapping(kind)
    work_item_type = types.get(mapping.work_item_type)
    if work_item_type is None:
        raise NotFound(
            System.AZURE_DEVOPS,
            f"The work item type “{mapping.work_item_type}” chosen for {kind.value}s does not exist in the project, "
            f"or it is disabled. Choose one of: {', '.join(types)}.",
        )
    states = [state.name for state in work_item_type.states]
    unknown = [state for state in mapping.status_mapping if state not in states]
    if unknown:
        raise RuleViolation(
            System.AZURE_DEVOPS,
            f"The mapping of {kind.value}s has states that {work_item_type.name} does not have: {', '.join(unknown)}. "
            f"Its states are: {', '.join(states)}.",
        )


def _check_description_field(kind: Kind, integration: Integration, types: Mapping[str, WorkItemType]) -> None:
    work_item_type = types[integration.mapping(kind).work_item_type]
    used, available = integration.description_field(work_item_type.name), work_item_type.description_fields
    if not available or used in available:
        return
    raise RuleViolation(
        System.AZURE_DEVOPS,
        f"Descriptions of {kind.value}s would be written to the field {FIELD_LABELS[used]} ({used}), which the work "
        f"item type {work_item_type.name} does not have. Set {kind.value}.description_field to {available[0]}, or "
        "choose another type.",
    )


def _check_area(area_path: str, areas: Sequence[str]) -> None:
    if area_path.casefold() in {path.casefold() for path in areas}:
        return
    raise NotFound(
        System.AZURE_DEVOPS,
        f"The area “{area_path}” does not exist in the project, or the token's user cannot see it. Choose another "
        "area.",
    )
