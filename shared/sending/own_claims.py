"""The claims of one send: takes, renews and gives back. Used by the thread that commits, and by no other."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

from shared import log_events
from shared.clock import Clock
from shared.domain import claims
from shared.domain.claims import ClaimDecision
from shared.domain.field_decisions import intended_digests
from shared.domain.images import Images
from shared.domain.links import Claim
from shared.domain.records import Record
from shared.errors import LinkChanged
from shared.operation import Operation
from shared.storage.links import LinkChanges, LinkStore, StoredClaim, StoredLink
from shared.storage.unfinished_sends import SendNote


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

    def of(self, record_id: str) -> StoredClaim | None:
        """This send's claim on a record."""
        return self._held.get(record_id)

    def is_inherited(self, record_id: str) -> bool:
        """Whether this send took the claim over and has not found yet what its first sender created."""
        held = self._held.get(record_id)
        return held is not None and held.claim.is_inherited

    def consider(self, stored: StoredClaim, *, take_over: bool) -> bool:
        """Decide about a stored claim, and take it over if its sender is gone. False: another sender holds it."""
        decision = claims.decide(stored.claim, stored.age, self._operation.id)
        if decision is ClaimDecision.PROCEED:
            self._keep(stored)
            return True
        if decision is ClaimDecision.WAIT:
            return False
        if not take_over:
            return True
        began = self._clock.monotonic()
        try:
            taken = self._links.take_over(
                self._integration_id, stored, claims.taken_over(stored.claim, self._operation.id)
            )
        except LinkChanged:
            return False
        self._keep(taken, began)
        self._operation.log.add(
            log_events.CLAIM_TAKEN_OVER,
            f"An earlier send of {stored.claim.reference or stored.claim.aha_id} was interrupted; this send continues "
            "it.",
            aha_id=stored.claim.aha_id,
            reference=stored.claim.reference,
            earlier_operation_id=stored.claim.operation_id,
        )
        return True

    def take(self, records: Sequence[Record], note: SendNote | None = None) -> dict[str, StoredClaim]:
        """Claim records that have no link. The claims on them that this send holds then, by Aha! id.

        `note` is written with them, unless it is written already.
        """
        wanted = [record for record in records if record.id not in self._held]
        if wanted:
            began = self._clock.monotonic()
            new = [self._claim(record) for record in wanted]
            also = note.writing() if note is not None else None
            taken = self._links.write(self._integration_id, LinkChanges(claims=new), also)
            if note is not None:
                note.carried_out(taken.also_etag)
            for stored in taken.claims.values():
                self._keep(stored, began)
        return {record.id: self._held[record.id] for record in records if record.id in self._held}

    def take_again(self, record: Record, stored: StoredLink) -> bool:
        """Replace a link whose work item is gone by a claim. False: somebody changed the link."""
        began = self._clock.monotonic()
        claim = self._claim(record, stored.link.work_item_id)
        try:
            self._keep(self._links.claim_again(self._integration_id, stored, claim), began)
        except LinkChanged:
            return False
        return True

    def hold(self, records: Sequence[Record]) -> frozenset[str]:
        """Renew the claims that might run out during a create. The ids of those that another sender took over."""
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
        return frozenset(lost) | self._renew(renewals)

    def release(self, record_ids: Sequence[str]) -> None:
        """Give claims back under which this send created nothing.

        A claim that may lead to an earlier work item is abandoned instead of removed: without it, that work item would
        be forgotten, and made a second time.
        """
        held = [stored for record_id in record_ids if (stored := self._held.pop(record_id, None)) is not None]
        removable = [stored for stored in held if not claims.knows_of_work_item(stored.claim)]
        kept = [stored for stored in held if claims.knows_of_work_item(stored.claim)]
        if removable:
            self._links.release(self._integration_id, removable)
        if kept:
            with contextlib.suppress(LinkChanged):
                self._links.renew(
                    self._integration_id, [(stored, claims.abandoned(stored.claim)) for stored in kept]
                )

    def spend(self, record_ids: Sequence[str]) -> None:
        """Forget claims that gave way to links, or that must stay because a work item may exist."""
        for record_id in record_ids:
            self._held.pop(record_id, None)

    def _renew(self, renewals: Sequence[tuple[StoredClaim, Claim]]) -> frozenset[str]:
        if not renewals:
            return frozenset()
        began = self._clock.monotonic()
        try:
            renewed: Mapping[str, StoredClaim] = self._links.renew(self._integration_id, renewals)
        except LinkChanged as error:
            renewed = {key: item for key, item in error.written.items() if isinstance(item, StoredClaim)}
        lost = frozenset(claim.aha_id for _, claim in renewals if claim.aha_id not in renewed)
        for stored in renewed.values():
            self._keep(stored, began)
        references = {claim.aha_id: claim.reference for _, claim in renewals}
        for record_id in lost:
            self._held.pop(record_id, None)
            name = references[record_id] or record_id
            self._operation.log.add(
                log_events.CLAIM_LOST,
                f"Another send took over the claim of {name}.",
                aha_id=record_id,
                reference=name,
            )
        return lost

    def _keep(self, stored: StoredClaim, since: float | None = None) -> None:
        """Note a claim that this send wrote at `since` (monotonic), or read at the age that it has."""
        record_id = stored.claim.aha_id
        if record_id in self._held and since is None:
            self._held[record_id] = stored
            return
        self._held[record_id] = stored
        now = self._clock.monotonic()
        self._held_since[record_id] = now - stored.age.total_seconds() if since is None else since

    def _claim(self, record: Record, work_item_id: int | None = None) -> Claim:
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
