"""Which record a name means, and when it may be linked to a work item. No input or output."""

from __future__ import annotations

from collections.abc import Iterable

from shared.domain.adoption import is_in_project, is_of_mapped_type
from shared.domain.integration import Integration
from shared.domain.links import Link
from shared.domain.records import Feature, Record
from shared.domain.references import RecordName
from shared.domain.work_item import WorkItem
from shared.errors import AlreadyLinked, FeatureBusy, NotFound, RuleViolation, System


def record_named(feature: Feature, name: RecordName) -> Record:
    """The record that a name means: the feature, or one of its requirements.

    Raises:
        NotFound: Aha! found this feature for the name, but the feature has no record with that name.
    """
    for record in feature.records:
        if name.text in (record.id, record.reference.upper()):
            return record
    raise NotFound(
        System.AHA,
        f"Aha! leads from {name.text} to {feature.record.reference_or_id}, which has no record with "
        "that name. The name may have changed: check it in Aha!.",
    )


def is_link_of(record: Record, holder: Link | None) -> bool:
    """Whether the link of a work item belongs to the record. `holder` is None if the work item has none.

    Raises:
        AlreadyLinked: the work item belongs to another record.
    """
    if holder is None:
        return False
    if holder.aha_id != record.id:
        raise belongs_to(holder.work_item_id, holder.reference_or_id)
    return True


def belongs_to(work_item_id: int, name: str, other: Integration | None = None) -> AlreadyLinked:
    """The error for a work item that another record has. `other` is its integration, unless it is the same."""
    place = f" of the integration “{other.name}” ({other.integration_id})" if other else ""
    there = " there" if other else ""
    return AlreadyLinked(f"Work item {work_item_id} belongs to {name}{place}. Unlink {name}{there} first.")


def check_is_not_created(record: Record, created: Iterable[int], work_item_id: int) -> None:
    """Refuse a work item if an interrupted send created another one for the record.

    Raises:
        AlreadyLinked: it created another one.
    """
    other = next((number for number in created if number != work_item_id), None)
    if other is not None:
        name = record.reference_or_id
        raise AlreadyLinked(
            f"An interrupted send created work item {other} for {name}. Send the feature to link {name} to it; then "
            f"unlink {name}."
        )


def check_is_free(record: Record, link: Link | None, *, is_claimed: bool) -> None:
    """Refuse a record that has a work item, or whose work item a send is creating.

    Raises:
        AlreadyLinked: the record has another work item.
        FeatureBusy: a send is creating the record's work item.
    """
    name = record.reference_or_id
    if link is not None:
        raise AlreadyLinked(
            f"{name} has work item {link.work_item_id} ({link.work_item_url}). Unlink {name} first."
        )
    if is_claimed:
        raise FeatureBusy(
            f"A send is creating the work item of {name}. Try again in a minute.", retry_after=60
        )


def check_fits(item: WorkItem, record: Record, integration: Integration) -> None:
    """Refuse a work item that a send would not have created for the record.

    Raises:
        RuleViolation: the work item has another type, or is in another project.
    """
    project = integration.azure_devops.project
    if not is_in_project(item, integration.azure_devops):
        raise RuleViolation(
            System.AZURE_DEVOPS,
            f"Work item {item.id} is not in the project {project}, which this integration sends to. Choose a work "
            f"item of {project}.",
        )
    if not is_of_mapped_type(item, record, integration):
        wanted = integration.mapping(record.kind).work_item_type
        raise RuleViolation(
            System.AZURE_DEVOPS,
            f"Work item {item.id} is a {item.type}, and this integration maps {record.kind.value}s to {wanted}. "
            f"Choose a {wanted}, or change the type of the work item.",
        )
