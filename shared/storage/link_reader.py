"""Reads the links of Aha! records and work items, and the claims of senders."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from shared.concurrency import in_parallel
from shared.domain.kind import Kind
from shared.domain.late_links import LinkedItem
from shared.domain.links import KnownWorkItem
from shared.domain.times import parse_time
from shared.errors import OperationFailed
from shared.storage.keys import RECORD_KEYS, WORK_ITEM_KEYS, record_key, work_item_key, work_item_of_key
from shared.storage.link_rows import (
    Pointer,
    StoredClaim,
    StoredLink,
    linked_record,
    partition_of,
    pointer_without_link,
    stored_link,
    stored_record,
)
from shared.storage.rows import Row
from shared.storage.tables import Tables

_WITHIN = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @end"
_MOST_PER_PAGE = 1000
_CLOSELY = 50
"""How many work items of other people may lie between a feature's work item and those of its requirements."""
_LARGEST_ID = 2**31 - 1


@dataclass(frozen=True)
class UnreadableLink:
    """The link or claim of a record whose row is damaged. `work_item_id` is known if only the link's row is.

    `aha_id` and `reference` are those in the row, empty if it has none.
    """

    error: Exception
    work_item_id: int | None = None
    aha_id: str = ""
    reference: str = ""


Loaded = StoredLink | StoredClaim | UnreadableLink


class LinkReader:
    """Every method raises Unavailable(System.STORAGE) if Table Storage is down, busy or refuses the app."""

    def __init__(self, tables: Tables) -> None:
        self._table = tables.links

    def load(self, integration_id: str, aha_ids: Sequence[str]) -> dict[str, StoredLink | StoredClaim]:
        """The links and claims of these records, by Aha! id; nothing for a record that was never sent.

        Raises what is wrong with the row of any of them.
        """
        found: dict[str, StoredLink | StoredClaim] = {}
        for aha_id, stored in self.load_each(integration_id, aha_ids).items():
            if isinstance(stored, UnreadableLink):
                raise stored.error
            found[aha_id] = stored
        return found

    def load_each(self, integration_id: str, aha_ids: Sequence[str]) -> dict[str, Loaded]:
        """As `load`, but a damaged row does not hide the other records."""
        rows = in_parallel(lambda aha_id: self._row(integration_id, record_key(aha_id)), aha_ids)
        found: dict[str, Loaded] = {}
        pointers: list[tuple[str, Row, Pointer]] = []
        for aha_id, row in zip(aha_ids, rows, strict=True):
            stored = _readable(stored_record, row) if row is not None else None
            if isinstance(stored, StoredClaim | UnreadableLink):
                found[aha_id] = stored
            elif row is not None and stored is not None:
                pointers.append((aha_id, row, stored))
        linked = in_parallel(
            lambda pointer: self._row(integration_id, work_item_key(pointer[2].work_item_id)), pointers
        )
        for (aha_id, row, pointer), link in zip(pointers, linked, strict=True):
            found[aha_id] = (
                _readable(pointer_without_link, row)
                if link is None
                else _readable_link(link, pointer.work_item_id)
            )
        return found

    def load_family(
        self, integration_id: str, feature_id: str, requirement_ids: Sequence[str]
    ) -> dict[str, Loaded]:
        """The links and claims of a feature and its requirements, by Aha! id, in few requests.

        If the feature was never sent, its requirements are not read: hardly any of them was sent, and `claim` finds
        those that were. The work items of a sent feature's requirements mostly follow its own, so one range query reads
        them all. What is not found there is read one by one.
        """
        row = self._row(integration_id, record_key(feature_id))
        if row is None:
            return {}
        feature = _readable(stored_record, row)
        found: dict[str, Loaded]
        if isinstance(feature, StoredClaim | UnreadableLink):
            found = {feature_id: feature}
        else:
            found = dict(self._from(integration_id, feature.work_item_id, (feature_id, *requirement_ids)))
        missing = [aha_id for aha_id in (feature_id, *requirement_ids) if aha_id not in found]
        return found | self.load_each(integration_id, missing)

    def _from(
        self, integration_id: str, work_item_id: int, aha_ids: Sequence[str]
    ) -> dict[str, StoredLink | UnreadableLink]:
        """The links among these records whose work items are this one or follow it closely."""
        if len(aha_ids) == 1:
            row = self._row(integration_id, work_item_key(work_item_id))
            return {} if row is None else {row.text("aha_id"): _readable_link(row, work_item_id)}
        rows = self._table.query(
            "PartitionKey eq @partition and RowKey ge @first and RowKey le @last",
            {
                "partition": partition_of(integration_id),
                "first": work_item_key(work_item_id),
                "last": work_item_key(work_item_id + 2 * len(aha_ids) + _CLOSELY),
            },
        )
        wanted = set(aha_ids)
        return {
            row.text("aha_id"): _readable_link(row, work_item_of_key(row.row_key))
            for row in rows
            if row.text("aha_id") in wanted
        }

    def linked_items(self, integration_id: str) -> list[LinkedItem]:
        """Every linked work item of an integration, in ascending order. One request reads 1,000."""
        rows = self._table.query(
            "PartitionKey eq @partition and RowKey ge @first and RowKey le @last",
            {
                "partition": partition_of(integration_id),
                "first": work_item_key(0),
                "last": work_item_key(_LARGEST_ID),
            },
            select=(
                "PartitionKey",
                "RowKey",
                "Timestamp",
                "agreed_revision",
                "sent_at",
                "received_at",
            ),
        )
        return [_linked_item(row) for row in rows]

    def known_work_items(self, integration_id: str) -> list[KnownWorkItem]:
        """The work items of all links, in ascending order. One request reads 1,000."""
        rows = self._table.query(
            _WITHIN,
            _range(integration_id, *WORK_ITEM_KEYS),
            select=("PartitionKey", "RowKey", "kind", "aha_id", "work_item_url"),
        )
        return [
            KnownWorkItem(
                work_item_of_key(row.row_key), _kind(row), row.text("aha_id"), row.text("work_item_url")
            )
            for row in rows
        ]

    def claims(self, integration_id: str) -> list[StoredClaim]:
        """Every claim of an integration that can be read."""
        rows = self._table.query(f"{_WITHIN} and is_claim eq true", _range(integration_id, *RECORD_KEYS))
        found = [_readable(stored_record, row) for row in rows]
        return [stored for stored in found if isinstance(stored, StoredClaim)]

    def by_work_item(self, integration_id: str, work_item_id: int) -> StoredLink | None:
        """The link of a work item; None if it has none."""
        row = self._row(integration_id, work_item_key(work_item_id))
        return stored_link(row) if row is not None else None

    def linked_records(
        self, integration_id: str, work_item_ids: Sequence[int]
    ) -> dict[int, str | UnreadableLink]:
        """The Aha! ids of the records that these work items are linked to; nothing for one that has no link."""
        rows = in_parallel(lambda number: self._row(integration_id, work_item_key(number)), work_item_ids)
        return {
            number: _readable(linked_record, row)
            for number, row in zip(work_item_ids, rows, strict=True)
            if row is not None
        }

    def claims_on(self, integration_id: str, aha_ids: Sequence[str]) -> dict[str, StoredClaim]:
        """The claims on these records, by Aha! id, as far as they can be read. One read for each record."""
        rows = in_parallel(lambda aha_id: self._row(integration_id, record_key(aha_id)), aha_ids)
        found = {
            aha_id: _readable(stored_record, row)
            for aha_id, row in zip(aha_ids, rows, strict=True)
            if row is not None
        }
        return {aha_id: stored for aha_id, stored in found.items() if isinstance(stored, StoredClaim)}

    def holder_of(self, integration_id: str, work_item_id: int) -> StoredLink | UnreadableLink | None:
        """As `by_work_item`, but a damaged row is returned as such."""
        row = self._row(integration_id, work_item_key(work_item_id))
        return _readable_link(row, work_item_id) if row is not None else None

    def aha_ids_named(self, integration_id: str, reference: str) -> list[str]:
        """The Aha! ids of the linked records that had this reference at their last send; mostly one.

        Links keep the present reference. Pointers keep that of the first send, so they are not asked.
        """
        first, end = WORK_ITEM_KEYS
        rows = self._table.query(
            f"{_WITHIN} and reference eq @reference",
            {**_range(integration_id, first, end), "reference": reference},
            select=("PartitionKey", "RowKey", "aha_id"),
        )
        return [row.text("aha_id") for row in rows]

    def aha_ids_below(self, integration_id: str, feature_id: str) -> list[str]:
        """The Aha! ids of the linked requirements that belonged to a feature when their links were last written."""
        rows = self._table.query(
            f"{_WITHIN} and parent_aha_id eq @parent",
            {**_range(integration_id, *WORK_ITEM_KEYS), "parent": feature_id},
            select=("PartitionKey", "RowKey", "aha_id"),
        )
        return [row.text("aha_id") for row in rows]

    def features(
        self, integration_id: str, *, after: int, limit: int
    ) -> list[tuple[int, StoredLink | UnreadableLink]]:
        """At most `limit` links of features, each with its work item id, of those with a larger id than `after`.

        They are sorted by work item id.
        """
        _, end = WORK_ITEM_KEYS
        rows = self._table.query(
            f"{_WITHIN} and kind eq @kind",
            {**_range(integration_id, work_item_key(after + 1), end), "kind": Kind.FEATURE.value},
            page_size=min(limit, _MOST_PER_PAGE),
        )
        numbered = ((work_item_of_key(row.row_key), row) for row in itertools.islice(rows, limit))
        return [(number, _readable_link(row, number)) for number, row in numbered]

    def _row(self, integration_id: str, row_key: str) -> Row | None:
        return self._table.get(partition_of(integration_id), row_key)


