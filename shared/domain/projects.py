"""The projects of an organization, `{"id", "name", …}` each, and which of them is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import NotFound, System


def project_named(projects: Sequence[Mapping[str, Any]], wanted: str) -> Mapping[str, Any]:
    """The project of this name or id. Raises NotFound."""
    found = next((item for item in projects if is_named(item, wanted)), None)
    if found is None:
        raise NotFound(
            System.AZURE_DEVOPS,
            f"The project “{wanted}” does not exist, or the token's user cannot see it. Choose one of the projects "
            "that the test lists, or let an administrator of the project add the user.",
        )
    return found


def is_named(project: Mapping[str, Any], wanted: str) -> bool:
    """Whether this is the project's name, in whatever case, or its id."""
    return wanted.casefold() in (str(project.get("id")).casefold(), str(project.get("name")).casefold())
