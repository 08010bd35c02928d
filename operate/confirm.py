"""Read possible faults again: the app may have written the rows while the tables were read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from operate.context import CommandContext
from operate.faults import Fault, Finding
from operate.rebuild import MarkedWorkItems, second_in_words
from shared.concurrency import in_parallel
from shared.domain.integration import StoredIntegration
from shared.domain.kind import Kind
from shared.domain.links import Claim
from shared.domain.references import feature_reference_in
from shared.storage.keys import record_key, work_item_key
from shared.storage.link_rows import StoredClaim, StoredLink, partition_of, stored_record
from shared.storage.links import UnreadableLink
from shared.storage.rows import Row
from shared.storage.unfinished_sends import StoredUnfinishedSend, UnfinishedSendStore

_AT_ONCE = 200


def still_present(
    possible_faults: Sequence[Finding], context: CommandContext, marked: MarkedWorkItems | None
) -> Iterator[Finding]:
    """The faults that still exist, each as it is now."""
    second_read = _SecondRead(context, marked)
    for start in range(0, len(possible_faults), _AT_ONCE):
        found = in_parallel(second_read.of, possible_faults[start : start + _AT_ONCE])
        yield from (one for one in found if one is not None)


class _SecondRead:
    def __init__(self, context: CommandContext, marked: MarkedWorkItems | None) -> None:
        self._context = context
        self._links = context.links
        self._marked = marked

    def of(self, one: Finding) -> Finding | None:
        if one.fault is Fault.CLAIM_LEFT:
            return self._claim(one)
        if one.fault is Fault.POINTER_WITHOUT_LINK:
            return self._pointer(one)
        if one.fault is Fault.LINK_WITHOUT_POINTER:
            is_so = self._row(one, record_key(one.aha_id)) is None and self._linked(one) is not None
            return one if is_so else None
        if one.fault is Fault.SECOND_LINK:
            pointer = self._row(one, record_key(one.aha_id))
            is_so = self._linked(one) is not None and (
                pointer is None or pointer.number("work_item_id") != one.work_item_id
            )
            return one if is_so else None
        if one.fault in (Fault.SECOND_WORK_ITEM, Fault.MARKED_WITHOUT_LINK):
            return self._work_item(one)
        return one

    def _claim(self, one: Finding) -> Finding | None:
        row = self._row(one, one.key)
        stored = stored_record(row) if row is not None else None
        return self._with_owner_of_claim(one, stored.claim) if isinstance(stored, StoredClaim) else None

    def _with_owner_of_claim(self, one: Finding, claim: Claim) -> Finding:
        """The fault, with who finishes the send."""
        feature = feature_of(claim)
        if feature & self._noted_features(one.integration_id):
            return replace(one, fault=Fault.CLAIM_WAITING)
        can_be_noted = bool(feature) and self._sends_by_timer(one.integration_id)
        return one if can_be_noted else replace(one, fault=Fault.CLAIM_TO_SEND)

    def _noted_features(self, integration_id: str) -> frozenset[str]:
        """The names of the features whose sends the timer finishes."""
        return frozenset(
            name
            for stored in UnfinishedSendStore(self._context.tables).each(integration_id)
            if isinstance(stored, StoredUnfinishedSend)
            for name in (stored.note.name, stored.note.reference)
            if name
        )

    def _sends_by_timer(self, integration_id: str) -> bool:
        stored = self._context.integrations.find(integration_id)
        return (
            isinstance(stored, StoredIntegration)
            and stored.integration.receives
            and stored.integration.enabled
        )

    def _pointer(self, one: Finding) -> Finding | None:
        pointer = self._row(one, record_key(one.aha_id))
        if pointer is None or pointer.flag("is_claim") or self._row_of(one) is not None:
            return None
        one = replace(one, name=pointer.text("reference") or one.name)
        marked_items = self._marked.of(one.aha_id) if self._marked else ()
        is_marked = any(marked_item.work_item_id == one.work_item_id for marked_item in marked_items)
        return one if is_marked else replace(one, fault=Fault.POINTER_UNMARKED)

    def _work_item(self, one: Finding) -> Finding | None:
        stored = self._links.load_each(one.integration_id, [one.aha_id]).get(one.aha_id)
        if stored is None:
            return replace(one, fault=Fault.MARKED_WITHOUT_LINK)
        if isinstance(stored, StoredClaim | UnreadableLink) or stored.link.work_item_id == one.work_item_id:
            return None
        detail = second_in_words(stored.link.work_item_id, one.work_item_id)
        return replace(one, fault=Fault.SECOND_WORK_ITEM, detail=detail)

    def _linked(self, one: Finding) -> StoredLink | None:
        found = self._links.by_work_item(one.integration_id, one.work_item_id)
        return found if found is not None and found.link.aha_id == one.aha_id else None

    def _row_of(self, one: Finding) -> Row | None:
        return self._row(one, work_item_key(one.work_item_id))

    def _row(self, one: Finding, row_key: str) -> Row | None:
        return self._context.tables.links.get(partition_of(one.integration_id), row_key)


def feature_of(claim: Claim) -> frozenset[str]:
    """The names by which the timer may know the feature of a claimed record."""
    if claim.kind is Kind.FEATURE:
        return frozenset({claim.aha_id, claim.reference} - {""})
    named = feature_reference_in(claim.reference) if claim.reference.count("-") > 1 else None
    return frozenset({named} if named else ())
