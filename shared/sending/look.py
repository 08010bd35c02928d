"""Look: how each record of a send stands now. Reads links, claims and work items; takes over abandoned claims."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared import log_events
from shared.clients.azure_devops import AzureDevOps
from shared.concurrency import in_parallel
from shared.domain.absence import out_of_sight
from shared.domain.adoption import (
    NotAdopted,
    adopted_orphan,
    kept_by_one_record,
    named_work_item,
    refused_adoption,
    unreadable_adoption,
)
from shared.domain.field_decisions import payload_says
from shared.domain.images import Images
from shared.domain.integration import Integration
from shared.domain.kind import Kind
from shared.domain.present_description import AgreedDescription, described
from shared.domain.records import Record
from shared.domain.work_item import WorkItem
from shared.errors import NotFound, OperationFailed
from shared.isolation import isolated, note_defect, of_record
from shared.operation import Operation
from shared.sending.absent import judge_absent
from shared.sending.orphans import SearchPlace, find_orphans
from shared.sending.own_claims import OwnClaims, sort_claims
from shared.sending.record_state import RecordState, name_of, state_by_rows
from shared.settling import SettlePlace, settle_intentions
from shared.storage.links import LinkStore, Loaded, StoredClaim, UnreadableLink

States = dict[str, RecordState]
"""How each record stands, by its id."""


@dataclass(frozen=True)
class LookPlace:
    """What a look reads, and on whose behalf."""

    links: LinkStore
    azure_devops: AzureDevOps
    integration: Integration
    public_url: str
    images: Images
    operation: Operation


def look(
    records: Sequence[Record], place: LookPlace, claims: OwnClaims, now: datetime, *, take_over: bool = True
) -> States:
    """How each record stands, by its id.

    `take_over`: take over claims whose senders are gone, and look for what they created. A dry run does not.
    """
    loaded = _read_rows(records, place, is_dry_run=not take_over)
    held_elsewhere = _take_over(loaded, place, claims, is_dry_run=not take_over)
    states = {record.id: _state(record, loaded.get(record.id), held_elsewhere, place) for record in records}
    # What an interrupted send created goes before what Aha! names: its claim knows what both sides said then.
    waiting = {
        key for key, state in states.items() if claims.is_inherited(key) and not state.known_work_item_id
    }
    named = _named_by_aha(_without_work_item(states, states.keys() - waiting), place)
    states |= named.stopped
    items = _read_work_items(states, named.work_items, place)
    states |= _with_known(states, items, place) | _with_named(states, named.work_items, items, place)
    states |= _settled(states, place, now)
    states |= _with_orphans(states, place, claims)
    states |= _named_after_all(_without_work_item(states, waiting), place)
    return states | judge_absent(states, items, place.azure_devops, place.integration.azure_devops.project)


def _read_rows(records: Sequence[Record], place: LookPlace, *, is_dry_run: bool) -> dict[str, Loaded]:
    """The links and claims of the records.

    The requirements of a feature that was never sent are not read, and look new. The claim that is inserted for each of
    them fails if one has a link or a claim after all; the next round then finds it. A dry run inserts nothing.
    """
    ids = [record.id for record in records]
    integration_id = place.integration.integration_id
    if records and records[0].kind is Kind.FEATURE and not is_dry_run:
        return place.links.load_family(integration_id, ids[0], ids[1:])
    return place.links.load_each(integration_id, ids)


def _take_over(
    loaded: Mapping[str, Loaded], place: LookPlace, claims: OwnClaims, *, is_dry_run: bool
) -> frozenset[str]:
    """Take over the claims whose senders are gone. The ids of the records that other senders hold."""
    found = sort_claims(
        (stored for stored in loaded.values() if isinstance(stored, StoredClaim)), place.operation.id
    )
    claims.go_on(found.own)
    if is_dry_run:
        return found.held_elsewhere
    return found.held_elsewhere | claims.take_over(found.abandoned)


def _state(
    record: Record, loaded: Loaded | None, held_elsewhere: frozenset[str], place: LookPlace
) -> RecordState:
    state = state_by_rows(record, loaded, is_held_elsewhere=record.id in held_elsewhere)
    if isinstance(loaded, UnreadableLink):
        return replace(state, error=note_defect(place.operation, loaded.error, name_of(record)))
    return state


def _without_work_item(states: Mapping[str, RecordState], record_ids: Iterable[str]) -> States:
    """Those of the records for which something may be done and of which no work item is known."""
    return {
        key: states[key]
        for key in record_ids
        if states[key].is_open and not states[key].known_work_item_id and states[key].work_item is None
    }


@dataclass(frozen=True)
class _Named:
    """The work items that only Aha!'s fields name, by record id, and the records that a defect stopped."""

    work_items: Mapping[str, int]
    stopped: States


def _named_by_aha(states: Mapping[str, RecordState], place: LookPlace) -> _Named:
    azure_devops, own_id = place.azure_devops, place.integration.aha.integration_id

    def read(state: RecordState) -> int | NotAdopted | None:
        return named_work_item(state.record, own_id, azure_devops.account_name, azure_devops.account_url)

    attempt = isolated(read, place.operation, _name)
    named: dict[str, int] = {}
    stopped: States = {}
    for key, state in states.items():
        outcome = attempt(state)
        if isinstance(outcome, OperationFailed):
            stopped[key] = replace(state, error=outcome)
        elif isinstance(outcome, NotAdopted):
            _log_not_adopted(state, outcome, place)
        elif outcome is not None:
            named[key] = outcome
    return _left_to_linked_records(_Named(named, stopped), states, place)


