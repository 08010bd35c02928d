"""What belongs to a record that is unlinked. No input or output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.domain.integration_fields import IntegrationField, own_field_ids, read_integration_fields
from shared.domain.kind import Kind
from shared.domain.links import Link


def is_requirement_of(link: Link, feature: Link) -> bool:
    """Whether a record is unlinked with a feature. One that belongs to another feature by now is not."""
    return feature.kind is Kind.FEATURE and link.parent_aha_id == feature.aha_id


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
    """The ids of the fields by which the next send would link the record again.

    `configured_id` is the integration of Aha! under which this app writes now, empty for the product's Integration
    webhook. The link knows under which it wrote.
    """
    own = {configured_id, link.written_back.integration_id if link.written_back else ""} - {""}
    return own_field_ids(fields, own, link.work_item_id)
