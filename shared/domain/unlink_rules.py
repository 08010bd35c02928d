"""Which record is unlinked, and what belongs to it. No input or output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shared.domain.integration_fields import IntegrationField, own_field_ids, read_integration_fields
from shared.domain.kind import Kind
from shared.domain.links import Link
from shared.domain.references import RecordName
from shared.errors import InputError, InvalidRequest, NotLinked, Refused

_MOST_UNLINKED = 5000
"""As many requirements as a feature may have."""


def id_named(name: RecordName, found: Sequence[str]) -> str | None:
    """The Aha! id that a name means; None if no linked record has it. `found`: the records with this reference.

    Raises:
        InvalidRequest: several have it.
    """
    if name.is_id:
        return name.text
    if len(found) > 1:
        ids = ", ".join(sorted(found))
        detail = f"was the reference of several linked records when they were last sent: {ids}. Name one by its Aha! id"
        raise InvalidRequest([InputError("/reference", detail)])
    return found[0] if found else None


def not_linked(name: RecordName) -> NotLinked:
    """The error for a record that has no work item."""
    return NotLinked(
        f"{name.text} has no work item in this integration. Send the feature, or link it to a work item."
    )


def no_link_named(name: RecordName, refused: Refused) -> NotLinked:
    """The error if no link has a reference, and Aha! does not say whether a linked record has it now."""
    return NotLinked(
        f"No link of this integration has the reference {name.text}. If it changed since the last send, use the "
        f"record's id or its earlier reference. Aha! did not say which record has it now. {refused.detail}"
    )


def is_requirement_of(link: Link, feature: Link) -> bool:
    """Whether a record is unlinked with a feature. A requirement that now belongs to another feature is not."""
    return feature.kind is Kind.FEATURE and link.parent_aha_id == feature.aha_id


def with_unlinked_requirement(feature: Link, requirement_id: str) -> Link:
    """The link of a feature once a person unlinks one of its requirements."""
    others = (one for one in feature.unlinked_ids if one != requirement_id)
    return replace(feature, unlinked_ids=(*others, requirement_id)[-_MOST_UNLINKED:])


def fields_of_family(feature: Mapping[str, Any]) -> dict[str, Sequence[IntegrationField]]:
    """The integration fields of a feature and its requirements, by Aha! id, as Aha! shows the feature."""
    items: list[Any] = [feature, *(feature.get("requirements") or ())]
    return {
        str(item.get("id")): read_integration_fields(item.get("integration_fields")) or ()
        for item in items
        if isinstance(item, Mapping)
    }


def link_back_fields(
    link: Link, fields: Sequence[IntegrationField] | None, configured_id: str
) -> tuple[str, ...]:
    """The ids of the fields that would make the next send link the record again.

    `configured_id` is the integration of Aha! under which this app writes now, empty for the product's Integration
    webhook. The link names the one under which it was written.
    """
    own = {configured_id, link.written_back.integration_id if link.written_back else ""} - {""}
    return own_field_ids(fields, own, link.work_item_id)
