"""Team projects."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from typing import Any

from local.azure_devops.answers import work_item_error
from local.azure_devops.areas import Tree
from local.azure_devops.times import timestamp
from local.azure_devops.work_item_types import PROCESS_IDS, PROCESSES, WorkItemType

_NAMESPACE = uuid.UUID("0b1f6d34-9f0a-4a3e-9e75-4c0b3d8c6f21")


@dataclass
class Project:
    """A team project with its process and trees."""

    name: str
    process: str
    areas: Tree
    iterations: Tree
    description: str = ""
    state: str = "wellFormed"
    created: datetime = datetime(2024, 3, 1, 9, 30, tzinfo=timezone.utc)

    @cached_property
    def id(self) -> str:
        """The project's GUID, the same in every run."""
        return str(uuid.uuid5(_NAMESPACE, self.name))

    @property
    def types(self) -> tuple[WorkItemType, ...]:
        """The work item types of the project's process."""
        return PROCESSES[self.process]

    def find_type(self, name: str) -> WorkItemType | None:
        """The type with this name or reference name, in any case."""
        wanted = name.casefold()
        spellings = ((kind, (kind.name.casefold(), kind.reference_name.casefold())) for kind in self.types)
        return next((kind for kind, names in spellings if wanted in names), None)

    def type_named(self, name: str) -> WorkItemType:
        """The type with this name. Raises VS402323 (404) if there is none."""
        found = self.find_type(name)
        if found is None:
            raise work_item_error(
                404,
                f"VS402323: Work item type {name} does not exist in project {self.id} "
                "or you do not have permission to access it.",
                "WorkItemTypeNotFoundException",
            )
        return found

    def summary(self, base: str) -> dict[str, Any]:
        """An entry of the list of projects."""
        value = {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "url": f"{base}/_apis/projects/{self.id}",
            "state": self.state,
            "revision": 11,
            "visibility": "private",
            "lastUpdateTime": timestamp(self.created),
        }
        if not self.description:
            del value["description"]
        return value

    def details(self, base: str, with_capabilities: bool) -> dict[str, Any]:
        """The body of one project."""
        value = self.summary(base)
        if with_capabilities:
            value["capabilities"] = {
                "processTemplate": {
                    "templateName": self.process,
                    "templateTypeId": PROCESS_IDS[self.process],
                },
                "versioncontrol": {"sourceControlType": "Git", "gitEnabled": "True", "tfvcEnabled": "False"},
            }
        value["_links"] = {
            "self": {"href": f"{base}/_apis/projects/{self.id}"},
            "web": {"href": f"{base}/{self.name}"},
        }
        value["defaultTeam"] = {
            "id": str(uuid.uuid5(_NAMESPACE, f"{self.name} Team")),
            "name": f"{self.name} Team",
            "url": f"{base}/_apis/projects/{self.id}/teams",
        }
        return value


def new_project(
    name: str,
    process: str,
    node_ids: itertools.count[int],
    *,
    description: str = "",
    state: str = "wellFormed",
) -> Project:
    """A project with the two root nodes and three iterations."""
    areas, iterations = Tree(name, "area", node_ids), Tree(name, "iteration", node_ids)
    for number in (1, 2, 3):
        iterations.add([f"Iteration {number}"])
    return Project(name, process, areas, iterations, description, state)
