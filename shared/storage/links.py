"""The links of Aha! records and work items, and the claims of senders that are about to create one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from shared.concurrency import in_parallel
from shared.domain.kind import Kind
from shared.domain.links import Claim, Link
from shared.errors import LinkChanged, OperationFailed
from shared.storage.keys import RECORD_KEYS, WORK_ITEM_KEYS, record_key, work_item_key
from shared.storage.link_rows import (
    Pointer,
    StoredClaim,
    StoredLink,
    claim_row,
    link_row,
    partition_of,
    pointer_row,
    pointer_without_link,
    stored_link,
    stored_record,
)
from shared.storage.record_writes import Conflicting, RecordWrite, Writer, Written, write_records
from shared.storage.rows import ANY_VERSION, Delete, Insert, Replace, Row
from shared.storage.tables import Tables

__all__ = ["LinkStore", "LinkedFeature", "Loaded", "StoredClaim", "StoredLink", "UnreadableLink"]

_WITHIN = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @end"
_MOST_PER_PAGE = 1000
_CLOSELY = 50
"""How many work items of other people may lie between a feature's work item and those of its requirements."""
_LARGEST_ID = 2**31 - 1


@dataclass(frozen=True)
class UnreadableLink:
    """The link or claim of a record whose row is damaged. `work_item_id` is known if only the link's row is."""

    error: Exception
    work_item_id: int | None = None


@dataclass(frozen=True)
class LinkedFeature:
    """A feature that has a work item, as its link names it."""

    work_item_id: int
    aha_id: str
    reference: str


