"""Look: how each record of a send stands now. Reads links, claims and work items; takes over abandoned claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared import log_events
from shared.clients.azure_devops import AzureDevOps
from shared.concurrency import in_parallel
from shared.domain.absence import out_of_sight
from shared.domain.field_decisions import payload_says
from shared.domain.files import sent_files
from shared.domain.images import Images
from shared.domain.integration import Integration
from shared.domain.integration_fields import named_work_items
from shared.domain.kind import Kind
from shared.domain.links import Base, Field
from shared.domain.present_description import AgreedDescription, described
from shared.domain.records import Record
from shared.domain.work_item import WorkItem
from shared.errors import Defect, NotFound, OperationFailed
from shared.isolation import isolated, note_defect
from shared.operation import Operation
from shared.second_work_item import log_second_work_item
from shared.sending.absent import judge_absent
from shared.sending.orphans import find_orphans, first_revision
from shared.sending.own_claims import OwnClaims, sort_claims
from shared.sending.record_state import RecordState, name_of
from shared.sending.work_item_write import is_in_project, is_of_mapped_type
from shared.settling import SettlePlace, settle_intentions
from shared.storage.links import LinkStore, StoredClaim, StoredLink, UnreadableLink


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
) -> dict[str, RecordState]:
    """How each record stands, by its id.

    `take_over`: take over claims whose senders are gone, and look for what they created. A dry run does not.
    """
    states, known = _read_links(records, place, claims, take_over)
    # What an interrupted send created is looked for first: it has a base, and what Aha! names has none.
    waiting = {key for key in states if key not in known and claims.is_inherited(key)}
    unknown = {key: state for key, state in states.items() if key not in known and key not in waiting}
    only_aha_names = _named_by_aha(unknown, place)
    named = only_aha_names | known
    ids = sorted(set(named.values()))
    items = place.azure_devops.work_items(ids) if ids else {}
    states = {
        record_id: _with_work_item(
            state, items.get(named.get(record_id, 0)), place, only_aha_names_it=record_id in only_aha_names
        )
        for record_id, state in states.items()
    }
    _log_unreadable(
        states, {key: number for key, number in only_aha_names.items() if number not in items}, place
    )
    states |= _settle_intentions(states, place, now)
    states |= _adopt_orphans(states, place, claims)
    states |= _take_named({key: states[key] for key in waiting if states[key].work_item is None}, place)
    project = place.integration.azure_devops.project
    return states | judge_absent(states, known, items, place.azure_devops, project)


def _read_links(
    records: Sequence[Record], place: LookPlace, claims: OwnClaims, take_over: bool
) -> tuple[dict[str, RecordState], dict[str, int]]:
    """The states as far as links and claims tell, and the work item that each record has by them."""
    ids = [record.id for record in records]
    integration_id = place.integration.integration_id
    if take_over and records and records[0].kind is Kind.FEATURE:
        found = place.links.load_family(integration_id, ids[0], ids[1:])
    else:
        found = place.links.load_each(integration_id, ids)
    states: dict[str, RecordState] = {}
    known: dict[str, int] = {}
    on_records = sort_claims(
        (stored for stored in found.values() if isinstance(stored, StoredClaim)), place.operation.id
    )
    claims.go_on(on_records.own)
    held_elsewhere = on_records.held_elsewhere | (
        claims.take_over(on_records.abandoned) if take_over else frozenset()
    )
    for record in records:
        stored = found.get(record.id)
        state = RecordState(record)
        if isinstance(stored, StoredLink):
            state = replace(state, stored=stored, link=stored.link)
            known[record.id] = stored.link.work_item_id
        elif isinstance(stored, UnreadableLink):
            defect = note_defect(place.operation, stored.error, name_of(record))
            state = replace(state, error=defect, unread_work_item_id=stored.work_item_id)
        elif isinstance(stored, StoredClaim):
            state = replace(state, is_claimed_elsewhere=record.id in held_elsewhere)
            # The earlier work item was deleted when the claim was made; it may have been restored since.
            if stored.claim.work_item_id is not None and not state.is_claimed_elsewhere:
                known[record.id] = stored.claim.work_item_id
        states[record.id] = state
    return states, known


def _take_named(states: Mapping[str, RecordState], place: LookPlace) -> dict[str, RecordState]:
    """The states of records for which Aha!'s fields name a work item, with that work item."""
    named = _named_by_aha(states, place)
    items = place.azure_devops.work_items(sorted(set(named.values()))) if named else {}
    _log_unreadable(states, {key: number for key, number in named.items() if number not in items}, place)
    return {
        key: _with_work_item(states[key], items.get(number), place, only_aha_names_it=True)
        for key, number in named.items()
    }


def _named_by_aha(states: Mapping[str, RecordState], place: LookPlace) -> dict[str, int]:
    """The work items of the integration's organization that only Aha!'s fields name."""
    account_name, account_url = place.azure_devops.account_name, place.azure_devops.account_url
    named: dict[str, int] = {}
    for record_id, state in states.items():
        own_id = place.integration.aha.integration_id
        candidates = named_work_items(state.record.integration_fields, own_id)
        is_open = state.error is None and not state.is_claimed_elsewhere
        if not is_open or not candidates:
            continue
        fitting = [item.id for item in candidates if item.is_in_account(account_name, account_url)]
        if fitting:
            named[record_id] = fitting[0]
            continue
        elsewhere = f"its URL does not lead to it in the organization {account_name}"
        _log_not_adopted(state.record, candidates[0].id, elsewhere, place)
    return _leave_to_linked_records(named, place)


