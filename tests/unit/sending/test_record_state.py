"""What the rows of a record say of it, and whose work items are absent."""

from __future__ import annotations

from datetime import timedelta

from shared.domain.kind import Kind
from shared.domain.links import Claim
from shared.errors import Defect
from shared.sending.own_claims import FoundClaims, sort_claims
from shared.sending.record_state import RecordState, state_by_rows
from shared.sending.unreadable import unreadable_work_items
from shared.storage.links import StoredClaim, StoredLink, UnreadableLink
from tests.unit.examples import NOON, a_link, a_record, a_work_item

RECORD = a_record()
LINK = a_link(RECORD, a_work_item())


def a_claim(
    aha_id: str = RECORD.id, operation_id: str = "op-1", seconds: float = 5, work_item_id: int | None = None
) -> StoredClaim:
    """A claim that was written some seconds ago."""
    claim = Claim(Kind.FEATURE, aha_id, "PROD-2", operation_id, NOON, work_item_id=work_item_id)
    return StoredClaim(claim, "etag", timedelta(seconds=seconds))


def test_a_record_without_rows_is_new() -> None:
    assert state_by_rows(RECORD, None, is_held_elsewhere=False) == RecordState(RECORD)


def test_a_link_names_its_work_item() -> None:
    stored = StoredLink(LINK, "etag")

    state = state_by_rows(RECORD, stored, is_held_elsewhere=False)

    assert state == RecordState(RECORD, stored, LINK, known_work_item_id=12)


def test_a_link_that_cannot_be_read_names_its_work_item_if_the_pointer_does() -> None:
    for known in (12, None):
        unreadable = UnreadableLink(ValueError("damaged"), known)

        assert state_by_rows(RECORD, unreadable, is_held_elsewhere=False) == RecordState(
            RECORD, known_work_item_id=known
        )


def test_a_claim_names_the_work_item_that_was_deleted_because_it_may_be_restored() -> None:
    state = state_by_rows(RECORD, a_claim(work_item_id=12), is_held_elsewhere=False)

    assert state == RecordState(RECORD, known_work_item_id=12)
    assert state.is_open


def test_the_claim_of_another_send_leaves_nothing_to_do_but_wait() -> None:
    state = state_by_rows(RECORD, a_claim(work_item_id=12), is_held_elsewhere=True)

    assert state == RecordState(RECORD, is_claimed_elsewhere=True)
    assert not state.is_open


def test_claims_are_sorted_by_what_the_send_does_about_them() -> None:
    own, held, dead, given_up = (
        a_claim("own", "op-1", 90),
        a_claim("held", "op-2", 59),
        a_claim("dead", "op-2", 60),
        a_claim("given up", "", 0),
    )

    found = sort_claims([own, held, dead, given_up], "op-1")

    assert found == FoundClaims((own,), (dead, given_up), frozenset(("held",)))
    assert sort_claims([], "op-1") == FoundClaims((), (), frozenset())


def test_a_work_item_is_absent_if_a_row_names_it_and_it_could_not_be_read() -> None:
    known = RecordState(RECORD, known_work_item_id=12)

    assert unreadable_work_items({"F": known}, ()) == {"F": 12}
    assert unreadable_work_items({"F": known}, (12,)) == {}
    assert unreadable_work_items({"F": RecordState(RECORD)}, ()) == {}


def test_the_work_item_of_a_record_with_another_one_or_with_an_error_is_not_judged() -> None:
    found_again = RecordState(RECORD, work_item=a_work_item(id=13), known_work_item_id=12)
    stopped = RecordState(RECORD, error=Defect("stopped"), known_work_item_id=12)

    assert unreadable_work_items({"A": found_again, "B": stopped}, ()) == {}