class LinkStore:
    """Every method raises Unavailable(System.STORAGE) if Table Storage is down, busy or refuses the app.

    The methods that write do so for every record for which they can, and then raise LinkChanged if any was left out.
    `write` may write something else in the same transaction.
    """

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
                pointer_without_link(row) if link is None else _readable_link(link, pointer.work_item_id)
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
            row.text("aha_id"): _readable_link(row, row.number("work_item_id"))
            for row in rows
            if row.text("aha_id") in wanted
        }

    def work_item_ids(self, integration_id: str) -> list[int]:
        """Every linked work item of an integration, in ascending order. One request reads 1,000."""
        rows = self._table.query(
            "PartitionKey eq @partition and RowKey ge @first and RowKey le @last",
            {
                "partition": partition_of(integration_id),
                "first": work_item_key(0),
                "last": work_item_key(_LARGEST_ID),
            },
            select=("PartitionKey", "RowKey", "work_item_id"),
        )
        return [row.number("work_item_id") for row in rows]

    def features_after(self, integration_id: str, work_item_id: int, limit: int) -> list[LinkedFeature]:
        """At most `limit` linked features with a larger work item id, in ascending order of it."""
        _, end = WORK_ITEM_KEYS
        rows = self._table.query(
            f"{_WITHIN} and kind eq @kind",
            {**_range(integration_id, work_item_key(work_item_id + 1), end), "kind": Kind.FEATURE.value},
            select=("PartitionKey", "RowKey", "work_item_id", "aha_id", "reference"),
        )
        return [
            LinkedFeature(row.number("work_item_id"), row.text("aha_id"), row.text("reference"))
            for row in itertools.islice(rows, limit)
        ]

    def by_work_item(self, integration_id: str, work_item_id: int) -> StoredLink | None:
        """The link of a work item; None if it has none."""
        row = self._row(integration_id, work_item_key(work_item_id))
        return stored_link(row) if row is not None else None

    def aha_id_of(self, integration_id: str, reference: str) -> str | None:
        """The Aha! id of the record that had this reference when its row was last written; None if there is none."""
        first, end = RECORD_KEYS
        rows = self._table.query(
            f"{_WITHIN} and reference eq @reference",
            {**_range(integration_id, first, end), "reference": reference},
        )
        return next((row.text("aha_id") for row in rows), None)

    def features(self, integration_id: str, *, after: int, limit: int) -> list[StoredLink]:
        """At most `limit` links of features, by work item id, of those with a larger id than `after`."""
        _, end = WORK_ITEM_KEYS
        rows = self._table.query(
            f"{_WITHIN} and kind eq @kind",
            {**_range(integration_id, work_item_key(after + 1), end), "kind": Kind.FEATURE.value},
            page_size=min(limit, _MOST_PER_PAGE),
        )
        return [stored_link(row) for row in itertools.islice(rows, limit)]

    def claim(
        self, integration_id: str, claims: Sequence[Claim], write: Writer = write_records
    ) -> dict[str, StoredClaim]:
        """Claim records that have neither a link nor a claim; the claims that succeeded, by Aha! id.

        A claim that the same operation made earlier counts as a success, so that the call may be repeated.
        """
        writes = [RecordWrite(claim.aha_id, (Insert(claim_row(integration_id, claim)),)) for claim in claims]
        outcomes = write(self._table, writes)
        own = {claim.aha_id: _own_claim(claim, outcomes[claim.aha_id]) for claim in claims}
        return {aha_id: stored for aha_id, stored in own.items() if stored is not None}

    def renew(
        self, integration_id: str, pairs: Sequence[tuple[StoredClaim, Claim]]
    ) -> dict[str, StoredClaim]:
        """Replace this sender's claims by new ones, whose age starts anew; by Aha! id.

        Raises:
            LinkChanged: some were taken over; `written` holds the others.
        """
        writes = [
            RecordWrite(claim.aha_id, (Replace(claim_row(integration_id, claim), stored.etag),))
            for stored, claim in pairs
        ]
        etags = _etags(write_records(self._table, writes))
        written = {
            claim.aha_id: StoredClaim(claim, etags[claim.aha_id][0])
            for _, claim in pairs
            if claim.aha_id in etags
        }
        _raise_if_left_out([claim.aha_id for _, claim in pairs], written)
        return written

    def take_over(self, integration_id: str, stored: StoredClaim, claim: Claim) -> StoredClaim:
        """Replace another sender's claim by this one.

        Raises:
            LinkChanged: somebody else took it over first, or its sender renewed it.
        """
        return self.renew(integration_id, [(stored, claim)])[claim.aha_id]

    def claim_again(self, integration_id: str, stored: StoredLink, claim: Claim) -> StoredClaim:
        """Replace a link whose work item is gone by a claim.

        Raises:
            LinkChanged: the link is not as it was read.
        """
        # A pointer changes only together with its link, so the link's ETag protects both rows.
        operations = (
            Replace(claim_row(integration_id, claim), ANY_VERSION),
            Delete(link_row(integration_id, stored.link), stored.etag),
        )
        etags = _etags(write_records(self._table, [RecordWrite(claim.aha_id, operations)]))
        _raise_if_left_out([claim.aha_id], etags)
        return StoredClaim(claim, etags[claim.aha_id][0])

    def release(self, integration_id: str, stored_claims: Sequence[StoredClaim]) -> None:
        """Remove claims under which nothing was created. A claim that was taken over is left alone."""
        writes = [
            RecordWrite(stored.claim.aha_id, (Delete(claim_row(integration_id, stored.claim), stored.etag),))
            for stored in stored_claims
        ]
        write_records(self._table, writes)

    def establish(
        self,
        integration_id: str,
        pairs: Sequence[tuple[StoredClaim, Link]],
        write: Writer = write_records,
    ) -> dict[str, StoredLink]:
        """Replace claims by links; by Aha! id.

        Raises:
            LinkChanged: a claim was taken over, or a work item belongs to another record (`holders`).
        """
        writes = [
            RecordWrite(
                link.aha_id,
                (
                    Replace(pointer_row(integration_id, link), claim.etag),
                    Insert(link_row(integration_id, link)),
                ),
            )
            for claim, link in pairs
        ]
        outcomes = write(self._table, writes)
        etags = _etags(outcomes)
        written = {
            link.aha_id: StoredLink(link, etags[link.aha_id][1]) for _, link in pairs if link.aha_id in etags
        }
        holders = {
            link.aha_id: holder
            for claim, link in pairs
            if (holder := _holder(outcomes[link.aha_id], claim.etag)) is not None
        }
        _raise_if_left_out([link.aha_id for _, link in pairs], written, holders)
        return written

    def replace(
        self,
        integration_id: str,
        pairs: Sequence[tuple[StoredLink, Link]],
        write: Writer = write_records,
    ) -> dict[str, StoredLink]:
        """Replace links, as they were read, by new ones; by Aha! id. Record and work item stay the same.

        Raises:
            LinkChanged: some links are not as they were read; `written` holds the others.
        """
        for stored, link in pairs:
            if (stored.link.aha_id, stored.link.work_item_id) != (link.aha_id, link.work_item_id):
                raise ValueError(f"the link of {stored.link.aha_id} keeps its record and its work item")
        writes = [
            RecordWrite(link.aha_id, (Replace(link_row(integration_id, link, stored.unknown), stored.etag),))
            for stored, link in pairs
        ]
        etags = _etags(write(self._table, writes))
        written = {
            link.aha_id: StoredLink(link, etags[link.aha_id][0], stored.unknown)
            for stored, link in pairs
            if link.aha_id in etags
        }
        _raise_if_left_out([link.aha_id for _, link in pairs], written)
        return written

    def remove(self, integration_id: str, stored_links: Sequence[StoredLink]) -> None:
        """Remove links and the pointers to them.

        Raises:
            LinkChanged: some links are not as they were read, and were kept.
        """
        writes = [
            RecordWrite(
                stored.link.aha_id,
                (
                    Delete(link_row(integration_id, stored.link), stored.etag),
                    Delete(pointer_row(integration_id, stored.link), ANY_VERSION),
                ),
            )
            for stored in stored_links
        ]
        removed = _etags(write_records(self._table, writes))
        _raise_if_left_out([stored.link.aha_id for stored in stored_links], removed)

    def purge(self, integration_id: str) -> None:
        """Remove every link and claim of an integration."""
        self._table.purge(partition_of(integration_id))

    def _row(self, integration_id: str, row_key: str) -> Row | None:
        return self._table.get(partition_of(integration_id), row_key)


