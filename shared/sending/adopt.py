"""Adopt: the work items of records without a link. The rules are in `shared.domain.adoption`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shared import log_events
from shared.domain.adoption import (
    NotAdopted,
    adoptable,
    adopted_orphan,
    named_work_item,
    one_record_per_work_item,
)
from shared.domain.links import Claim
from shared.domain.records import Record
from shared.domain.work_item import WorkItem
from shared.errors import OperationFailed
from shared.isolation import isolated, log_defect, of_record
from shared.sending.context import SendContext
from shared.sending.look_steps import (
    States,
    each_record,
    name_of_state,
    read_work_items,
    with_work_item,
)
from shared.sending.orphans import Orphan, SearchContext, find_orphans
from shared.sending.own_claims import OwnClaims
from shared.sending.record_state import RecordState, name_of
from shared.storage.links import UnreadableLink


@dataclass(frozen=True)
class NamedWorkItems:
    """The work items that only Aha!'s fields name, by record id, and the records that a defect stopped."""

    work_items: Mapping[str, int]
    stopped: States


def named_by_aha(states: Mapping[str, RecordState], context: SendContext) -> NamedWorkItems:
    """The work items that Aha!'s fields name for records without a known work item."""
    azure_devops, own_id = context.azure_devops, context.integration.aha.integration_id

    def read(state: RecordState) -> int | NotAdopted | None:
        return named_work_item(state.record, own_id, azure_devops.account_name, azure_devops.account_url)

    attempt = isolated(read, context.operation, name_of_state)
    named: dict[str, int] = {}
    stopped: States = {}
    for key, state in states.items():
        outcome = attempt(state)
        if isinstance(outcome, OperationFailed):
            stopped[key] = replace(state, error=outcome)
        elif isinstance(outcome, NotAdopted):
            _log_not_adopted(state, outcome, context)
        elif outcome is not None:
            named[key] = outcome
    return _left_to_linked_records(NamedWorkItems(named, stopped), states, context)


def _left_to_linked_records(
    named: NamedWorkItems, states: Mapping[str, RecordState], context: SendContext
) -> NamedWorkItems:
    """Without the work items that belong to other records. If an owner cannot be read, the record is stopped."""
    numbers = sorted(set(named.work_items.values()))
    found = context.links.linked_records(context.integration.integration_id, numbers)
    linked = {number: holder for number, holder in found.items() if isinstance(holder, str)}
    stopped = {
        key: replace(
            states[key], error=log_defect(context.operation, holder.error, name_of_state(states[key]))
        )
        for key, number in named.work_items.items()
        if isinstance(holder := found.get(number), UnreadableLink)
    }
    readable = {key: number for key, number in named.work_items.items() if key not in stopped}
    return NamedWorkItems(one_record_per_work_item(readable, linked), {**named.stopped, **stopped})


def with_named(
    states: Mapping[str, RecordState],
    named: Mapping[str, int],
    items: Mapping[int, WorkItem],
    context: SendContext,
) -> States:
    """The states of the records for which Aha! names a work item, with that work item if it may be adopted."""

    def adopted(state: RecordState) -> RecordState:
        number = named[state.record.id]
        found = adoptable(number, items.get(number), state.record, context.integration)
        if isinstance(found, NotAdopted):
            _log_not_adopted(state, found, context)
            return state
        return with_work_item(state, found, context)

    return each_record(adopted, [states[key] for key in named], context)


def named_without_orphan(states: Mapping[str, RecordState], context: SendContext) -> States:
    """The states of records whose orphan was not found, with the work items that Aha! names."""
    named = named_by_aha(states, context)
    items = read_work_items(named.work_items.values(), context)
    return named.stopped | with_named(states, named.work_items, items, context)


def with_orphans(states: Mapping[str, RecordState], context: SendContext, claims: OwnClaims) -> States:
    """The states of records whose work items were created by interrupted sends, with the base of that time."""
    inherited = {
        key: held.claim
        for key, state in states.items()
        if state.is_open
        and state.work_item is None
        and claims.is_inherited(key)
        and (held := claims.of(key)) is not None
    }
    if not inherited:
        return {}
    orphans = _search(states, inherited, context)

    def adopted(state: RecordState) -> RecordState:
        orphan, intended = orphans[state.record.id], inherited[state.record.id].intended
        if isinstance(orphan, OperationFailed):
            return replace(state, error=orphan)
        got = adopted_orphan(orphan.present, orphan.first, intended, context.integration, context.images)
        context.operation.log.add_once(
            log_events.WORK_ITEM_FOUND_AGAIN,
            f"An interrupted send created work item {got.work_item.id}. This send uses it.",
            aha_id=state.record.id,
            reference=state.record.reference_or_id,
            work_item_id=got.work_item.id,
        )
        return replace(state, work_item=got.work_item, base=got.base)

    return each_record(adopted, [states[key] for key in orphans], context)


def _search(
    states: Mapping[str, RecordState], inherited: Mapping[str, Claim], context: SendContext
) -> Mapping[str, Orphan | OperationFailed]:
    """The orphans of the records. A defect of the search stops only these records."""
    search = SearchContext(context.azure_devops, context.integration, context.public_url, context.operation)
    since = min(claim.began_at for claim in inherited.values())

    def find(records: Sequence[Record]) -> dict[str, Orphan | OperationFailed]:
        return find_orphans(search, records, since)

    attempt = isolated(find, context.operation, lambda records: ", ".join(name_of(item) for item in records))
    found = of_record(attempt([states[key].record for key in inherited]))
    return dict.fromkeys(inherited, found) if isinstance(found, OperationFailed) else found


def _log_not_adopted(state: RecordState, refusal: NotAdopted, context: SendContext) -> None:
    name = state.record.reference_or_id
    context.operation.log.add_once(
        log_events.WORK_ITEM_NOT_ADOPTED,
        refusal.message(name),
        work_item_id=refusal.work_item_id,
        reference=name,
    )
