"""How the records of a send stand: linked, claimed by this or another sender, or new; and their work items as they are.

A claim is a sender's word that it is about to create. It holds for a minute and is renewed by a sender that takes
longer; one that is older was left by a sender that died, or whose answer was lost on the wire.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.clients.azure_devops import AzureDevOps
from shared.domain.field_decisions import intended_digests
from shared.domain.files import sent_files
from shared.domain.images import images_of_account
from shared.domain.integration import Integration
from shared.domain.kind import Kind
from shared.domain.links import Agreement, Claim, Field
from shared.domain.markers import Marker, marker_of
from shared.domain.records import Record
from shared.domain.work_item import WorkItem
from shared.errors import LinkChanged
from shared.operation import Operation
from shared.sending.orphans import find_orphans
from shared.sending.writes import is_of_mapped_type
from shared.side_by_side import side_by_side
from shared.storage.links import LinkStore, StoredClaim, StoredLink

CLAIM_LASTS = timedelta(seconds=60)
_RENEWED_AFTER = timedelta(seconds=10)
"""A create may take half a minute, and has to end while its claim still holds."""


@dataclass
class Standing:
    """One record. At most one of `link` and `claim` is set; `claim` is always this sender's own.

    `is_blocked`: another sender holds the claim. `work_item` is None where there is none, or none any more. `base` is
    set for a work item that an interrupted send created: what both sides agreed on then.
    """

    record: Record
    link: StoredLink | None = None
    claim: StoredClaim | None = None
    work_item: WorkItem | None = None
    base: Mapping[Field, Agreement] | None = None
    is_blocked: bool = False


class Lookout:
    """Finds out how records stand, and makes, renews and gives back this sender's claims."""

    def __init__(
        self,
        links: LinkStore,
        azure_devops: AzureDevOps,
        operation: Operation,
        integration: Integration,
        public_url: str,
        now: Callable[[], datetime],
    ) -> None:
        self._links = links
        self._azure_devops = azure_devops
        self._operation = operation
        self._integration = integration
        self._integration_id = integration.integration_id
        self._public_url = public_url
        self._images = images_of_account(integration.aha.url)
        self._now = now
        self._not_to_adopt: set[str] = set()

    def look(self, records: Sequence[Record], *, take_over: bool = True) -> dict[str, Standing]:
        """How each record stands now, by its id.

        Claims that were left behind are taken over (unless a mere look is wanted), and what their senders may have
        created is looked for.
        """
        found = self._load(records, is_rehearsal=not take_over)
        standings = {record.id: Standing(record) for record in records}
        for record in records:
            stored, standing = found.get(record.id), standings[record.id]
            if isinstance(stored, StoredLink):
                standing.link = stored
            elif isinstance(stored, StoredClaim):
                self._place_claim(stored, standing, take_over)
        self._read_work_items(standings)
        self._adopt_orphans([item for item in standings.values() if _was_inherited(item)])
        return standings

    def _load(self, records: Sequence[Record], is_rehearsal: bool) -> dict[str, StoredLink | StoredClaim]:
        ids = [record.id for record in records]
        if is_rehearsal or not records or records[0].kind is not Kind.FEATURE:
            return self._links.load(self._integration_id, ids)
        return self._links.load_family(self._integration_id, ids[0], ids[1:])

    def _place_claim(self, stored: StoredClaim, standing: Standing, take_over: bool) -> None:
        claim = stored.claim
        if claim.operation_id == self._operation.id:
            standing.claim = stored
        elif self._now() - claim.claimed_at < CLAIM_LASTS:
            standing.is_blocked = True
        elif take_over:
            # What the dead sender began, and with which texts, stays on record until its work item is found or is not.
            ours = replace(claim, operation_id=self._operation.id, claimed_at=self._now(), is_inherited=True)
            try:
                standing.claim = self._links.take_over(self._integration_id, stored, ours)
            except LinkChanged:
                standing.is_blocked = True
                return
            self._operation.journal.warning(
                "claim.taken-over",
                f"An earlier send of {claim.reference or claim.aha_id} did not come to its end; this one goes on "
                "from there.",
                aha_id=claim.aha_id,
                earlier_operation_id=claim.operation_id,
            )

    def _claim_of(self, record: Record, work_item_id: int | None = None) -> Claim:
        """This sender's claim on a record, as of now."""
        now = self._now()
        intended = intended_digests(record, self._images)
        return Claim(
            record.kind, record.id, record.reference, self._operation.id, now, now, intended, work_item_id
        )

    def _read_work_items(self, standings: Mapping[str, Standing]) -> None:
        """The work items of the records, as their links, an interrupted send or Aha! itself name them: in one read."""
        self._leave_to_their_records(standings.values())
        wanted = {key: self._named_work_item(item) for key, item in standings.items() if not item.is_blocked}
        ids = sorted({work_item_id for work_item_id in wanted.values() if work_item_id is not None})
        items = self._azure_devops.work_items(ids) if ids else {}
        for record_id, work_item_id in wanted.items():
            standing = standings[record_id]
            item = items.get(work_item_id) if work_item_id is not None else None
            if item is None or standing.link is not None or self._may_adopt(standing.record, item):
                standing.work_item = item

    def _named_work_item(self, standing: Standing) -> int | None:
        if standing.link is not None:
            return standing.link.link.work_item_id
        if standing.claim is not None and standing.claim.claim.work_item_id:
            # It was deleted when the claim was made; it may have been restored since.
            return standing.claim.claim.work_item_id
        return None if standing.record.id in self._not_to_adopt else standing.record.work_item_id

    def _leave_to_their_records(self, standings: Iterable[Standing]) -> None:
        """A work item that Aha! names for several records belongs to the one that has it, else to the first of them."""
        named: dict[int, Record] = {}
        for item in standings:
            work_item_id = item.record.work_item_id
            if work_item_id is None or item.link is not None or item.is_blocked:
                continue
            if named.setdefault(work_item_id, item.record) is not item.record:
                self.do_not_adopt(item.record.id)
        held = side_by_side(
            lambda number: self._links.by_work_item(self._integration_id, number), list(named)
        )
        for record, stored in zip(named.values(), held, strict=True):
            if stored is not None and stored.link.aha_id != record.id:
                self.do_not_adopt(record.id)

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

    def _adopt_orphans(self, inherited: Sequence[Standing]) -> None:
        """Give records the work items that interrupted sends created, with what was agreed when they did."""
        if not inherited:
            return
        since = min(item.claim.claim.began_at for item in inherited if item.claim)
        found = self._find_orphans([item.record for item in inherited], since)
        first = self._first_revisions(found)
        for item in inherited:
            item.work_item = found.get(item.record.id)
            if item.work_item is not None and item.claim is not None:
                created = first[item.record.id]
                intended = item.claim.claim.intended
                images = self._images.with_files(sent_files(created))
                item.base = {
                    name: Agreement(intended.get(name, ""), created.digest_of(name, images)) for name in Field
                }

    def find_created(self, records: Sequence[Record], since: datetime) -> dict[str, WorkItem]:
        """Work items that creates of this send left behind, as they were created, by record id."""
        return self._first_revisions(self._find_orphans(records, since))

    def _find_orphans(self, records: Sequence[Record], since: datetime) -> dict[str, WorkItem]:
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

    def _first_revisions(self, items: Mapping[str, WorkItem]) -> dict[str, WorkItem]:
        """What was created, before anybody changed it: an engineer may have been quick."""

        def first(item: WorkItem) -> WorkItem:
            return item if item.revision == 1 else self._azure_devops.revision(item.id, 1)

        return dict(zip(items, side_by_side(first, list(items.values())), strict=True))

    def claim(self, standings: Sequence[Standing]) -> None:
        """Claim every record that is about to be created; one that another sender was faster with is blocked."""
        self._claim_again([item for item in standings if item.link is not None])
        unclaimed = [item for item in standings if item.claim is None and not item.is_blocked]
        if not unclaimed:
            return
        outcome = self._links.claim(self._integration_id, [self._claim_of(item.record) for item in unclaimed])
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
            claim = self._claim_of(item.record, item.link.link.work_item_id)
            try:
                item.claim = self._links.claim_again(self._integration_id, item.link, claim)
                item.link = None
            except LinkChanged:
                item.is_blocked = True

    def release(self, standings: Sequence[Standing]) -> None:
        """Give claims back under which this sender created nothing.

        One that knows of an earlier work item, of an interrupted send or of a deleted one, is kept for the next sender
        to take over at once: without it that work item would be forgotten, and made a second time.
        """
        held = [item.claim for item in standings if item.claim is not None]
        forgettable = [stored for stored in held if not _knows_of_work_item(stored.claim)]
        handed_on = [stored for stored in held if _knows_of_work_item(stored.claim)]
        if forgettable:
            self._links.release(self._integration_id, forgettable)
        if handed_on:
            expired = [(stored, _handed_on(stored.claim)) for stored in handed_on]
            with contextlib.suppress(LinkChanged):
                self._links.renew(self._integration_id, expired)
        for item in standings:
            item.claim = None

    def hold(self, standings: Sequence[Standing]) -> None:
        """Make sure, right before a create, that its claim will hold for as long; one that was lost is blocked."""
        aging = [item for item in standings if item.claim is not None and self._wants_renewal(item)]
        if not aging:
            return
        now = self._now()
        pairs = []
        for item in aging:
            if item.claim is not None:
                intended = intended_digests(item.record, self._images)
                claim = replace(
                    item.claim.claim, claimed_at=now, began_at=now, intended=intended, is_inherited=False
                )
                pairs.append((item.claim, claim))
        try:
            renewed = self._links.renew(self._integration_id, pairs)
        except LinkChanged as error:
            renewed = [stored for stored in error.written.values() if isinstance(stored, StoredClaim)]
        by_id = {stored.claim.aha_id: stored for stored in renewed}
        for item in aging:
            item.claim = by_id.get(item.record.id)
            item.is_blocked = item.claim is None

    def _wants_renewal(self, standing: Standing) -> bool:
        claim = standing.claim.claim if standing.claim else None
        if claim is None:
            return False
        # An inherited claim under which nothing was found is from now on about what this sender creates.
        intended = intended_digests(standing.record, self._images)
        return self._now() - claim.claimed_at > _RENEWED_AFTER or claim.intended != intended


def _knows_of_work_item(claim: Claim) -> bool:
    """Whether there may be a work item that only this claim leads to."""
    return claim.is_inherited or claim.work_item_id is not None


def _handed_on(claim: Claim) -> Claim:
    """The claim as nobody's, for whoever comes next."""
    return replace(claim, operation_id="", claimed_at=claim.claimed_at - CLAIM_LASTS)


def _was_inherited(standing: Standing) -> bool:
    """Whether an interrupted send may have created the record's work item."""
    return standing.claim is not None and standing.claim.claim.is_inherited and standing.work_item is None
