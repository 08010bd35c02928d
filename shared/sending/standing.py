"""How the records of a send stand: linked, claimed by this or another sender, or new; and their work items as they are.

A claim is a sender's word that it is about to create. It holds for a minute and is renewed by a sender that takes
longer; one that is older was left by a sender that died, or whose answer was lost on the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from shared.clients.azure_devops import AzureDevOps
from shared.domain.integration import Integration
from shared.domain.links import Claim
from shared.domain.markers import Marker, marker_of
from shared.domain.records import Record
from shared.domain.work_item import WorkItem
from shared.errors import LinkChanged
from shared.operation import Operation
from shared.sending.orphans import find_orphans
from shared.sending.writes import is_of_mapped_type
from shared.storage.links import LinkStore, StoredClaim, StoredLink

CLAIM_LASTS = timedelta(seconds=60)
_RENEWED_AFTER = timedelta(seconds=20)


@dataclass
class Standing:
    """One record. At most one of `link` and `claim` is set; `claim` is always this sender's own.

    `is_blocked`: another sender holds the claim. `work_item` is None where there is none, or none any more.
    `is_untouched`: the work item was found by its marker and nobody changed it since it was created.
    """

    record: Record
    link: StoredLink | None = None
    claim: StoredClaim | None = None
    work_item: WorkItem | None = None
    is_blocked: bool = False
    is_untouched: bool = False


class Lookout:
    """Finds out how records stand, and makes, renews and gives back this sender's claims."""

    def __init__(
        self,
        links: LinkStore,
        azure_devops: AzureDevOps,
        operation: Operation,
        integration: Integration,
        public_url: str,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._links = links
        self._azure_devops = azure_devops
        self._operation = operation
        self._integration = integration
        self._integration_id = integration.integration_id
        self._public_url = public_url
        self._now = now
        self._not_to_adopt: set[str] = set()

    def look(self, records: Sequence[Record], *, take_over: bool = True) -> dict[str, Standing]:
        """How each record stands now, by its id.

        Claims that were left behind are taken over (unless a mere look is wanted), and what their senders may have
        created is looked for.
        """
        found = self._links.load(self._integration_id, [record.id for record in records])
        standings = {record.id: Standing(record) for record in records}
        inherited: dict[str, datetime] = {}
        for record in records:
            stored, standing = found.get(record.id), standings[record.id]
            if isinstance(stored, StoredLink):
                standing.link = stored
            elif isinstance(stored, StoredClaim):
                self._place_claim(stored, standing, inherited, take_over)
        self._read_work_items(standings)
        self._adopt_orphans(standings, inherited)
        return standings

    def _place_claim(
        self, stored: StoredClaim, standing: Standing, inherited: dict[str, datetime], take_over: bool
    ) -> None:
        claim = stored.claim
        if claim.operation_id == self._operation.id:
            standing.claim = stored
        elif self._now() - claim.claimed_at < CLAIM_LASTS:
            standing.is_blocked = True
        elif take_over:
            try:
                standing.claim = self._links.take_over(
                    self._integration_id, stored, self.claim_of(standing.record)
                )
            except LinkChanged:
                standing.is_blocked = True
                return
            inherited[claim.aha_id] = claim.claimed_at
            self._operation.journal.warning(
                "claim.taken-over",
                f"An earlier send of {claim.reference or claim.aha_id} did not come to its end; this one goes on "
                "from there.",
                aha_id=claim.aha_id,
                earlier_operation_id=claim.operation_id,
            )

    def claim_of(self, record: Record) -> Claim:
        """This sender's claim on a record, as of now."""
        return Claim(record.kind, record.id, record.reference, self._operation.id, self._now())

    def _read_work_items(self, standings: dict[str, Standing]) -> None:
        """The work items of links, and of Aha!'s own integration fields where there is no link: one read for all."""
        wanted: dict[str, int] = {}
        for record_id, standing in standings.items():
            if standing.link is not None:
                wanted[record_id] = standing.link.link.work_item_id
            elif (
                standing.record.work_item_id
                and not standing.is_blocked
                and record_id not in self._not_to_adopt
            ):
                wanted[record_id] = standing.record.work_item_id
        items = self._azure_devops.work_items(sorted(set(wanted.values()))) if wanted else {}
        for record_id, work_item_id in wanted.items():
            standing, item = standings[record_id], items.get(work_item_id)
            if standing.link is None and item is not None and not self._may_adopt(standing.record, item):
                continue
            standing.work_item = item

    def _may_adopt(self, record: Record, item: WorkItem) -> bool:
        """An id in Aha!'s fields may be of another organization: only a work item of the mapped type is taken."""
        if is_of_mapped_type(item.type, record, self._integration):
            return True
        self._operation.journal.warning(
            "work-item.not-adopted",
            f"Aha! names work item {item.id} for {record.reference or record.id}, but that is a {item.type}. A new "
            "work item is created.",
            work_item_id=item.id,
        )
        self._not_to_adopt.add(record.id)
        return False

    def do_not_adopt(self, record_id: str) -> None:
        """The work item that Aha! names for the record belongs to another record."""
        self._not_to_adopt.add(record_id)

    def _adopt_orphans(self, standings: dict[str, Standing], inherited: dict[str, datetime]) -> None:
        lost = {key: moment for key, moment in inherited.items() if standings[key].work_item is None}
        if not lost:
            return
        found = self.find_created([standings[key].record for key in lost], min(lost.values()))
        for record_id, item in found.items():
            standings[record_id].work_item = item
            standings[record_id].is_untouched = item.revision == 1

    def find_created(self, records: Sequence[Record], since: datetime) -> dict[str, WorkItem]:
        """Work items of these records that were created since shortly before a moment, found by their markers."""
        markers: dict[str, Marker] = {
            record.id: marker_of(record, self._integration, self._public_url) for record in records
        }
        types = frozenset(self._integration.mapping(record.kind).work_item_type for record in records)
        project = self._integration.azure_devops.project
        found = find_orphans(self._azure_devops, project, markers, types, since)
        for record_id, item in found.items():
            self._operation.journal.warning(
                "work-item.found-again",
                f"Work item {item.id} had been created by a request whose answer was lost; it is kept.",
                aha_id=record_id,
                work_item_id=item.id,
            )
        return found

    def claim(self, standings: Sequence[Standing]) -> None:
        """Claim every record that is about to be created; one that another sender was faster with is blocked.

        Where the feature is another sender's, its requirements are left to that one, too.
        """
        self._claim_again([item for item in standings if item.link is not None])
        unclaimed = [item for item in standings if item.claim is None and not item.is_blocked]
        outcome = self._links.claim(self._integration_id, [self.claim_of(item.record) for item in unclaimed])
        for item in unclaimed:
            claimed = outcome[item.record.id]
            if claimed.is_ours and isinstance(claimed.standing, StoredClaim):
                item.claim = claimed.standing
            else:
                item.is_blocked = True

    def _claim_again(self, standings: Sequence[Standing]) -> None:
        """Claims in the place of links whose work items are gone."""
        for item in standings:
            if item.link is None:
                continue
            try:
                claim = self._links.claim_again(self._integration_id, item.link, self.claim_of(item.record))
            except LinkChanged:
                item.is_blocked = True
            else:
                item.link, item.claim = None, claim

    def release(self, standings: Sequence[Standing]) -> None:
        """Give claims back under which nothing was created."""
        claims = [item.claim for item in standings if item.claim is not None]
        if claims:
            self._links.release(self._integration_id, claims)
        for item in standings:
            item.claim = None

    def keep_claims(self, standings: Sequence[Standing]) -> None:
        """Renew claims that have grown old while files were uploaded; one that was lost is blocked."""
        aging = [
            item
            for item in standings
            if item.claim and self._now() - item.claim.claim.claimed_at > _RENEWED_AFTER
        ]
        if not aging:
            return
        claims = [item.claim for item in aging if item.claim is not None]
        try:
            renewed = self._links.renew(self._integration_id, claims, self._now())
        except LinkChanged as error:
            renewed = [claim for claim in error.written.values() if isinstance(claim, StoredClaim)]
        by_id = {stored.claim.aha_id: stored for stored in renewed}
        for item in aging:
            item.claim = by_id.get(item.record.id)
            item.is_blocked = item.claim is None
