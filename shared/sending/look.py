"""Look: the state of each record of a send. Reads links, claims and work items; takes over abandoned claims."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from shared.concurrency import in_parallel
from shared.domain.absence import out_of_sight
from shared.domain.field_decisions import payload_texts
from shared.domain.kind import Kind
from shared.domain.records import Record
from shared.domain.work_item import WorkItem
from shared.errors import NotFound
from shared.isolation import log_defect
from shared.sending.adopt import named_by_aha, named_without_orphan, with_named, with_orphans
from shared.sending.context import SendContext
from shared.sending.look_steps import States, each_record, read_work_items, with_work_item
from shared.sending.own_claims import OwnClaims, sort_claims
from shared.sending.record_state import RecordState, name_of, state_by_rows
from shared.sending.unreadable import states_of_unreadable
from shared.settling import SettleContext, settle_intentions
from shared.storage.links import Loaded, StoredClaim, UnreadableLink


def look(
    records: Sequence[Record], context: SendContext, claims: OwnClaims, *, take_over: bool = True
) -> States:
    """The state of each record, by its id.

    `take_over`: take over abandoned claims, and search for what their senders created. A dry run does not.
    """
    loaded = _read_rows(records, context, is_dry_run=not take_over)
    held_elsewhere = _take_over(loaded, context, claims, is_dry_run=not take_over)
    states = {record.id: _state(record, loaded.get(record.id), held_elsewhere, context) for record in records}
    # An orphan is adopted before a work item that Aha! names: its claim has the digests that become the base.
    waiting = {key for key in states if claims.is_inherited(key)}
    named = named_by_aha(_without_work_item(states, states.keys() - waiting), context)
    states |= named.stopped
    items = read_work_items([*_known(states), *named.work_items.values()], context)
    states |= _with_known(states, items, context) | with_named(states, named.work_items, items, context)
    states |= _settled(states, context, context.clock.now())
    states |= with_orphans(states, context, claims)
    states |= named_without_orphan(_without_work_item(states, waiting), context)
    return states | states_of_unreadable(
        states, items, context.azure_devops, context.integration.azure_devops.project
    )


def _read_rows(records: Sequence[Record], context: SendContext, *, is_dry_run: bool) -> dict[str, Loaded]:
    """The links and claims of the records.

    The requirements of a feature that was never sent are not read, and count as new. If one has a link or a claim after
    all, the insert of its claim fails, and the next round finds it. A dry run inserts nothing.
    """
    ids = [record.id for record in records]
    integration_id = context.integration.integration_id
    if records and records[0].kind is Kind.FEATURE and not is_dry_run:
        return context.links.load_family(integration_id, ids[0], ids[1:])
    return context.links.load_each(integration_id, ids)


def _take_over(
    loaded: Mapping[str, Loaded], context: SendContext, claims: OwnClaims, *, is_dry_run: bool
) -> frozenset[str]:
    """Take over abandoned claims. Returns the ids of the records that other senders hold."""
    found = sort_claims(
        (stored for stored in loaded.values() if isinstance(stored, StoredClaim)), context.operation.id
    )
    claims.remember(found.own)
    if is_dry_run:
        return found.held_elsewhere
    return found.held_elsewhere | claims.take_over(found.abandoned)


def _state(
    record: Record, loaded: Loaded | None, held_elsewhere: frozenset[str], context: SendContext
) -> RecordState:
    state = state_by_rows(record, loaded, is_held_elsewhere=record.id in held_elsewhere)
    if isinstance(loaded, UnreadableLink):
        return replace(state, error=log_defect(context.operation, loaded.error, name_of(record)))
    return state


def _without_work_item(states: Mapping[str, RecordState], record_ids: Collection[str]) -> States:
    """The open records without a known work item, in their order."""
    return {
        key: state
        for key, state in states.items()
        if key in record_ids
        and state.is_open
        and state.known_work_item_id is None
        and state.work_item is None
    }


def _known(states: Mapping[str, RecordState]) -> list[int]:
    """The work items that rows name."""
    known = (state.known_work_item_id for state in states.values() if state.error is None)
    return [number for number in known if number is not None]


def _with_known(
    states: Mapping[str, RecordState], items: Mapping[int, WorkItem], context: SendContext
) -> States:
    """The states of the records whose rows name a work item that was read, with that work item."""
    found = {
        key: item
        for key, state in states.items()
        if state.error is None and (item := items.get(state.known_work_item_id or 0)) is not None
    }
    return each_record(
        lambda state: with_work_item(state, found[state.record.id], context),
        [states[key] for key in found],
        context,
    )


def _settled(states: Mapping[str, RecordState], context: SendContext, now: datetime) -> States:
    """The states whose links have intentions, with those settled as far as possible."""
    settle_context = SettleContext(
        context.azure_devops, context.integration, context.operation, context.images
    )

    def settled(state: RecordState) -> RecordState:
        if state.link is None or state.work_item is None:
            return state
        texts = payload_texts(state.record, context.images)
        try:
            link = settle_intentions(state.link, state.work_item, texts, settle_context, now)
        except NotFound:
            # The work item became invisible after it was read.
            return replace(state, error=out_of_sight(state.link, context.integration.azure_devops.project))
        return replace(state, link=link)

    intended = [state for state in states.values() if state.link is not None and state.link.intentions]
    return each_record(settled, intended, context, run=in_parallel)
