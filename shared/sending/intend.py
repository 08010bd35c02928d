"""Intend: store what is about to be written, before it is written.

Records without a link are claimed, and updates are stored as intentions in the links. A record that another operation
changed or claimed meanwhile is left out. The first of these writes also stores the note of the send, so that the timer
can finish it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from shared.domain.intentions import with_intentions
from shared.domain.links import Link
from shared.domain.records import Attachment
from shared.sending.context import SendContext
from shared.sending.own_claims import OwnClaims
from shared.sending.record_state import PlannedRecord
from shared.sending.upload_results import UploadResults
from shared.storage.links import LinkChanges, StoredLink
from shared.storage.unfinished_sends import SendNote


def intend(
    to_write: Mapping[str, PlannedRecord], context: SendContext, claims: OwnClaims, note: SendNote
) -> dict[str, PlannedRecord]:
    """Claim records and store the intentions of updates. Returns what may be written now, by Aha! id."""
    claimed = _claim(to_write, context, claims, note)
    ready = {key: item for key, item in to_write.items() if not item.creates_link or key in claimed}
    intended, overtaken = _store_intentions(ready, context, note)
    if note.is_to_write:
        # New files alone need no claim and no intention.
        note.write()
    return {key: intended.get(key, item) for key, item in ready.items() if key not in overtaken}


def new_attachments(to_write: Mapping[str, PlannedRecord], uploads: UploadResults) -> list[Attachment]:
    """The attachments to upload, each once, without those that an earlier round settled."""
    wanted = {
        item.id: item
        for one in to_write.values()
        for item in one.plan.files.to_upload
        if item.id not in uploads.files and item.id not in uploads.failures
    }
    return list(wanted.values())


def _claim(
    to_write: Mapping[str, PlannedRecord], context: SendContext, claims: OwnClaims, note: SendNote
) -> frozenset[str]:
    """Claim the records that get a new link. Returns the ids of those that this send holds now."""
    wanted = [item.state for item in to_write.values() if item.creates_link]
    if not wanted:
        return frozenset()
    gone = [state for state in wanted if state.stored is not None]
    context.log.recreated(gone)
    if gone and note.is_to_write:
        note.write()
    held = claims.claim_again([(state.record, state.stored) for state in gone if state.stored is not None])
    new = claims.claim([state.record for state in wanted if state.stored is None], note)
    return frozenset((*held, *new))


def _store_intentions(
    ready: Mapping[str, PlannedRecord], context: SendContext, note: SendNote
) -> tuple[dict[str, PlannedRecord], frozenset[str]]:
    """The updates whose intentions were stored, with their links as stored; and the ids of the overtaken ones."""
    now = context.clock.now()
    changes: list[tuple[StoredLink, Link]] = []
    for item in ready.values():
        intentions = item.plan.intentions(context.operation.id, now)
        stored, link = item.state.stored, item.state.link
        if intentions and stored is not None and link is not None:
            changes.append((stored, with_intentions(link, intentions)))
    if not changes:
        return {}, frozenset()
    written = context.links.write(context.integration_id, LinkChanges(replaced=changes), note.writing())
    note.carried_out(written.also_etag)
    context.log.links_changed(written.left_out)
    intended = {
        key: replace(ready[key], state=replace(ready[key].state, stored=stored, link=stored.link))
        for key, stored in written.links.items()
    }
    return intended, frozenset(written.left_out)