def _range(integration_id: str, first: str, end: str) -> dict[str, str]:
    return {"partition": partition_of(integration_id), "first": first, "end": end}


Loaded = StoredLink | StoredClaim | UnreadableLink

_Stored = TypeVar("_Stored")


def _readable(read: Callable[[Row], _Stored], row: Row) -> _Stored | UnreadableLink:
    """What a row holds. A damaged row must not hide the other records."""
    try:
        return read(row)
    except OperationFailed:
        raise
    except Exception as error:
        return UnreadableLink(error)


def _readable_link(row: Row, work_item_id: int) -> StoredLink | UnreadableLink:
    stored = _readable(stored_link, row)
    return replace(stored, work_item_id=work_item_id) if isinstance(stored, UnreadableLink) else stored


def _own_claim(claim: Claim, outcome: Written | Conflicting) -> StoredClaim | None:
    """The claim as it is stored now, if it is the same operation's."""
    if isinstance(outcome, Written):
        return StoredClaim(claim, outcome.etags[0])
    row = outcome.rows[0]
    stored = stored_record(row) if row is not None else None
    if isinstance(stored, StoredClaim) and stored.claim.operation_id == claim.operation_id:
        return stored
    return None


def _etags(outcomes: Mapping[str, Written | Conflicting]) -> dict[str, tuple[str, ...]]:
    return {aha_id: outcome.etags for aha_id, outcome in outcomes.items() if isinstance(outcome, Written)}


def _holder(outcome: Written | Conflicting, claim_etag: str) -> str | None:
    """The record that the work item is linked to already, if the claim itself is as it was read."""
    if isinstance(outcome, Written):
        return None
    claim, work_item = outcome.rows
    if claim is None or claim.etag != claim_etag or work_item is None:
        return None
    return work_item.text("aha_id")


def _raise_if_left_out(
    aha_ids: Sequence[str], written: Mapping[str, object], holders: Mapping[str, str] | None = None
) -> None:
    left_out = [aha_id for aha_id in aha_ids if aha_id not in written]
    if left_out:
        raise LinkChanged(left_out, holders=holders, written=written)