def _left_to_linked_records(named: _Named, states: Mapping[str, RecordState], place: LookPlace) -> _Named:
    """Without the work items that belong to other records. Whose it is must be known."""
    numbers = sorted(set(named.work_items.values()))
    found = place.links.linked_records(place.integration.integration_id, numbers)
    linked = {number: holder for number, holder in found.items() if isinstance(holder, str)}
    stopped = {
        key: replace(states[key], error=note_defect(place.operation, holder.error, _name(states[key])))
        for key, number in named.work_items.items()
        if isinstance(holder := found.get(number), UnreadableLink)
    }
    readable = {key: number for key, number in named.work_items.items() if key not in stopped}
    return _Named(kept_by_one_record(readable, linked), {**named.stopped, **stopped})


def _read_work_items(
    states: Mapping[str, RecordState], named: Mapping[str, int], place: LookPlace
) -> dict[int, WorkItem]:
    """The work items that rows or Aha! name, as far as they can be read."""
    known = [state.known_work_item_id for state in states.values() if state.error is None]
    ids = sorted({*named.values(), *(number for number in known if number is not None)})
    return place.azure_devops.work_items(ids) if ids else {}


def _with_known(states: Mapping[str, RecordState], items: Mapping[int, WorkItem], place: LookPlace) -> States:
    """The states of the records whose rows name a work item that was read, with that work item."""
    found = {
        key: item
        for key, state in states.items()
        if state.error is None and (item := items.get(state.known_work_item_id or 0)) is not None
    }
    return _each(
        lambda state: _with_work_item(state, found[state.record.id], place),
        [states[key] for key in found],
        place,
    )


def _with_named(
    states: Mapping[str, RecordState],
    named: Mapping[str, int],
    items: Mapping[int, WorkItem],
    place: LookPlace,
) -> States:
    """The states of the records for which Aha! names a work item, with that work item if it may be adopted."""

    def adopted(state: RecordState) -> RecordState:
        number = named[state.record.id]
        item = items.get(number)
        if item is None:
            refusal: NotAdopted | None = unreadable_adoption(number)
        else:
            refusal = refused_adoption(item, state.record, place.integration)
        if item is not None and refusal is None:
            return _with_work_item(state, item, place)
        if refusal is not None:
            _log_not_adopted(state, refusal, place)
        return state

    return _each(adopted, [states[key] for key in named], place)


def _named_after_all(states: Mapping[str, RecordState], place: LookPlace) -> States:
    """The same for records of which no orphan was found."""
    named = _named_by_aha(states, place)
    items = _read_work_items({}, named.work_items, place)
    return named.stopped | _with_named(states, named.work_items, items, place)


def _with_work_item(state: RecordState, item: WorkItem, place: LookPlace) -> RecordState:
    agreed = AgreedDescription.of(state.link) if state.link else None
    return replace(state, work_item=described(item, place.integration.description_field(item.type), agreed))


def _settled(states: Mapping[str, RecordState], place: LookPlace, now: datetime) -> States:
    """The states whose links note intentions, with those settled that can be."""
    settle_place = SettlePlace(place.azure_devops, place.integration, place.operation, place.images)

    def settled(state: RecordState) -> RecordState:
        if state.link is None or state.work_item is None:
            return state
        says = payload_says(state.record, place.images)
        try:
            link = settle_intentions(state.link, state.work_item, says, settle_place, now)
        except NotFound:
            # The work item went out of sight after it was read.
            return replace(state, error=out_of_sight(state.link, place.integration.azure_devops.project))
        return replace(state, link=link)

    noted = [state for state in states.values() if state.link is not None and state.link.intentions]
    return _each(settled, noted, place, run=in_parallel)


def _with_orphans(states: Mapping[str, RecordState], place: LookPlace, claims: OwnClaims) -> States:
    """The states of records whose work items interrupted senders created, with the base of that moment."""
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
    since = min(claim.began_at for claim in inherited.values())
    search = SearchPlace(place.azure_devops, place.integration, place.public_url, place.operation)
    orphans = find_orphans(search, [states[key].record for key in inherited], since)

    def adopted(state: RecordState) -> RecordState:
        orphan, claim = orphans[state.record.id], inherited[state.record.id]
        if isinstance(orphan, OperationFailed):
            return replace(state, error=orphan)
        got = adopted_orphan(orphan.present, orphan.first, claim.intended, place.integration, place.images)
        place.operation.log.add_once(
            log_events.WORK_ITEM_FOUND_AGAIN,
            f"An interrupted send created work item {got.work_item.id}; it is kept.",
            aha_id=state.record.id,
            reference=state.record.reference or state.record.id,
            work_item_id=got.work_item.id,
        )
        return replace(state, work_item=got.work_item, base=got.base)

    return _each(adopted, [states[key] for key in orphans], place)


def _each(
    step: Callable[[RecordState], RecordState],
    states: Sequence[RecordState],
    place: LookPlace,
    run: Callable[..., Iterable[Any]] = map,
) -> States:
    """The states after a step. A defect stops its record and no other."""
    outcomes = run(isolated(step, place.operation, _name), states)
    return {state.record.id: _after(state, outcome) for state, outcome in zip(states, outcomes, strict=True)}


def _after(state: RecordState, outcome: RecordState | OperationFailed) -> RecordState:
    kept = of_record(outcome)
    return kept if isinstance(kept, RecordState) else replace(state, error=kept)


def _name(state: RecordState) -> str:
    return name_of(state.record)


def _log_not_adopted(state: RecordState, refusal: NotAdopted, place: LookPlace) -> None:
    name = state.record.reference or state.record.id
    place.operation.log.add_once(
        log_events.WORK_ITEM_NOT_ADOPTED,
        refusal.message(name),
        work_item_id=refusal.work_item_id,
        reference=name,
    )
