"""The work items that Aha! names in a record's integration fields.

Each integration of Aha! keeps fields of its own with a record. Azure DevOps' are `id` (the work item) and `url` (its
page); the service is `tfs` for 1.0 and `vsts` for 2.0 (https://www.aha.io/api/resources/integration_fields).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.accounts import normalise_account_name
from shared.domain.work_item_urls import work_item_id_of

_SERVICES = ("tfs", "vsts")
_WORK_ITEM_ID = re.compile("[0-9]{1,10}")


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


def named_work_items(fields: Any) -> tuple[NamedWorkItem, ...]:
    """One for each integration of Azure DevOps that names a work item; fields of another shape are passed over.

    An integration that names two different ids names none: nobody knows which one counts.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for field in fields if isinstance(fields, list) else ():
        if isinstance(field, dict) and field.get("service_name") in _SERVICES:
            # Older events have no integration_id.
            key = str(field.get("integration_id") or field.get("service_name"))
            groups.setdefault(key, []).append(field)
    found = (_named(group) for group in groups.values())
    return tuple(item for item in found if item is not None)


def _named(group: list[Mapping[str, Any]]) -> NamedWorkItem | None:
    ids = {text for text in _values(group, "id") if _WORK_ITEM_ID.fullmatch(text) and 0 < int(text) < 2**31}
    numbers = {int(text) for text in ids}
    if len(numbers) != 1:
        return None
    return NamedWorkItem(numbers.pop(), tuple(dict.fromkeys(url for url in _values(group, "url") if url)))


def _values(group: list[Mapping[str, Any]], name: str) -> list[str]:
    values = (field.get("value") for field in group if field.get("name") == name)
    return [str(value).strip() for value in values if isinstance(value, str) or _is_small_number(value)]


def _is_small_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31
