"""The fields that integrations of Aha! keep with a record, and the work items that they name.

Azure DevOps' fields are `id` (the work item) and `url` (its page). Aha!'s own integrations write them, with the service
`tfs` for 1.0 and `vsts` for 2.0, and so does this app, under the integration that it is told to use, else under the
product's Integration webhook (https://www.aha.io/api/resources/integration_fields).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain.accounts import normalise_account_name
from shared.domain.work_item_urls import work_item_id_of

WEBHOOKS = "webhooks"
"""The service of an Integration webhook."""

_AHAS_OWN = ("tfs", "vsts")
_WORK_ITEM_ID = re.compile("[0-9]{1,10}")


@dataclass(frozen=True)
class IntegrationField:
    """A field of one integration of Aha!. Older events have no `integration_id`. Unknown values are empty."""

    id: str
    name: str
    value: str
    integration_id: str
    service: str

    @property
    def group(self) -> str:
        """What fields of one integration have in common."""
        return self.integration_id or self.service


@dataclass(frozen=True)
class NamedWorkItem:
    """A work item as one integration of Aha! names it. An id is unique in one organization only."""

    id: int
    urls: tuple[str, ...] = ()

    def is_in_account(self, account_name: str, account_url: str) -> bool:
        """Whether it may be in this organization: no URL leads elsewhere, or to another work item."""
        return all(
            (normalise_account_name(url, account_url) or "").casefold() == account_name.casefold()
            and work_item_id_of(url) in (None, self.id)
            for url in self.urls
        )


def read_integration_fields(fields: Any) -> tuple[IntegrationField, ...] | None:
    """The fields in a record of Aha!; None if the record does not list them. Other shapes are ignored."""
    if not isinstance(fields, list):
        return None
    return tuple(
        IntegrationField(
            id=_text(field.get("id")),
            name=_text(field.get("name")),
            value=_text(field.get("value")),
            integration_id=_text(field.get("integration_id")),
            service=_text(field.get("service_name")),
        )
        for field in fields
        if isinstance(field, dict)
    )


def named_work_items(
    fields: Sequence[IntegrationField] | None, own_integration_id: str = ""
) -> tuple[NamedWorkItem, ...]:
    """The work items that integrations name, one for each; first those that this app may have written.

    An integration with two different ids is left out, because nobody knows which one counts.

    Args:
        own_integration_id: the integration of Aha! that this app is told to use.
    """
    groups: dict[str, list[IntegrationField]] = {}
    for field in fields or ():
        if field.service in (*_AHAS_OWN, WEBHOOKS) or _is_under(field, own_integration_id):
            groups.setdefault(field.group, []).append(field)
    # False sorts before True.
    ordered = sorted(groups.values(), key=lambda group: group[0].service in _AHAS_OWN)
    return tuple(item for group in ordered if (item := _named(group, own_integration_id)) is not None)


def own_field_ids(
    fields: Sequence[IntegrationField] | None, own_integration_ids: Collection[str], work_item_id: int
) -> tuple[str, ...]:
    """The ids of the fields that would link a record to this work item again, except those of Aha!'s own integrations.

    Args:
        own_integration_ids: the integrations of Aha! under which this app wrote or writes.
    """
    own = [
        field
        for field in fields or ()
        if field.name in ("id", "url")
        and field.service not in _AHAS_OWN
        and (field.service == WEBHOOKS or field.integration_id in own_integration_ids)
    ]
    naming = {field.group for field in own if field.name == "id" and field.value == str(work_item_id)}
    return tuple(field.id for field in own if field.group in naming and field.id)


def _is_under(field: IntegrationField, integration_id: str) -> bool:
    return bool(integration_id) and field.integration_id == integration_id


def _named(group: Sequence[IntegrationField], own_integration_id: str) -> NamedWorkItem | None:
    ids = {text for text in _values(group, "id") if _WORK_ITEM_ID.fullmatch(text) and 0 < int(text) < 2**31}
    numbers = {int(text) for text in ids}
    urls = tuple(dict.fromkeys(url for url in _values(group, "url") if url))
    # Webhooks of other tools may also write an id, which is not a work item's. This app writes both fields.
    is_anybodys = group[0].service == WEBHOOKS and not _is_under(group[0], own_integration_id)
    if len(numbers) != 1 or (is_anybodys and not urls):
        return None
    return NamedWorkItem(numbers.pop(), urls)


def _values(group: Sequence[IntegrationField], name: str) -> list[str]:
    return [field.value for field in group if field.name == name]


def _text(value: Any) -> str:
    """An id or a text. Aha! sends small ids as numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 <= value < 2**63 else ""
    return value.strip() if isinstance(value, str) else ""