def _range(integration_id: str, first: str, end: str) -> dict[str, str]:
    return {"partition": partition_of(integration_id), "first": first, "end": end}


def _linked_item(row: Row) -> LinkedItem:
    """A damaged row must not hide the others."""
    agreed = row.properties.get("agreed_revision")
    synced = [moment for name in ("sent_at", "received_at") if (moment := parse_time(row.text(name)))]
    return LinkedItem(
        work_item_of_key(row.row_key),
        agreed if isinstance(agreed, int) else 0,
        row.written_at,
        max(synced, default=None),
    )


def _kind(row: Row) -> Kind | None:
    """The kind of a link's record; None if the row is damaged."""
    return next((kind for kind in Kind if kind.value == row.text("kind")), None)


_Stored = TypeVar("_Stored")


def _readable(read: Callable[[Row], _Stored], row: Row) -> _Stored | UnreadableLink:
    """What a row holds. A damaged row must not hide the other records."""
    try:
        return read(row)
    except OperationFailed:
        raise
    except Exception as error:
        aha_id, reference = row.properties.get("aha_id"), row.properties.get("reference")
        return UnreadableLink(error, None, str(aha_id or ""), str(reference or ""))


def _readable_link(row: Row, work_item_id: int) -> StoredLink | UnreadableLink:
    stored = _readable(stored_link, row)
    return replace(stored, work_item_id=work_item_id) if isinstance(stored, UnreadableLink) else stored