def _leave_to_linked_records(named: Mapping[str, int], place: LookPlace) -> dict[str, int]:
    """Drop work items that belong to another record: the one that is linked to it, else the first that names it."""
    first: dict[int, str] = {}
    for record_id, work_item_id in named.items():
        first.setdefault(work_item_id, record_id)
    holders = in_parallel(
        lambda number: place.links.by_work_item(place.integration.integration_id, number), list(first)
    )
    return {
        record_id: number
        for (number, record_id), holder in zip(first.items(), holders, strict=True)
        if holder is None or holder.link.aha_id == record_id
    }


def _with_work_item(
    state: RecordState, item: WorkItem | None, place: LookPlace, *, only_aha_names_it: bool
) -> RecordState:
    """The state with its work item. One that only Aha!'s fields name must be in the project and of the mapped type."""
    if item is None:
        return state
    if only_aha_names_it and not is_in_project(item, place.integration.azure_devops):
        _log_not_adopted(state.record, item.id, f"it is in the project {item.project}", place)
        return state
    if only_aha_names_it and not is_of_mapped_type(item.type, state.record, place.integration):
        _log_not_adopted(state.record, item.id, f"its type is {item.type}", place)
        return state
    agreed = AgreedDescription.of(state.link) if state.link else None
    shown_field = place.integration.description_field(item.type)
    return replace(state, work_item=described(item, shown_field, agreed))


def _log_not_adopted(record: Record, work_item_id: int, reason: str, place: LookPlace) -> None:
    place.operation.log.add(
        log_events.WORK_ITEM_NOT_ADOPTED,
        f"Aha! names work item {work_item_id} for {record.reference or record.id}, but {reason}. A new work item is "
        "created.",
        work_item_id=work_item_id,
        reference=record.reference or record.id,
    )


def _log_unreadable(states: Mapping[str, RecordState], named: Mapping[str, int], place: LookPlace) -> None:
    """Log which of the work items that only Aha! names cannot be read."""
    for record_id, number in named.items():
        record = states[record_id].record
        place.operation.log.add(
            log_events.WORK_ITEM_NOT_ADOPTED,
            f"Aha! names work item {number} for {record.reference or record_id}, but it cannot be read. A new one is "
            "created. Remove the old one from the record's integration fields in Aha!, or give the token's user access "
            "to it.",
            work_item_id=number,
            reference=record.reference or record_id,
        )


def _settle_intentions(
    states: Mapping[str, RecordState], place: LookPlace, now: datetime
) -> dict[str, RecordState]:
    """The states whose links note intentions, with those settled that can be."""
    noted = [state for state in states.values() if state.link is not None and state.link.intentions]
    if not noted:
        return {}

    def settled(state: RecordState) -> RecordState:
        if state.link is None or state.work_item is None:
            return state
        try:
            link = settle_intentions(
                state.link,
                state.work_item,
                payload_says(state.record, place.images),
                SettlePlace(place.azure_devops, place.integration, place.operation, place.images),
                now,
            )
        except NotFound:
            # The work item went out of sight after it was read.
            return replace(state, error=out_of_sight(state.link, place.integration.azure_devops.project))
        return replace(state, link=link)

    outcomes = in_parallel(isolated(settled, place.operation, lambda state: name_of(state.record)), noted)
    return {
        state.record.id: replace(state, error=outcome) if isinstance(outcome, Defect) else _raised(outcome)
        for state, outcome in zip(noted, outcomes, strict=True)
    }


def _raised(outcome: RecordState | OperationFailed) -> RecordState:
    """The state. What stops the whole send is raised."""
    if isinstance(outcome, OperationFailed):
        raise outcome
    return outcome


def _adopt_orphans(
    states: Mapping[str, RecordState], place: LookPlace, claims: OwnClaims
) -> dict[str, RecordState]:
    """The states of records whose work items interrupted senders created, with the base of that moment."""
    inherited = {
        record_id: held.claim
        for record_id, state in states.items()
        if state.work_item is None
        and claims.is_inherited(record_id)
        and (held := claims.of(record_id)) is not None
    }
    if not inherited:
        return {}
    since = min(claim.began_at for claim in inherited.values())
    records = [states[record_id].record for record_id in inherited]
    orphans = find_orphans(place.azure_devops, place.integration, place.public_url, records, since)
    found = orphans.items
    for record_id, others in orphans.others.items():
        name = states[record_id].record.reference or record_id
        for other in others:
            log_second_work_item(place.operation, name, found[record_id].id, found[record_id].page_url, other)
    created = in_parallel(lambda item: _first_revision(place.azure_devops, item), list(found.values()))
    adopted: dict[str, RecordState] = {}
    for (record_id, item), first in zip(found.items(), created, strict=True):
        if isinstance(first, NotFound):
            adopted[record_id] = replace(states[record_id], error=first)
            continue
        place.operation.log.add(
            log_events.WORK_ITEM_FOUND_AGAIN,
            f"An interrupted send created work item {item.id}; it is kept.",
            aha_id=record_id,
            reference=states[record_id].record.reference or record_id,
            work_item_id=item.id,
        )
        field_of = place.integration.description_field
        first = described(first, field_of(first.type), None)
        intended = inherited[record_id].intended
        images = place.images.with_files(sent_files(first))
        base = {name: Base(intended.get(name, ""), first.digest_of(name, images)) for name in Field}
        agreed = AgreedDescription(first.description_field, base[Field.DESCRIPTION].azure_devops)
        present = described(item, field_of(item.type), agreed)
        adopted[record_id] = replace(states[record_id], work_item=present, base=base)
    return adopted


def _first_revision(azure_devops: AzureDevOps, item: WorkItem) -> WorkItem | NotFound:
    """The work item as it was created; NotFound if it went out of sight after it was found."""
    try:
        return first_revision(azure_devops, item)
    except NotFound as error:
        return error
