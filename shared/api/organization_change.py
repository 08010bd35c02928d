"""Refuse another organization for an integration with links. Only Azure DevOps knows whether a name is a new name."""

from __future__ import annotations

from shared.app import App
from shared.domain.claims import ClaimDecision, decide
from shared.domain.integration import Integration
from shared.domain.links import KnownWorkItem
from shared.domain.organization_change import (
    is_back_in,
    is_same_organization,
    organization_busy,
    organization_in_use,
    work_items_to_look_at,
)
from shared.domain.organization_urls import Organization
from shared.domain.work_item import WorkItem
from shared.operation import Operation


def check_organization_has_work_items(
    app: App, operation: Operation, integration: Integration, before: str
) -> None:
    """Refuse the integration's organization unless it has the linked work items, or there are none.

    `before` is the stored integration's organization, empty if its name was removed.

    Raises:
        OrganizationInUse: it does not have them, or a send is running.
        CredentialsRejected, Forbidden, NotFound, Unavailable: Azure DevOps did not show its work items.
    """
    target = integration.azure_devops
    known = _known(app, operation, integration)
    if not known:
        return
    if not before and is_back_in(Organization(target.account_name, app.settings.azure_devops_url), known):
        return
    looked_at = work_items_to_look_at(known)
    items: dict[int, WorkItem] = {}
    if target.has_credentials:
        azure_devops = app.azure_devops(target, operation)
        # Every organization has this list. Without it, the name is wrong; a 404 of work items proves nothing.
        azure_devops.projects()
        items = azure_devops.work_items([one.work_item_id for one in looked_at])
    if not is_same_organization(integration.integration_id, looked_at, items):
        raise organization_in_use(before, target.account_name)


def _known(app: App, operation: Operation, integration: Integration) -> list[KnownWorkItem]:
    """The work items of links and of claims. Raises OrganizationInUse if a send holds a claim."""
    claims = app.links.claims(integration.integration_id)
    if any(decide(one.claim, one.age, operation.id) is ClaimDecision.WAIT for one in claims):
        raise organization_busy(integration.azure_devops.account_name)
    claimed = [
        KnownWorkItem(one.claim.work_item_id, one.claim.kind, one.claim.aha_id)
        for one in claims
        if one.claim.work_item_id is not None
    ]
    return [*app.links.known_work_items(integration.integration_id), *claimed]
