"""A project's areas and work item types, read from what Azure DevOps answers.

Shapes: https://learn.microsoft.com/rest/api/azure/devops/wit/classification-nodes and …/work-item-types (7.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.description_field import DESCRIPTION_FIELDS, description_field_among

HIDDEN_CATEGORY = "Microsoft.HiddenCategory"

_FILLED_BY_AZURE_DEVOPS = frozenset(
    ("System.Id", "System.Rev", "System.AreaId", "System.IterationId", "System.IterationPath", "System.State")
) | frozenset(
    ("System.Reason", "System.CreatedDate", "System.CreatedBy", "System.ChangedDate", "System.ChangedBy")
)
_FILLED_BY_A_SEND = frozenset(
    ("System.Title", "System.AreaPath", "System.WorkItemType", "System.TeamProject")
)


@dataclass(frozen=True)
class State:
    """A state of a type; `category` is one of Proposed, InProgress, Resolved, Completed, Removed."""

    name: str
    category: str
    color: str


@dataclass(frozen=True)
class RequiredField:
    """A required field without a default value that neither Azure DevOps nor a send fills in."""

    reference_name: str
    name: str


@dataclass(frozen=True)
class WorkItemType:
    """A type that people can create. `states` is empty if the answer did not contain them.

    `description_fields` are the fields of the type that a description may be in.
    """

    name: str
    reference_name: str
    color: str
    states: tuple[State, ...]
    required_fields: tuple[RequiredField, ...]
    description_fields: tuple[str, ...] = ()

    @property
    def description_field(self) -> str:
        """The field that the type's form shows a description in."""
        return description_field_among(self.description_fields)


@dataclass(frozen=True)
class TruncatedNode:
    """An area whose children the answer left out. `path` has the names below the root of the tree."""

    path: tuple[str, ...]


def area_paths(node: Mapping[str, Any], above: tuple[str, ...] = ()) -> tuple[list[str], list[TruncatedNode]]:
    """The System.AreaPath of a node and of every area below it, the node's own first, and the truncated nodes.

    The paths are built from the names of the nodes, because a node's `path` contains the word Area or Iteration and a
    System.AreaPath does not. `above` has the names above the node.
    """
    here = (*above, str(node.get("name", "")))
    paths: list[str] = ["\\".join(here)]
    truncated: list[TruncatedNode] = []
    children = node.get("children")
    if not isinstance(children, list):
        if node.get("hasChildren"):
            truncated.append(TruncatedNode(here[1:]))
        return paths, truncated
    for child in sorted((item for item in children if isinstance(item, Mapping)), key=_name_of):
        below, truncated_below = area_paths(child, here)
        paths += below
        truncated += truncated_below
    return paths, truncated


def _name_of(node: Mapping[str, Any]) -> str:
    return str(node.get("name", "")).casefold()


def available_types(
    types: Iterable[Mapping[str, Any]], categories: Iterable[Mapping[str, Any]]
) -> list[WorkItemType]:
    """The types that are neither disabled nor in the hidden category, in the order of `types`."""
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
        description_fields=_description_fields(source),
    )


def read_states(states: Iterable[Mapping[str, Any]]) -> tuple[State, ...]:
    """The states of one type, in their order."""
    return tuple(
        State(str(item.get("name", "")), str(item.get("category") or ""), str(item.get("color") or ""))
        for item in states
    )


def _description_fields(source: Mapping[str, Any]) -> tuple[str, ...]:
    names = {str(item.get("referenceName", "")) for item in _fields(source)}
    return tuple(name for name in DESCRIPTION_FIELDS if name in names)


def _fields(source: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return source.get("fields") or source.get("fieldInstances") or ()


def _required_fields(source: Mapping[str, Any]) -> tuple[RequiredField, ...]:
    needed = (
        RequiredField(str(item.get("referenceName", "")), str(item.get("name", "")))
        for item in _fields(source)
        if item.get("alwaysRequired") and item.get("defaultValue") in (None, "")
    )
    description_field = description_field_among(_description_fields(source))
    filled = _FILLED_BY_AZURE_DEVOPS | _FILLED_BY_A_SEND | {description_field}
    return tuple(field for field in needed if field.reference_name not in filled)
