"""A project's areas and work item types, as a person chooses among them.

Shapes: https://learn.microsoft.com/rest/api/azure/devops/wit/classification-nodes and …/work-item-types (7.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

HIDDEN_CATEGORY = "Microsoft.HiddenCategory"

_FILLED_BY_AZURE_DEVOPS = frozenset(
    ("System.Id", "System.Rev", "System.AreaId", "System.IterationId", "System.IterationPath", "System.State")
) | frozenset(
    ("System.Reason", "System.CreatedDate", "System.CreatedBy", "System.ChangedDate", "System.ChangedBy")
)
_FILLED_BY_US = frozenset(
    ("System.Title", "System.Description", "System.AreaPath", "System.WorkItemType", "System.TeamProject")
)


@dataclass(frozen=True)
class State:
    """A state of a type; `category` is one of Proposed, InProgress, Resolved, Completed, Removed."""

    name: str
    category: str
    color: str


@dataclass(frozen=True)
class RequiredField:
    """A field that a new work item must have and that neither Azure DevOps nor a send fills in."""

    reference_name: str
    name: str


@dataclass(frozen=True)
class WorkItemType:
    """A type that people may create. `states` is empty where the list of types did not carry them."""

    name: str
    reference_name: str
    color: str
    states: tuple[State, ...]
    required_fields: tuple[RequiredField, ...]


@dataclass(frozen=True)
class Cut:
    """A place in the area tree where the answer stopped although there is more: its path below the root."""

    path: tuple[str, ...]


def area_paths(node: Mapping[str, Any], above: tuple[str, ...] = ()) -> tuple[list[str], list[Cut]]:
    """Every area below a node as its System.AreaPath, the node's own first, and where the tree was cut off.

    Built from the names of the nodes: their `path` has the words Area or Iteration in it, which a System.AreaPath has
    not. `above` are the names above the node.
    """
    here = (*above, str(node.get("name", "")))
    paths, cuts = ["\\".join(here)], []
    children = node.get("children")
    if not isinstance(children, list):
        if node.get("hasChildren"):
            cuts.append(Cut(here[1:]))
        return paths, cuts
    for child in sorted((item for item in children if isinstance(item, Mapping)), key=_name_of):
        below, further = area_paths(child, here)
        paths += below
        cuts += further
    return paths, cuts


def _name_of(node: Mapping[str, Any]) -> str:
    return str(node.get("name", "")).casefold()


def offered_types(
    types: Iterable[Mapping[str, Any]], categories: Iterable[Mapping[str, Any]]
) -> list[WorkItemType]:
    """The types that are neither disabled nor hidden, in their order."""
    hidden = {
        str(item.get("name"))
        for category in categories
        if category.get("referenceName") == HIDDEN_CATEGORY
        for item in category.get("workItemTypes") or ()
    }
    return [
        _type(item) for item in types if not item.get("isDisabled") and str(item.get("name")) not in hidden
    ]


def _type(source: Mapping[str, Any]) -> WorkItemType:
    return WorkItemType(
        name=str(source.get("name", "")),
        reference_name=str(source.get("referenceName", "")),
        color=str(source.get("color") or ""),
        states=read_states(source.get("states") or ()),
        required_fields=_required_fields(source),
    )


def read_states(states: Iterable[Mapping[str, Any]]) -> tuple[State, ...]:
    """The states of one type."""
    return tuple(
        State(str(item.get("name", "")), str(item.get("category") or ""), str(item.get("color") or ""))
        for item in states
    )


def _required_fields(source: Mapping[str, Any]) -> tuple[RequiredField, ...]:
    fields = source.get("fields") or source.get("fieldInstances") or ()
    needed = (
        RequiredField(str(item.get("referenceName", "")), str(item.get("name", "")))
        for item in fields
        if item.get("alwaysRequired") and item.get("defaultValue") in (None, "")
    )
    filled = _FILLED_BY_AZURE_DEVOPS | _FILLED_BY_US
    return tuple(field for field in needed if field.reference_name not in filled)
