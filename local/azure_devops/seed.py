"""The organization as it is at the start."""

from __future__ import annotations

from local.azure_devops.identities import SYNCHRONIZATION
from local.azure_devops.organization import Organization
from local.azure_devops.projects import Project, new_project

ORGANIZATION = "fabrikam"
CLOSED_AREA = "Secret"
_DEEP_BRANCH = ("Platform", *(f"Level {number}" for number in range(2, 13)))


def fabrikam() -> Organization:
    """The organization `fabrikam` with its projects and without work items."""
    organization = Organization(ORGANIZATION)
    main = new_project("Fabrikam", "Agile", organization.node_ids, description="Shop and devices")
    for path in (("Web",), ("Web", "Checkout"), ("Devices",), _DEEP_BRANCH):
        main.areas.add(path)
    main.areas.add((CLOSED_AREA,)).closed_to.add(SYNCHRONIZATION.id)
    scrum = new_project("Fabrikam Scrum", "Scrum", organization.node_ids)
    scrum.areas.add(("Web",))
    cafe = new_project("Contoso Café", "Agile", organization.node_ids, description="Menüs und Bestellungen")
    cafe.areas.add(("Küche",))
    retired = new_project("Contoso Retired", "Agile", organization.node_ids, state="deleting")
    organization.projects += [main, scrum, cafe, retired]
    return organization


def add_projects(organization: Organization, names: list[str]) -> list[Project]:
    """More projects, for paging."""
    added = [new_project(name, "Agile", organization.node_ids) for name in names]
    organization.projects += added
    return added
