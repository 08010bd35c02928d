"""Check the configuration of an integration against the areas and work item types of its project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.domain.integration import Integration
from shared.domain.kind import Kind
from shared.domain.project_metadata import WorkItemType
from shared.errors import NotFound, RuleViolation, System


@dataclass(frozen=True)
class Check:
    """A check that succeeded. `name` is its stable name in the answer, `detail` a sentence for a person."""

    name: str
    detail: str


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
    _check_area(integration.azure_devops.area_path, areas)
    return Check("status_mapping", "Every state in the mapping is a state of its work item type.")


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


def _check_area(area_path: str, areas: Sequence[str]) -> None:
    if area_path.casefold() in {path.casefold() for path in areas}:
        return
    raise NotFound(
        System.AZURE_DEVOPS,
        f"The area “{area_path}” does not exist in the project, or the token's user cannot see it. Choose another "
        "area.",
    )
