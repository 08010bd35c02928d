"""The links of Aha! records and work items, and the claims of senders that are about to create one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.domain.links import Claim, Link
from shared.errors import LinkChanged
from shared.side_by_side import side_by_side
from shared.storage.keys import record_key, work_item_key
from shared.storage.link_rows import (
    StoredClaim,
    StoredLink,
    claim_row,
    link_rows,
    partition_of,
    stored_record,
    stored_work_item,
)
from shared.storage.record_writes import Conflicting, RecordWrite, Written, write_records
from shared.storage.rows import ANY_VERSION, Delete, Insert, Replace, Row
from shared.storage.tables import Tables

__all__ = ["Claimed", "LinkStore", "StoredClaim", "StoredLink"]

_CLOSELY = 50
"""How many work items of other people may have come in between."""


@dataclass(frozen=True)
class Claimed:
    """What stands for a record after a claim: that claim, or what was there before it."""

    standing: StoredClaim | StoredLink
    is_ours: bool


class LinkStore:
    """Every method raises Unavailable(System.STORAGE) when Table Storage is down, busy or refuses the app.

    The methods that write do so for every record for which they can, and then raise LinkChanged if any was left out.
    """

    def __init__(self, tables: Tables) -> None:
        self._table = tables.links

    def load(self, integration_id: str, aha_ids: Sequence[str]) -> dict[str, StoredLink | StoredClaim]:
        """What stands for these records, by Aha! id; nothing for one that was never sent."""
        rows = side_by_side(lambda aha_id: self._row(integration_id, record_key(aha_id)), aha_ids)
        return {
            aha_id: stored_record(row) for aha_id, row in zip(aha_ids, rows, strict=True) if row is not None
        }

    def load_family(
        self, integration_id: str, feature_id: str, requirement_ids: Sequence[str]
    ) -> dict[str, StoredLink | StoredClaim]:
        """What stands for a feature and its requirements, by Aha! id, in as few requests as there can be.

        For a feature that was never sent, its requirements are not looked at: hardly any of them was sent either, and
        `claim` finds those that were. Those of a feature that was sent got their work items right behind its own, as a
        rule; what is not found there is read one by one.
        """
        found = self.load(integration_id, [feature_id])
        feature = found.get(feature_id)
        if feature is None or not requirement_ids:
            return found
        if isinstance(feature, StoredLink):
            found |= self._behind(integration_id, feature.link.work_item_id, requirement_ids)
        missing = [aha_id for aha_id in requirement_ids if aha_id not in found]
        return found | self.load(integration_id, missing)

    def _behind(
        self, integration_id: str, work_item_id: int, aha_ids: Sequence[str]
    ) -> dict[str, StoredLink | StoredClaim]:
        """The links among these records whose work items follow closely behind one."""
        wanted = set(aha_ids)
        rows = self._table.query(
            "PartitionKey eq @partition and RowKey gt @first and RowKey le @last",
            {
                "partition": partition_of(integration_id),
                "first": work_item_key(work_item_id),
                "last": work_item_key(work_item_id + 2 * len(aha_ids) + _CLOSELY),
            },
        )
        links = (stored_work_item(row) for row in rows)
        return {stored.link.aha_id: stored for stored in links if stored.link.aha_id in wanted}

    def by_work_item(self, integration_id: str, work_item_id: int) -> StoredLink | None:
        """The link of a work item, None where it is nobody's."""
        row = self._row(integration_id, work_item_key(work_item_id))
        return stored_work_item(row) if row is not None else None

    def claim(self, integration_id: str, claims: Sequence[Claim]) -> dict[str, Claimed]:
        """Claim records that have neither a link nor a claim, and tell for each, by Aha! id, what stands there now.

        A claim of the same operation counts as ours, so that this may be repeated.
        """
        writes = [RecordWrite(claim.aha_id, (Insert(claim_row(integration_id, claim)),)) for claim in claims]
        outcomes = write_records(self._table, writes)
        return {claim.aha_id: _claimed(claim, outcomes[claim.aha_id]) for claim in claims}

    def renew(self, integration_id: str, pairs: Sequence[tuple[StoredClaim, Claim]]) -> list[StoredClaim]:
        """Put claims in the place of this sender's earlier ones, so that nobody takes them for a dead sender's.

        Raises:
            LinkChanged: some have been taken over; `written` holds the others.
        """
        return list(self._replace_claims(integration_id, pairs).values())

    def take_over(self, integration_id: str, stored: StoredClaim, claim: Claim) -> StoredClaim:
        """Put a claim in the place of a dead sender's.

        Raises:
            LinkChanged: somebody else was faster, or the sender is alive.
        """
        return self._replace_claims(integration_id, [(stored, claim)])[claim.aha_id]

    def claim_again(self, integration_id: str, stored: StoredLink, claim: Claim) -> StoredClaim:
        """Claim a linked record whose work item is gone: the claim takes the link's place, the work item's row goes.

        Raises:
            LinkChanged: the link is not as it was read.
        """
        record_etag, work_item_etag = _guards(stored)
        _, work_item = link_rows(integration_id, stored.link)
        operations = (
            Replace(claim_row(integration_id, claim), record_etag),
            Delete(work_item, work_item_etag),
        )
        outcomes = write_records(self._table, [RecordWrite(claim.aha_id, operations)])
        written = {aha_id: StoredClaim(claim, etags[0]) for aha_id, etags in _etags(outcomes).items()}
        _raise_if_left_out([claim.aha_id], written)
        return written[claim.aha_id]

    def release(self, integration_id: str, stored_claims: Sequence[StoredClaim]) -> None:
        """Remove claims under which nothing was created. One that is gone or taken over is left as it is."""
        write_records(
            self._table,
            [
                RecordWrite(
                    stored.claim.aha_id, (Delete(claim_row(integration_id, stored.claim), stored.etag),)
                )
                for stored in stored_claims
            ],
        )

    def establish(
        self, integration_id: str, pairs: Sequence[tuple[StoredClaim, Link]]
    ) -> dict[str, StoredLink]:
        """Put links in the place of their claims; by Aha! id.

        Raises:
            LinkChanged: a claim has been taken over, or a work item belongs to another record (`holders`).
        """
        rows = {link.aha_id: link_rows(integration_id, link) for _, link in pairs}
        outcomes = write_records(
            self._table,
            [
                RecordWrite(
                    link.aha_id, (Replace(rows[link.aha_id][0], stored.etag), Insert(rows[link.aha_id][1]))
                )
                for stored, link in pairs
            ],
        )
        written = _stored_links([link for _, link in pairs], rows, outcomes)
        holders = {
            link.aha_id: holder
            for stored, link in pairs
            if (holder := _holder(outcomes[link.aha_id], stored.etag)) is not None
        }
        _raise_if_left_out([link.aha_id for _, link in pairs], written, holders)
        return written

    def replace(self, integration_id: str, pairs: Sequence[tuple[StoredLink, Link]]) -> dict[str, StoredLink]:
        """Put links in the place of those that were read; by Aha! id. The work item stays the same.

        Raises:
            LinkChanged: a link is not as it was read.
        """
        for stored, link in pairs:
            if (stored.link.aha_id, stored.link.work_item_id) != (link.aha_id, link.work_item_id):
                raise ValueError(f"the link of {stored.link.aha_id} keeps its record and its work item")
        rows = {link.aha_id: link_rows(integration_id, link) for _, link in pairs}
        outcomes = write_records(
            self._table,
            [
                RecordWrite(link.aha_id, tuple(map(Replace, rows[link.aha_id], _guards(stored))))
                for stored, link in pairs
            ],
        )
        links = [link for _, link in pairs]
        written = _stored_links(links, rows, outcomes)
        _raise_if_left_out([link.aha_id for link in links], written)
        return written

    def purge(self, integration_id: str) -> None:
        """Remove every link and claim of an integration."""
        self._table.purge(partition_of(integration_id))

    def _row(self, integration_id: str, row_key: str) -> Row | None:
        return self._table.get(partition_of(integration_id), row_key)

    def _replace_claims(
        self, integration_id: str, pairs: Sequence[tuple[StoredClaim, Claim]]
    ) -> dict[str, StoredClaim]:
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


