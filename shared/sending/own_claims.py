"""The claims of one send: claims records, renews claims and gives them back. Only the thread that commits uses it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared import log_events
from shared.clock import Clock
from shared.domain import claims
from shared.domain.claims import ClaimDecision
from shared.domain.field_decisions import intended_digests
from shared.domain.images import Images
from shared.domain.links import Claim
from shared.domain.records import Record
from shared.errors import LinkChanged, OperationFailed
from shared.operation import Operation
from shared.storage.links import LinkChanges, LinkStore, StoredClaim, StoredLink
from shared.storage.unfinished_sends import SendNote


@dataclass(frozen=True)
class FoundClaims:
    """The claims that a send found on its records: its own, the abandoned ones, and the ids of the others."""

    own: tuple[StoredClaim, ...]
    abandoned: tuple[StoredClaim, ...]
    held_elsewhere: frozenset[str]


def sort_claims(found: Iterable[StoredClaim], operation_id: str) -> FoundClaims:
    """Sort claims by what the send `operation_id` does about them."""
    sorted_claims: dict[ClaimDecision, list[StoredClaim]] = {decision: [] for decision in ClaimDecision}
    for stored in found:
        sorted_claims[claims.decide(stored.claim, stored.age, operation_id)].append(stored)
    return FoundClaims(
        tuple(sorted_claims[ClaimDecision.PROCEED]),
        tuple(sorted_claims[ClaimDecision.TAKE_OVER]),
        frozenset(stored.claim.aha_id for stored in sorted_claims[ClaimDecision.WAIT]),
    )


class OwnClaims:
    """The claims that this send holds, by Aha! id. See `shared.domain.claims` for the rules."""

    def __init__(
        self,
        links: LinkStore,
        integration_id: str,
        operation: Operation,
        images: Images,
        clock: Clock,
    ) -> None:
        self._links = links
        self._integration_id = integration_id
        self._operation = operation
        self._images = images
        self._clock = clock
        self._held: dict[str, StoredClaim] = {}
        self._held_since: dict[str, float] = {}
        self._may_have_created: set[str] = set()

    @property
    def held(self) -> frozenset[str]:
        """The records that this send has claimed."""
        return frozenset(self._held)

    def of(self, record_id: str) -> StoredClaim | None:
        """This send's claim on a record."""
        return self._held.get(record_id)

    def is_inherited(self, record_id: str) -> bool:
        """Whether this send took the claim over and has not yet found what its first sender created."""
        held = self._held.get(record_id)
        return held is not None and held.claim.is_inherited

    def remember(self, own: Iterable[StoredClaim]) -> None:
        """Hold this send's own claims, as they were read."""
        for stored in own:
            self._keep(stored)

    def take_over(self, abandoned: Sequence[StoredClaim]) -> frozenset[str]:
        """Take over abandoned claims. Returns the ids of those that somebody else took over first."""
        pairs = [(stored, claims.taken_over(stored.claim, self._operation.id)) for stored in abandoned]
        taken = self._renewed(pairs)
        for stored in abandoned:
            claim = stored.claim
            if claim.aha_id in taken:
                self._operation.log.add(
                    log_events.CLAIM_TAKEN_OVER,
                    f"An earlier send of {claim.reference_or_id} was interrupted; this send continues it.",
                    aha_id=claim.aha_id,
                    reference=claim.reference,
                    earlier_operation_id=claim.operation_id,
                )
        return frozenset(stored.claim.aha_id for stored in abandoned) - taken

    def are_held_elsewhere(self, record_ids: Collection[str]) -> bool:
        """Whether other senders still hold all of these records. One read per record."""
        found = self._links.claims_on(self._integration_id, sorted(record_ids))
        return sort_claims(found.values(), self._operation.id).held_elsewhere == frozenset(record_ids)

    def claim(self, records: Sequence[Record], note: SendNote | None = None) -> dict[str, StoredClaim]:
        """Claim records without a link. Returns this send's claims on these records, by Aha! id.

        `note` is written with them, unless it is written already.
        """
        wanted = [record for record in records if record.id not in self._held]
        if wanted:
            began = self._clock.monotonic()
            new = [self._new_claim(record) for record in wanted]
            also = note.writing() if note is not None else None
            taken = self._links.write(self._integration_id, LinkChanges(claims=new), also)
            if note is not None:
                note.carried_out(taken.also_etag)
            for stored in taken.claims.values():
                self._keep(stored, began)
        return {record.id: self._held[record.id] for record in records if record.id in self._held}

    def claim_again(self, gone: Sequence[tuple[Record, StoredLink]]) -> frozenset[str]:
        """Replace links to deleted work items with claims. Returns the ids of the records claimed."""
        began = self._clock.monotonic()
        pairs = [(stored, self._new_claim(record, stored.link.work_item_id)) for record, stored in gone]
        try:
            taken: Mapping[str, object] = (
                self._links.claim_again(self._integration_id, pairs) if pairs else {}
            )
        except LinkChanged as error:
            taken = error.written
        return self._kept(taken, began)

    def hold(self, records: Sequence[Record]) -> frozenset[str]:
        """Renew the claims that might end during a create. Returns the ids of those that another sender took over."""
        renewals: list[tuple[StoredClaim, Claim]] = []
        lost: set[str] = set()
        for record in records:
            held = self._held.get(record.id)
            if held is None:
                lost.add(record.id)
                continue
            age = timedelta(seconds=self._clock.monotonic() - self._held_since[record.id])
            intended = intended_digests(record, self._images)
            if claims.needs_renewal(held.claim, age, intended):
                renewals.append((held, claims.renewed(held.claim, intended, self._clock.now())))
        lost |= self._renew(renewals)
        self._may_have_created |= {record.id for record in records} - lost
        return frozenset(lost)

    def release(self, record_ids: Sequence[str]) -> None:
        """Give back claims under which this send created nothing.

        A claim that may lead to an earlier work item is abandoned instead of removed: without it, that work item would
        be forgotten, and created a second time.
        """
        held = [stored for record_id in record_ids if (stored := self._pop(record_id)) is not None]
        removable = [stored for stored in held if not claims.knows_of_work_item(stored.claim)]
        kept = [stored for stored in held if claims.knows_of_work_item(stored.claim)]
        if removable:
            self._links.release(self._integration_id, removable)
        if kept:
            with contextlib.suppress(LinkChanged):
                self._links.renew(
                    self._integration_id, [(stored, claims.abandoned(stored.claim)) for stored in kept]
                )

    def release_all(self) -> None:
        """Give back every claim that this send still holds, however the send ended.

        A claim under which a create may have been requested stays as it is: the request may still be carried out, and
        the next send searches for its work item after the claim's minute. If Table Storage cannot be written to, the
        other claims also last for their minute.
        """
        self.forget(sorted(self._may_have_created))
        with contextlib.suppress(OperationFailed):
            self.release(sorted(self._held))

    def forget(self, record_ids: Sequence[str]) -> None:
        """Forget claims that links replaced, or that must stay because a work item may exist."""
        for record_id in record_ids:
            self._pop(record_id)

    def _pop(self, record_id: str) -> StoredClaim | None:
        """Forget the claim on a record, and return it."""
        self._may_have_created.discard(record_id)
        return self._held.pop(record_id, None)

    def _renew(self, renewals: Sequence[tuple[StoredClaim, Claim]]) -> frozenset[str]:
        lost = frozenset(claim.aha_id for _, claim in renewals) - self._renewed(renewals)
        references = {claim.aha_id: claim.reference for _, claim in renewals}
        for record_id in lost:
            self._pop(record_id)
            name = references[record_id] or record_id
            self._operation.log.add(
                log_events.CLAIM_LOST,
                f"Another send took over the claim of {name}.",
                aha_id=record_id,
                reference=name,
            )
        return lost

    def _renewed(self, pairs: Sequence[tuple[StoredClaim, Claim]]) -> frozenset[str]:
        """Replace claims with this send's. Returns the ids of those that this send holds now."""
        if not pairs:
            return frozenset()
        began = self._clock.monotonic()
        try:
            written: Mapping[str, object] = self._links.renew(self._integration_id, pairs)
        except LinkChanged as error:
            written = error.written
        return self._kept(written, began)

    def _kept(self, written: Mapping[str, object], began: float) -> frozenset[str]:
        """Remember the claims among what was written. Returns their ids."""
        kept = {key: stored for key, stored in written.items() if isinstance(stored, StoredClaim)}
        for stored in kept.values():
            self._keep(stored, began)
        return frozenset(kept)

    def _keep(self, stored: StoredClaim, since: float | None = None) -> None:
        """Remember a claim that this send wrote at `since` (monotonic), or that it read with its age."""
        record_id = stored.claim.aha_id
        if record_id in self._held and since is None:
            self._held[record_id] = stored
            return
        self._held[record_id] = stored
        now = self._clock.monotonic()
        self._held_since[record_id] = now - stored.age.total_seconds() if since is None else since

    def _new_claim(self, record: Record, work_item_id: int | None = None) -> Claim:
        intended = intended_digests(record, self._images)
        return Claim(
            record.kind,
            record.id,
            record.reference,
            self._operation.id,
            self._clock.now(),
            intended,
            work_item_id,
        )
