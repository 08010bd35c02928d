"""The relation types between work items and to other things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.azure_devops.work_items import ARTIFACT_LINK, ATTACHED_FILE, HYPERLINK


@dataclass(frozen=True)
class LinkType:
    """One end of a link type between work items."""

    reference_name: str
    name: str
    opposite: str
    topology: str
    is_forward: bool
    is_single: bool = False

    @property
    def is_acyclic(self) -> bool:
        """Whether following the links may never lead back."""
        return self.topology in ("tree", "dependency")

    def json(self, base: str) -> dict[str, Any]:
        """The relation type as `GET /_apis/wit/workitemrelationtypes` has it."""
        attributes = {
            "usage": "workItemLink",
            "editable": False,
            "enabled": True,
            "acyclic": self.is_acyclic,
            "directional": self.reference_name != self.opposite,
            "singleTarget": self.is_single,
            "topology": self.topology,
            "isForward": self.is_forward,
            "oppositeEndReferenceName": self.opposite,
        }
        return _json(base, self.reference_name, self.name, attributes)


def _pair(stem: str, forward: str, reverse: str, topology: str) -> tuple[LinkType, LinkType]:
    ends = f"{stem}-Forward", f"{stem}-Reverse"
    return (
        LinkType(ends[0], forward, ends[1], topology, is_forward=True),
        LinkType(ends[1], reverse, ends[0], topology, is_forward=False, is_single=topology == "tree"),
    )


_RELATED = "System.LinkTypes.Related"
_LINK_TYPES = (
    *_pair("System.LinkTypes.Hierarchy", "Child", "Parent", "tree"),
    *_pair("System.LinkTypes.Dependency", "Successor", "Predecessor", "dependency"),
    *_pair("System.LinkTypes.Duplicate", "Duplicate", "Duplicate Of", "tree"),
    *_pair("Microsoft.VSTS.Common.TestedBy", "Tested By", "Tests", "dependency"),
    LinkType(_RELATED, "Related", _RELATED, "network", is_forward=True),
)
LINK_TYPES = {kind.reference_name.casefold(): kind for kind in _LINK_TYPES}
RESOURCE_LINKS = {ATTACHED_FILE: "Attached File", HYPERLINK: "Hyperlink", ARTIFACT_LINK: "Artifact Link"}


def relation_types(base: str) -> list[dict[str, Any]]:
    """Every relation type; `base` is the organization's URL."""
    resources = [
        _json(base, reference, name, {"usage": "resourceLink", "editable": False, "enabled": True})
        for reference, name in RESOURCE_LINKS.items()
    ]
    return [kind.json(base) for kind in _LINK_TYPES] + resources


def relation_name(rel: str) -> str:
    """The friendly name that a relation's attributes carry."""
    kind = LINK_TYPES.get(rel.casefold())
    return kind.name if kind else RESOURCE_LINKS[rel]


def _json(base: str, reference_name: str, name: str, attributes: dict[str, Any]) -> dict[str, Any]:
    url = f"{base}/_apis/wit/workItemRelationTypes/{reference_name}"
    return {"attributes": attributes, "referenceName": reference_name, "name": name, "url": url}
