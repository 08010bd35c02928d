"""The links of Aha! records and work items, and the claims of senders that are about to create one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.domain.links import Claim, Link
from shared.errors import LinkChanged
from shared.storage.link_reader import LinkReader, Loaded, UnreadableLink
from shared.storage.link_rows import (
    StoredClaim,
    StoredLink,
    claim_row,
    link_row,
    partition_of,
    pointer_row,
    stored_record,
)
from shared.storage.record_writes import (
    Conflicting,
    RecordWrite,
    Written,
    write_records,
    write_records_with,
)
from shared.storage.rows import ANY_VERSION, Delete, Insert, Replace, Upsert

__all__ = [
    "LinkChanges",
    "LinkStore",
    "Loaded",
    "StoredClaim",
    "StoredLink",
    "UnreadableLink",
    "WrittenChanges",
]


@dataclass(frozen=True)
class LinkChanges:
    """Changes of different records. `claims` are of records that have neither a link nor a claim.

    `established` has links that replace claims. `replaced` has links as they were read, and their new versions for the
    same record and work item.
    """

    claims: Sequence[Claim] = ()
    established: Sequence[tuple[StoredClaim, Link]] = ()
    replaced: Sequence[tuple[StoredLink, Link]] = ()

    def __post_init__(self) -> None:
        for stored, link in self.replaced:
            if (stored.link.aha_id, stored.link.work_item_id) != (link.aha_id, link.work_item_id):
                raise ValueError(f"the link of {stored.link.aha_id} keeps its record and its work item")


@dataclass(frozen=True)
class WrittenChanges:
    """The changes that are stored now, by Aha! id. `left_out` are the records that somebody else changed meanwhile.

    `also_etag` is about the row that was written with them: see `shared.storage.record_writes.Outcomes`.
    """

    claims: Mapping[str, StoredClaim]
    links: Mapping[str, StoredLink]
    left_out: tuple[str, ...]
    also_etag: str | None


class LinkStore(LinkReader):
    """Every method raises Unavailable(System.STORAGE) if Table Storage is down, busy or refuses the app.

    A method that writes leaves out the records that it cannot write. `establish`, `replace`, `renew`, `claim_again` and
    `remove` then raise LinkChanged; the others return what they wrote.
    """

    def write(
        self, integration_id: str, changes: LinkChanges, also: Insert | Upsert | Delete | None = None
    ) -> WrittenChanges:
        """Write changes and, in the same transaction as some or all of them, another row of the partition.

        An Upsert of that row is always done, an Insert if there is none. A Delete is done together with all of the
        changes, or not at all. A claim that the same operation made earlier counts as written, so that the call may be
        repeated.
        """
        outcomes = write_records_with(self._table, _writes(integration_id, changes), also)
        etags = _etags(outcomes.records)
        own = {claim.aha_id: _own_claim(claim, outcomes.records[claim.aha_id]) for claim in changes.claims}
        claims = {aha_id: stored for aha_id, stored in own.items() if stored is not None}
        links = {
            link.aha_id: StoredLink(link, etags[link.aha_id][1])
            for _, link in changes.established
            if link.aha_id in etags
        } | {
            link.aha_id: StoredLink(link, etags[link.aha_id][0], stored.unknown)
            for stored, link in changes.replaced
            if link.aha_id in etags
        }
        left_out = tuple(key for key in outcomes.records if key not in claims and key not in links)
        return WrittenChanges(claims, links, left_out, outcomes.also_etag)

    def claim(self, integration_id: str, claims: Sequence[Claim]) -> Mapping[str, StoredClaim]:
        """Claim records that have neither a link nor a claim. Returns the stored claims by Aha! id."""
        return self.write(integration_id, LinkChanges(claims=claims)).claims

    def establish(
        self, integration_id: str, pairs: Sequence[tuple[StoredClaim, Link]]
    ) -> Mapping[str, StoredLink]:
        """Replace claims with links. Returns the links by Aha! id.

        Raises:
            LinkChanged: a claim was taken over, or a work item belongs to another record.
        """
        written = self.write(integration_id, LinkChanges(established=pairs))
        _raise_if_left_out([link.aha_id for _, link in pairs], written.links)
        return written.links

    def replace(
        self, integration_id: str, pairs: Sequence[tuple[StoredLink, Link]]
    ) -> Mapping[str, StoredLink]:
        """Replace links, as they were read, with new ones for the same record and work item. Returns them by Aha! id.

        Raises:
            LinkChanged: some links are not as they were read; `written` holds the others.
        """
        written = self.write(integration_id, LinkChanges(replaced=pairs))
        _raise_if_left_out([link.aha_id for _, link in pairs], written.links)
        return written.links

    def renew(
        self, integration_id: str, pairs: Sequence[tuple[StoredClaim, Claim]]
    ) -> dict[str, StoredClaim]:
        """Replace claims, as they were read, with new ones, whose age starts again. Returns them by Aha! id.

        Raises:
            LinkChanged: some were renewed or taken over; `written` holds the others.
        """
        writes = [
            RecordWrite(claim.aha_id, (Replace(claim_row(integration_id, claim), stored.etag),))
            for stored, claim in pairs
        ]
        return _written_claims(pairs, _etags(write_records(self._table, writes)))

    def claim_again(
        self, integration_id: str, pairs: Sequence[tuple[StoredLink, Claim]]
    ) -> dict[str, StoredClaim]:
        """Replace links to deleted work items with claims. Returns the claims by Aha! id.

        Raises:
            LinkChanged: some links are not as they were read; `written` holds the claims on the others.
        """
        # A pointer changes only together with its link, so the link's ETag protects both rows.
        writes = [
            RecordWrite(
                claim.aha_id,
                (
                    Replace(claim_row(integration_id, claim), ANY_VERSION),
                    Delete(link_row(integration_id, stored.link), stored.etag),
                ),
            )
            for stored, claim in pairs
        ]
        return _written_claims(pairs, _etags(write_records(self._table, writes)))

    def release(self, integration_id: str, stored_claims: Sequence[StoredClaim]) -> None:
        """Remove claims under which nothing was created. A claim that was taken over is left alone."""
        writes = [
            RecordWrite(stored.claim.aha_id, (Delete(claim_row(integration_id, stored.claim), stored.etag),))
            for stored in stored_claims
        ]
        write_records(self._table, writes)

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


def _writes(integration_id: str, changes: LinkChanges) -> list[RecordWrite]:
    claimed = [
        RecordWrite(claim.aha_id, (Insert(claim_row(integration_id, claim)),)) for claim in changes.claims
    ]
    established = [
        RecordWrite(
            link.aha_id,
            (Replace(pointer_row(integration_id, link), claim.etag), Insert(link_row(integration_id, link))),
        )
        for claim, link in changes.established
    ]
    replaced = [
        RecordWrite(link.aha_id, (Replace(link_row(integration_id, link, stored.unknown), stored.etag),))
        for stored, link in changes.replaced
    ]
    return [*claimed, *established, *replaced]


def _written_claims(
    pairs: Sequence[tuple[object, Claim]], etags: Mapping[str, tuple[str, ...]]
) -> dict[str, StoredClaim]:
    """The claims that were written, whose row is the first of each record. Raises LinkChanged if any was left out."""
    written = {
        claim.aha_id: StoredClaim(claim, etags[claim.aha_id][0])
        for _, claim in pairs
        if claim.aha_id in etags
    }
    _raise_if_left_out([claim.aha_id for _, claim in pairs], written)
    return written


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


def _raise_if_left_out(aha_ids: Sequence[str], written: Mapping[str, object]) -> None:
    left_out = [aha_id for aha_id in aha_ids if aha_id not in written]
    if left_out:
        raise LinkChanged(left_out, written=written)
