"""The note of an unfinished send in the table: written with the first rows of a send, removed with the last ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.links import Claim, Link
from shared.domain.unfinished_sends import UnfinishedSend, of_change, taken
from shared.errors import NewerRow
from shared.storage.keys import escape_key
from shared.storage.links import LinkChanges, LinkStore, StoredClaim, WrittenChanges
from shared.storage.rows import Row, UnreadableRow, Upsert
from shared.storage.tables import Tables
from shared.storage.unfinished_sends import (
    SendNote,
    StoredUnfinishedSend,
    UnfinishedSendStore,
    UnreadableNote,
)
from tests.storage.link_examples import LOST_ANSWERS, a_claim, a_link, assert_linked, established, taken_over
from tests.storage.relay import FaultyStorage

NOTE = UnfinishedSend("6775", "FEAT-1", "operation-1")


@pytest.fixture
def notes(tables: Tables) -> UnfinishedSendStore:
    return UnfinishedSendStore(tables)


def a_send(notes: UnfinishedSendStore, integration_id: str, note: UnfinishedSend = NOTE) -> SendNote:
    """The note of a send that begins."""
    return notes.note_of(integration_id, note)


def stored(notes: UnfinishedSendStore, integration_id: str) -> list[UnfinishedSend]:
    """The notes that stand."""
    return [found.note for found in readable(notes, integration_id)]


def readable(notes: UnfinishedSendStore, integration_id: str) -> list[StoredUnfinishedSend]:
    return [found for found in notes.each(integration_id) if isinstance(found, StoredUnfinishedSend)]


def claim_with(
    send: SendNote, store: LinkStore, integration_id: str, claims: Sequence[Claim]
) -> Mapping[str, StoredClaim]:
    """Write claims and, beside them, the note."""
    written = store.write(integration_id, LinkChanges(claims=claims), send.writing())
    send.carried_out(written.also_etag)
    return written.claims


def establish_last(
    send: SendNote, store: LinkStore, integration_id: str, pairs: Sequence[tuple[StoredClaim, Link]]
) -> WrittenChanges:
    """Write the last links and, in the same transaction, remove the note."""
    written = store.write(integration_id, LinkChanges(established=pairs), send.removal())
    send.carried_out(written.also_etag)
    return written


def begin_and_end(store: LinkStore, send: SendNote, integration_id: str, count: int = 1) -> None:
    """Claim some records, then link them, with the note beside both."""
    claims = [a_claim(str(number)) for number in range(count)]
    held = claim_with(send, store, integration_id, claims)
    links = [a_link(str(number), number + 1) for number in range(count)]
    establish_last(send, store, integration_id, [(held[link.aha_id], link) for link in links])


def test_the_note_comes_with_the_claims_and_goes_with_the_links(
    faulty_storage: FaultyStorage, integration_id: str
) -> None:
    store, notes = LinkStore(faulty_storage.tables), UnfinishedSendStore(faulty_storage.tables)
    send = a_send(notes, integration_id)
    # The table is there, so that the attempt that finds it missing is not counted.
    faulty_storage.tables.links.transact([Upsert(Row("another integration", "a row"))])
    faulty_storage.clear_requests()

    held = claim_with(send, store, integration_id, [a_claim()])

    assert [request["method"] for request in faulty_storage.requests()] == ["POST"]
    assert stored(notes, integration_id) == [NOTE]
    faulty_storage.clear_requests()

    establish_last(send, store, integration_id, [(held["6776"], a_link())])

    assert [request["method"] for request in faulty_storage.requests()] == ["POST"]
    assert stored(notes, integration_id) == []
    assert not send.is_stored
    assert_linked(store, integration_id, a_link())


def test_a_note_that_does_not_fit_into_the_last_transaction_stays_until_it_is_removed(
    store: LinkStore, notes: UnfinishedSendStore, integration_id: str
) -> None:
    send = a_send(notes, integration_id)

    begin_and_end(store, send, integration_id, 50)

    assert stored(notes, integration_id) == [NOTE]
    send.remove()
    assert stored(notes, integration_id) == []


def test_a_note_stays_if_one_of_the_last_links_cannot_be_written(
    store: LinkStore, notes: UnfinishedSendStore, integration_id: str
) -> None:
    send = a_send(notes, integration_id)
    held = claim_with(send, store, integration_id, [a_claim("1"), a_claim("2")])
    other = taken_over(store, integration_id, held["2"], replace(held["2"].claim, operation_id="operation-2"))
    pairs = [(held["1"], a_link("1", 1)), (held["2"], a_link("2", 2))]

    written = establish_last(send, store, integration_id, pairs)

    assert written.left_out == ("2",)
    assert other.claim.operation_id == "operation-2"
    assert_linked(store, integration_id, a_link("1", 1))
    assert stored(notes, integration_id) == [NOTE]


def test_a_claim_of_another_sender_does_not_keep_the_note_from_being_written(
    store: LinkStore, notes: UnfinishedSendStore, integration_id: str
) -> None:
    store.claim(integration_id, [a_claim("1", "operation-2")])
    send = a_send(notes, integration_id)

    assert claim_with(send, store, integration_id, [a_claim("1"), a_claim("2")]).keys() == {"2"}

    assert stored(notes, integration_id) == [NOTE]


def test_a_send_does_not_remove_the_note_of_a_later_one(
    store: LinkStore, notes: UnfinishedSendStore, integration_id: str
) -> None:
    first, later = a_send(notes, integration_id), replace(NOTE, operation_id="operation-2")
    held = claim_with(first, store, integration_id, [a_claim()])
    a_send(notes, integration_id, later).write()

    establish_last(first, store, integration_id, [(held["6776"], a_link())])
    first.remove()

    assert stored(notes, integration_id) == [later]
    assert_linked(store, integration_id, a_link())


def test_a_send_that_goes_on_does_not_write_its_note_over_that_of_a_later_one(
    store: LinkStore, notes: UnfinishedSendStore, integration_id: str
) -> None:
    first, later = a_send(notes, integration_id), replace(NOTE, operation_id="operation-2")
    claim_with(first, store, integration_id, [a_claim("1")])
    a_send(notes, integration_id, later).write()

    claim_with(first, store, integration_id, [a_claim("2")])

    assert stored(notes, integration_id) == [later]


def test_links_that_are_made_and_links_that_are_changed_are_written_with_the_note_at_once(
    faulty_storage: FaultyStorage, integration_id: str
) -> None:
    store, notes = LinkStore(faulty_storage.tables), UnfinishedSendStore(faulty_storage.tables)
    send = a_send(notes, integration_id)
    (linked,) = established(store, integration_id, a_link("1", 1))
    held = claim_with(send, store, integration_id, [a_claim("2")])
    renamed = replace(linked.link, name="Named anew")
    faulty_storage.clear_requests()

    changes = LinkChanges(established=[(held["2"], a_link("2", 2))], replaced=[(linked, renamed)])
    written = store.write(integration_id, changes, send.removal())

    assert [request["method"] for request in faulty_storage.requests()] == ["POST"]
    assert (set(written.links), written.left_out, written.also_etag) == ({"1", "2"}, (), "")
    assert stored(notes, integration_id) == []
    assert_linked(store, integration_id, renamed, a_link("2", 2))


@LOST_ANSWERS
@pytest.mark.parametrize("skip", [0, 1])
def test_a_lost_answer_changes_nothing(
    faulty_storage: FaultyStorage, integration_id: str, fault: dict[str, object], skip: int
) -> None:
    store, notes = LinkStore(faulty_storage.tables), UnfinishedSendStore(faulty_storage.tables)
    faulty_storage.fail(method="POST", path=r"\$batch", skip=skip, **fault)
    send = a_send(notes, integration_id)

    begin_and_end(store, send, integration_id, 2)
    send.remove()

    assert stored(notes, integration_id) == []
    assert_linked(store, integration_id, a_link("0", 1), a_link("1", 2))


def test_of_two_timers_one_takes_the_note(notes: UnfinishedSendStore, integration_id: str) -> None:
    a_send(notes, integration_id).write()
    (found,) = readable(notes, integration_id)

    one = notes.replace(integration_id, found, taken(NOTE, "timer-1"))
    other = notes.replace(integration_id, found, taken(NOTE, "timer-2"))

    assert one is not None
    assert other is None
    assert stored(notes, integration_id) == [taken(NOTE, "timer-1")]


def test_the_age_of_a_note_is_table_storage_s(faulty_storage: FaultyStorage, integration_id: str) -> None:
    notes = UnfinishedSendStore(faulty_storage.tables)
    a_send(notes, integration_id).write()
    faulty_storage.relay.since_writes = timedelta(minutes=7)

    (found,) = readable(notes, integration_id)

    assert timedelta(minutes=6, seconds=55) < found.age < timedelta(minutes=7, seconds=20)


def test_a_note_of_a_newer_app_and_a_damaged_one_hide_no_other(
    tables: Tables, notes: UnfinishedSendStore, integration_id: str
) -> None:
    a_send(notes, integration_id).write()
    partition = escape_key(integration_id)
    tables.links.transact([Upsert(Row(partition, "u:newer", {"schema": 2, "name": "1"}))])
    tables.links.transact([Upsert(Row(partition, "u:worse", {"schema": 1, "wait_seconds": "soon"}))])

    unreadable = [one for one in notes.each(integration_id) if isinstance(one, UnreadableNote)]

    assert stored(notes, integration_id) == [NOTE]
    assert [type(one.error) for one in unreadable] == [NewerRow, UnreadableRow]


def test_a_requirement_that_was_unlinked_is_noted_in_each_note_of_the_feature(
    notes: UnfinishedSendStore, integration_id: str
) -> None:
    by_reference = replace(NOTE, name="FEAT-1")
    notes.add(integration_id, [NOTE, by_reference, replace(NOTE, name="other")])

    notes.leave_out(integration_id, ("6775", "FEAT-1", "never sent"), "6776")
    notes.leave_out(integration_id, ("6775",), "6777")

    assert {one.name: one.unlinked for one in stored(notes, integration_id)} == {
        "6775": ("6776", "6777"),
        "FEAT-1": ("6776",),
        "other": (),
    }


def test_a_note_that_cannot_be_read_keeps_no_requirement_from_being_unlinked(
    tables: Tables, notes: UnfinishedSendStore, integration_id: str
) -> None:
    row = Row(escape_key(integration_id), "u:6775", {"schema": 1, "wait_seconds": "soon"})
    tables.links.transact([Upsert(row)])

    notes.leave_out(integration_id, ("6775",), "6776")


def test_notes_go_with_their_integration(
    store: LinkStore, notes: UnfinishedSendStore, integration_id: str
) -> None:
    a_send(notes, integration_id).write()

    store.purge(integration_id)

    assert notes.each(integration_id) == []


def test_where_there_is_no_note_only_the_records_are_written(
    store: LinkStore, notes: UnfinishedSendStore, integration_id: str
) -> None:
    send = notes.note_of(integration_id, None)

    begin_and_end(store, send, integration_id)
    send.write()
    send.remove()

    assert notes.each(integration_id) == []
    assert_linked(store, integration_id, a_link("0", 1))


def test_a_change_is_noted_unless_the_feature_has_a_note(
    notes: UnfinishedSendStore, integration_id: str
) -> None:
    a_send(notes, integration_id).write()

    notes.add(integration_id, [of_change("6775", "FEAT-1", "timer"), of_change("6790", "FEAT-2", "timer")])

    assert stored(notes, integration_id) == [NOTE, of_change("6790", "FEAT-2", "timer")]


def test_an_attempt_of_the_timer_that_wrote_something_starts_the_waits_anew(
    notes: UnfinishedSendStore, integration_id: str
) -> None:
    a_send(notes, integration_id).write()
    (found,) = readable(notes, integration_id)
    held = notes.replace(integration_id, found, taken(taken(NOTE, "timer"), "timer"))
    assert held is not None
    send = notes.note_of(integration_id, held.note, held.etag)

    send.record_progress()

    assert stored(notes, integration_id) == [replace(NOTE, operation_id="timer")]
    send.remove()
    assert stored(notes, integration_id) == []


def test_a_feature_s_notes_are_forgotten_whoever_wrote_them(
    notes: UnfinishedSendStore, integration_id: str
) -> None:
    for name in ("6775", "FEAT-1", "6790"):
        a_send(notes, integration_id, replace(NOTE, name=name)).write()

    notes.forget(integration_id, ("6775", "FEAT-1"))

    assert [note.name for note in stored(notes, integration_id)] == ["6790"]


def test_the_note_of_a_change_tells_of_the_send_from_the_first_claim_on(
    store: LinkStore, notes: UnfinishedSendStore, integration_id: str
) -> None:
    notes.add(integration_id, [of_change("6775", "FEAT-1", "timer")])
    (found,) = readable(notes, integration_id)
    held = notes.replace(integration_id, found, taken(found.note, "timer"))
    assert held is not None
    send = notes.note_of(integration_id, held.note, held.etag)
    assert stored(notes, integration_id)[0].is_change

    held_claims = claim_with(send, store, integration_id, [a_claim("1")])
    assert [note.is_change for note in stored(notes, integration_id)] == [False]

    establish_last(send, store, integration_id, [(held_claims["1"], a_link("1", 1))])
    assert stored(notes, integration_id) == []
