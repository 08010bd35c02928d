"""Whether an integration may get another organization name although its links lead to work items.

Links name work items by their numbers. In another organization, the same numbers belong to other work items. So another
name is accepted only if it is the new name of the same organization: a linked work item is there, and carries the
marker of its record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.domain.links import KnownWorkItem
from shared.domain.markers import MarkedRecord, marked_record
from shared.domain.organization_urls import Organization
from shared.domain.work_item import WorkItem
from shared.errors import OrganizationInUse

MOST_LOOKED_AT = 20
"""The most linked work items that are searched in an organization with another name."""


def work_items_to_look_at(known: Sequence[KnownWorkItem]) -> list[KnownWorkItem]:
    """At most 20 of them, spread from old to new, because the oldest may all be deleted."""
    by_age = sorted(known, key=lambda one: one.work_item_id)
    if len(by_age) <= MOST_LOOKED_AT:
        return by_age
    last = len(by_age) - 1
    return [by_age[number * last // (MOST_LOOKED_AT - 1)] for number in range(MOST_LOOKED_AT)]


def is_same_organization(
    integration_id: str, known: Sequence[KnownWorkItem], items: Mapping[int, WorkItem]
) -> bool:
    """Whether one of the read work items carries the marker of its record."""
    return any(
        marked_record(relation.rel, relation.comment) == MarkedRecord(integration_id, one.kind, one.aha_id)
        for one in known
        if one.kind is not None and one.work_item_id in items
        for relation in items[one.work_item_id].relations
    )


def is_back_in(organization: Organization, known: Sequence[KnownWorkItem]) -> bool:
    """Whether all these work items have their pages in the organization, whose name had been removed."""
    return all(organization.path_of(one.page_url) is not None for one in known)


def organization_in_use(before: str, wanted: str) -> OrganizationInUse:
    """The error for an organization that does not have the linked work items."""
    return OrganizationInUse(
        f"Features are linked to work items of the organization “{before}”, and “{wanted}” does not show any of them: "
        "it is another organization, or the token's user cannot see them. Unlink the features first, or delete this "
        "integration and create one for the other organization.",
        evidence={"account_name": wanted},
    )


def organization_busy(wanted: str) -> OrganizationInUse:
    """The error for a change of organization while a send creates work items."""
    return OrganizationInUse(
        f"A send is creating work items, so the organization cannot become “{wanted}” now. Save again in a minute.",
        evidence={"account_name": wanted},
    )
