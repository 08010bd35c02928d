"""Intend: say what is about to be written, before it is written.

Records that are created (or adopted by a write) are claimed, updates are noted as intentions in their links, and new
attachments are uploaded: all of it side by side. What another operation changed or claimed meanwhile is left out. The
first of these writes also notes the send itself, so that the timer can finish it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.intentions import with_intentions
from shared.domain.links import Link
from shared.domain.records import Attachment
from shared.operation import Operation
from shared.sending.commit import Decided
from shared.sending.own_claims import OwnClaims
from shared.sending.send_log import SendLog
from shared.storage.links import LinkChanges, LinkStore, StoredLink
from shared.storage.unfinished_sends import SendNote


@dataclass(frozen=True)
class IntendPlace:
    """Where intentions are stored, and on whose behalf."""

    links: LinkStore
    integration_id: str
    operation: Operation
    log: SendLog
    now: datetime
    note: SendNote


def claim_and_note(
    decided: Mapping[str, Decided], place: IntendPlace, claims: OwnClaims
) -> dict[str, Decided]:
    """Claim what is created and note what is updated; what may be written now, by Aha! id."""
    with_claims = _claim(decided, place, claims)
    ready = {key: item for key, item in decided.items() if not item.makes_link or key in with_claims}
    noted, overtaken = _note(ready, place)
    if place.note.is_to_write:
        # New files alone need no claim and no intention.
        place.note.write()
    return {key: noted.get(key, item) for key, item in ready.items() if key not in overtaken}


def new_attachments(decided: Mapping[str, Decided], known: frozenset[str]) -> list[Attachment]:
    """The attachments to upload, without those that an earlier round settled; each once, whoever shows it."""
    wanted = {
        item.id: item for one in decided.values() for item in one.plan.files.to_upload if item.id not in known
    }
    return list(wanted.values())


def _claim(decided: Mapping[str, Decided], place: IntendPlace, claims: OwnClaims) -> frozenset[str]:
    wanted = [item.state for item in decided.values() if item.makes_link]
    if not wanted:
        return frozenset()
    gone = [state for state in wanted if state.stored is not None]
    place.log.recreated(gone)
    if gone and place.note.is_to_write:
        place.note.write()
    held = claims.take_again([(state.record, state.stored) for state in gone if state.stored is not None])
    new = claims.take([state.record for state in wanted if state.stored is None], place.note)
    return frozenset((*held, *new))


def _note(decided: Mapping[str, Decided], place: IntendPlace) -> tuple[dict[str, Decided], frozenset[str]]:
    """The updates whose intentions were stored, with their links as stored; and the ids of the overtaken ones."""
    changes: list[tuple[StoredLink, Link]] = []
    for item in decided.values():
        intentions = item.plan.intentions(place.operation.id, place.now)
        stored, link = item.state.stored, item.state.link
        if intentions and stored is not None and link is not None:
            changes.append((stored, with_intentions(link, intentions)))
    if not changes:
        return {}, frozenset()
    written = place.links.write(place.integration_id, LinkChanges(replaced=changes), place.note.writing())
    place.note.carried_out(written.also_etag)
    place.log.links_changed(written.left_out)
    noted = {
        key: replace(decided[key], state=replace(decided[key].state, stored=stored, link=stored.link))
        for key, stored in written.links.items()
    }
    return noted, frozenset(written.left_out)
