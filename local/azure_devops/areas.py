"""The trees of areas and iterations of a project."""

from __future__ import annotations

import itertools
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from local.azure_devops.answers import new_guid, work_item_error

_SEGMENT = {"area": "Area", "iteration": "Iteration"}
_GROUP = {"area": "Areas", "iteration": "Iterations"}


@dataclass
class Node:
    """An area or iteration; the root has the project's name."""

    id: int
    name: str
    structure: str
    parent: Node | None = None
    identifier: str = field(default_factory=new_guid)
    children: dict[str, Node] = field(default_factory=dict)
    closed_to: set[str] = field(default_factory=set)
    """Ids of the identities that may not save work items here and below."""
    hidden_from: set[str] = field(default_factory=set)
    """Ids of the identities that may neither see nor save work items here and below."""

    def names(self) -> list[str]:
        """The names from the root to this node."""
        above = self.parent.names() if self.parent else []
        return [*above, self.name]

    @property
    def work_item_path(self) -> str:
        """`Project\\Child`, the value of System.AreaPath or System.IterationPath."""
        return "\\".join(self.names())

    @property
    def path(self) -> str:
        """`\\Project\\Area\\Child`, as the classification node itself shows it."""
        root, *below = self.names()
        return "\\" + "\\".join([root, _SEGMENT[self.structure], *below])

    def is_closed_to(self, identity_id: str) -> bool:
        """Whether that identity may not save work items here."""
        above = self.parent is not None and self.parent.is_closed_to(identity_id)
        return identity_id in self.closed_to or self.is_hidden_from(identity_id) or above

    def is_hidden_from(self, identity_id: str) -> bool:
        """Whether that identity may not see work items here."""
        above = self.parent is not None and self.parent.is_hidden_from(identity_id)
        return identity_id in self.hidden_from or above

    def is_under(self, other: Node) -> bool:
        """Whether this is `other` or below it."""
        return self is other or (self.parent is not None and self.parent.is_under(other))

    def walk(self) -> Iterator[Node]:
        """This node and everything below it."""
        yield self
        for child in self.children.values():
            yield from child.walk()

    def json(self, base: str, depth: int) -> dict[str, Any]:
        """The node with `depth` levels below; where it is cut, `children` is absent. `base` ends in the project."""
        value: dict[str, Any] = {
            "id": self.id,
            "identifier": self.identifier,
            "name": self.name,
            "structureType": self.structure,
            "hasChildren": bool(self.children),
        }
        if self.children and depth > 0:
            value["children"] = [child.json(base, depth - 1) for child in self.children.values()]
        value["path"] = self.path
        segments = [urllib.parse.quote(name) for name in self.names()[1:]]
        url = "/".join([f"{base}/_apis/wit/classificationNodes/{_GROUP[self.structure]}", *segments])
        value["_links"] = {"self": {"href": url}}
        value["url"] = url
        return value


class Tree:
    """The areas or the iterations of one project."""

    def __init__(self, project_name: str, structure: str, ids: itertools.count[int]) -> None:
        self._ids = ids
        self.root = Node(next(ids), project_name, structure)

    def add(self, names: Iterable[str]) -> Node:
        """The node at these names below the root. It is created if it does not exist."""
        node = self.root
        for name in names:
            child = node.children.get(name.casefold())
            if child is None:
                child = Node(next(self._ids), name, node.structure, node)
                node.children[name.casefold()] = child
            node = child
        return node

    def find(self, names: Iterable[str]) -> Node | None:
        """The node at these names below the root, in any case."""
        node: Node | None = self.root
        for name in names:
            node = node.children.get(name.casefold()) if node else None
        return node

    def find_work_item_path(self, path: str) -> Node | None:
        """The node whose `work_item_path` this is; a leading or trailing backslash does not matter."""
        root, *below = path.strip("\\").split("\\")
        return self.find(below) if root.casefold() == self.root.name.casefold() else None

    def at_work_item_path(self, path: str, work_item_id: int, field_name: str) -> Node:
        """The node of a work item's path. Raises TF401347 (400) if there is none."""
        node = self.find_work_item_path(path)
        if node is None:
            raise work_item_error(
                400,
                f"TF401347: Invalid tree name given for work item {work_item_id}, field '{field_name}'.",
                "WorkItemInvalidTreeNameException",
            )
        return node
