"""The link back: what must be written into a record's integration fields in Aha!. No input or output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.domain.integration import LinkBack
from shared.domain.integration_fields import WEBHOOKS, IntegrationField
from shared.domain.kind import Kind
from shared.domain.links import Link, WrittenBack


@dataclass(frozen=True)
class Need:
    """A record whose link back may not be there. `fields`: those that it has; None: read them from Aha! first."""

    fields: tuple[IntegrationField, ...] | None


@dataclass(frozen=True)
class FieldChanges:
    """The ids of fields to remove, and the values of fields to write after that."""

    removed: tuple[str, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.removed or self.written)


def is_chosen(choice: LinkBack, kind: Kind) -> bool:
    """Whether records of this kind get a link back."""
    return choice is LinkBack.ALL or (choice is LinkBack.FEATURE and kind is Kind.FEATURE)


def link_back_values(link: Link) -> dict[str, str]:
    """The fields of a record and their values; none as long as the work item's page is not known."""
    if not link.work_item_url:
        return {}
    return {"id": str(link.work_item_id), "url": link.work_item_url}


def need_of(
    link: Link, shown: tuple[IntegrationField, ...] | None, configured_id: str, *, is_new: bool
) -> Need | None:
    """The need of a record whose link back may not be there; None if it is there.

    Args:
        shown: the fields in the payload of the send; None if it does not say which there are.
        configured_id: the integration of Aha! to use; empty for the product's Integration webhook.
        is_new: the record had no link before this operation.
    """
    values, written = link_back_values(link), link.written_back
    if not values:
        return None
    is_noted = written == WrittenBack(
        configured_id or (written.integration_id if written else ""), link.work_item_url
    )
    if written is not None and is_noted:
        is_there = shown is None or not field_changes(shown, written.integration_id, values)
        # A payload that was made before the fields were written does not have them.
        return None if is_there else Need(None)
    if shown is None and is_new:
        return Need(())
    return Need(shown)


def field_changes(
    fields: Sequence[IntegrationField], integration_id: str, values: Mapping[str, str]
) -> FieldChanges:
    """The changes after which each field exists once, with its value, under one integration of Aha!.

    A second write of a field may not replace the first one, so the old field is removed first.
    """
    removed: list[str] = []
    written: dict[str, str] = {}
    for name, value in values.items():
        present = [one for one in fields if one.name == name and _is_of(one, integration_id)]
        right = next((one for one in present if one.value == value), None)
        removed += [one.id for one in present if one is not right and one.id]
        if right is None:
            written[name] = value
    return FieldChanges(tuple(removed), written)


def _is_of(one: IntegrationField, integration_id: str) -> bool:
    # Older events name only the service.
    return one.integration_id == integration_id or (not one.integration_id and one.service == WEBHOOKS)
