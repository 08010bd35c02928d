"""Which record a name stands for, and when it may be linked to a work item. No input or output."""

from __future__ import annotations

from shared.domain.adoption import is_in_project, is_of_mapped_type
from shared.domain.integration import Integration
from shared.domain.links import Link
from shared.domain.records import Feature, Record
from shared.domain.references import RecordName
from shared.domain.work_item import WorkItem
from shared.errors import AlreadyLinked, FeatureBusy, RuleViolation, System


def record_named(feature: Feature, name: RecordName) -> Record:
    """The record that a name stands for: the feature, or one of its requirements."""
    for record in feature.requirements:
        if name.text in (record.id, record.reference.upper()):
            return record
    return feature.record


def is_link_of(record: Record, holder: Link | None) -> bool:
    """Whether the link that a work item has is the record's. `holder` is None if the work item has none.

    Raises:
        AlreadyLinked: the work item belongs to another record.
    """
    if holder is None:
        return False
    if holder.aha_id != record.id:
        other = holder.reference or holder.aha_id
        raise AlreadyLinked(f"Work item {holder.work_item_id} belongs to {other}. Unlink {other} first.")
    return True


def check_is_free(record: Record, link: Link | None, *, is_claimed: bool) -> None:
    """Refuse a record that has a work item, or is about to get one.

    Raises:
        AlreadyLinked: the record has another work item.
        FeatureBusy: a send is creating the record's work item.
    """
    name = record.reference or record.id
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
            f"Work item {item.id} is in another project than {project}, to which this integration sends. Choose a work "
            f"item of {project}.",
        )
    if not is_of_mapped_type(item, record, integration):
        wanted = integration.mapping(record.kind).work_item_type
        raise RuleViolation(
            System.AZURE_DEVOPS,
            f"Work item {item.id} is a {item.type}, and this integration maps {record.kind.value}s to {wanted}. "
            f"Choose a {wanted}, or change the type of the work item.",
        )
