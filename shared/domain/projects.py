"""Find a project of an organization. Azure DevOps lists projects as `{"id", "name", …}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import NotFound, System


def project_named(projects: Sequence[Mapping[str, Any]], wanted: str) -> Mapping[str, Any]:
    """The project that has this name or id. Raises NotFound."""
    found = next((item for item in projects if is_named(item, wanted)), None)
    if found is None:
        raise NotFound(
            System.AZURE_DEVOPS,
            f"The project “{wanted}” does not exist, or the token's user cannot see it. Choose one of the projects "
            "that the connection test lists, or ask an administrator of the project to add the user.",
        )
    return found


def is_named(project: Mapping[str, Any], wanted: str) -> bool:
    """Whether `wanted` is the project's id or its name, in any case."""
    return wanted.casefold() in (str(project.get("id")).casefold(), str(project.get("name")).casefold())