def _guards(stored: StoredLink) -> tuple[str, str]:
    """The ETags that a change of the record's and the work item's row asks for.

    Whoever changes a link changes both rows in one transaction, so that the one that was read guards the other, too.
    """
    return stored.record_etag or ANY_VERSION, stored.work_item_etag or ANY_VERSION


def _claimed(claim: Claim, outcome: Written | Conflicting) -> Claimed:
    if isinstance(outcome, Written):
        return Claimed(StoredClaim(claim, outcome.etags[0]), is_ours=True)
    row = outcome.rows[0]
    if row is None:
        raise AssertionError("only a row that is there stands in the way of a claim")
    standing = stored_record(row)
    is_ours = isinstance(standing, StoredClaim) and standing.claim.operation_id == claim.operation_id
    return Claimed(standing, is_ours)


def _etags(outcomes: Mapping[str, Written | Conflicting]) -> dict[str, tuple[str, ...]]:
    return {aha_id: outcome.etags for aha_id, outcome in outcomes.items() if isinstance(outcome, Written)}


def _stored_links(
    links: Sequence[Link], rows: Mapping[str, tuple[Row, Row]], outcomes: Mapping[str, Written | Conflicting]
) -> dict[str, StoredLink]:
    etags = _etags(outcomes)
    return {
        link.aha_id: StoredLink(
            link, etags[link.aha_id][0], etags[link.aha_id][1], rows[link.aha_id][0].text("version")
        )
        for link in links
        if link.aha_id in etags
    }


def _holder(outcome: Written | Conflicting, claim_etag: str) -> str | None:
    """The record that holds the work item already, where the claim itself is as it was read."""
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
