"""The claims of one send in the table: taken, renewed, taken over and given back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.clock import Clock
from shared.domain.images import Images
from shared.domain.links import Claim, Field, digest
from shared.domain.records import Record
from shared.operation import Operation
from shared.sending.own_claims import FoundClaims, OwnClaims, sort_claims
from shared.storage.links import LinkStore, StoredClaim, StoredLink
from tests.storage.link_examples import assert_linked, established
from tests.storage.relay import FaultyStorage
from tests.unit.examples import NOON, a_link, a_record, a_requirement, a_work_item
from tests.unit.operations import Clock as ManualTime
from tests.unit.operations import Log, an_operation

FEATURE, REQUIREMENT = a_record(), a_requirement()


class Sender:
    """One send with a clock of its own, whose time a test lets pass."""

    def __init__(
        self, store: LinkStore, integration_id: str, operation_id: str, *, now: datetime = NOON
    ) -> None:
        self.time = ManualTime()
        operation, self.log = an_operation(600, self.time)
        self.operation: Operation = replace(operation, id=operation_id)
        clock = Clock(
            now=lambda: now + timedelta(seconds=self.time.now - 1000),
            monotonic=self.time,
            sleep=self.time.sleep,
        )
        self.claims = OwnClaims(store, integration_id, self.operation, Images(), clock)

    def logged(self, event: str) -> Log:
        """The log's entries of one event."""
        self.operation.log.flush()
        return Log(self.log.of(event))


@pytest.fixture
def first(store: LinkStore, integration_id: str) -> Sender:
    """The first sender of the record."""
    return Sender(store, integration_id, "operation-1")


@pytest.fixture
def second(store: LinkStore, integration_id: str) -> Sender:
    """Another sender of the same record."""
    return Sender(store, integration_id, "operation-2")


def stored_claim(store: LinkStore, integration_id: str, record: Record = FEATURE) -> StoredClaim | None:
    """The claim on a record in the table."""
    found = store.load(integration_id, [record.id]).get(record.id)
    assert not isinstance(found, StoredLink)
    return found


def claim_of(store: LinkStore, integration_id: str, record: Record = FEATURE) -> Claim:
    """The claim on a record that is there."""
    found = stored_claim(store, integration_id, record)
    assert found is not None
    return found.claim


def a_claim_of_a_dead_sender(store: LinkStore, integration_id: str, sender: Sender) -> StoredClaim:
    """The claim of a sender that died more than a minute ago."""
    sender.claims.claim([FEATURE])
    found = stored_claim(store, integration_id)
    assert found is not None
    return replace(found, age=timedelta(seconds=61))


def test_a_claim_says_what_the_sender_intends_and_since_when(
    store: LinkStore, integration_id: str, first: Sender
) -> None:
    first.claims.claim([FEATURE])

    claim = claim_of(store, integration_id)
    assert (claim.operation_id, claim.began_at, claim.is_inherited) == ("operation-1", NOON, False)
    assert claim.intended[Field.NAME] == digest("Search by colour")


def test_of_two_senders_one_holds_the_claim(first: Sender, second: Sender) -> None:
    assert set(first.claims.claim([FEATURE, REQUIREMENT])) == {FEATURE.id, REQUIREMENT.id}

    assert second.claims.claim([FEATURE, REQUIREMENT]) == {}
    assert second.claims.of(FEATURE.id) is None


def test_a_claim_that_is_held_is_not_taken_twice(
    store: LinkStore, integration_id: str, first: Sender
) -> None:
    first.claims.claim([FEATURE])
    before = stored_claim(store, integration_id)

    assert set(first.claims.claim([FEATURE, REQUIREMENT])) == {FEATURE.id, REQUIREMENT.id}
    after = stored_claim(store, integration_id)
    assert before is not None
    assert after is not None
    assert before.etag == after.etag


def test_the_claim_of_a_running_sender_is_waited_for(
    store: LinkStore, integration_id: str, first: Sender, second: Sender
) -> None:
    first.claims.claim([FEATURE])
    found = stored_claim(store, integration_id)
    assert found is not None

    assert sort_claims([found], "operation-2") == FoundClaims((), (), frozenset((FEATURE.id,)))
    assert second.claims.of(FEATURE.id) is None


def test_a_sender_goes_on_under_its_own_claim_that_it_reads_again(
    store: LinkStore, integration_id: str, first: Sender
) -> None:
    found = a_claim_of_a_dead_sender(store, integration_id, first)
    again = Sender(store, integration_id, "operation-1")

    assert sort_claims([found], "operation-1") == FoundClaims((found,), (), frozenset())
    again.claims.remember([found])

    assert again.claims.of(FEATURE.id) is not None
    assert not again.claims.is_inherited(FEATURE.id)


def test_the_claim_of_a_sender_that_died_is_taken_over(
    store: LinkStore, integration_id: str, first: Sender, second: Sender
) -> None:
    found = a_claim_of_a_dead_sender(store, integration_id, first)

    assert sort_claims([found], "operation-2") == FoundClaims((), (found,), frozenset())
    assert second.claims.take_over([found]) == frozenset()

    claim = claim_of(store, integration_id)
    assert (claim.operation_id, claim.is_inherited, claim.began_at) == ("operation-2", True, NOON)
    assert second.claims.is_inherited(FEATURE.id)
    (entry,) = second.logged("claim.taken-over")
    assert entry.detail["earlier_operation_id"] == "operation-1"


def test_of_two_senders_that_take_a_claim_over_one_succeeds(
    store: LinkStore, integration_id: str, first: Sender, second: Sender
) -> None:
    found = a_claim_of_a_dead_sender(store, integration_id, first)
    third = Sender(store, integration_id, "operation-3")

    assert second.claims.take_over([found]) == frozenset()
    assert third.claims.take_over([found]) == {FEATURE.id}
    assert third.claims.of(FEATURE.id) is None
    assert third.logged("claim.taken-over") == []


def test_claims_of_senders_that_died_are_taken_over_a_hundred_in_a_transaction(
    faulty_storage: FaultyStorage, unreliable: LinkStore, integration_id: str, first: Sender
) -> None:
    records = [a_requirement(id=f"R-{number}") for number in range(250)]
    first.claims.claim(records)
    found = unreliable.load(integration_id, [record.id for record in records])
    dead = [stored for stored in found.values() if isinstance(stored, StoredClaim)]
    heir = Sender(unreliable, integration_id, "operation-2")
    faulty_storage.clear_requests()

    assert heir.claims.take_over(dead) == frozenset()

    assert [request["path"].rpartition("/")[2] for request in faulty_storage.requests()] == ["$batch"] * 3
    assert all(heir.claims.is_inherited(record.id) for record in records)
    assert len(heir.logged("claim.taken-over")) == 250


def test_a_claim_that_somebody_took_over_first_does_not_keep_the_others_from_it(
    store: LinkStore, integration_id: str, first: Sender, second: Sender
) -> None:
    first.claims.claim([FEATURE, REQUIREMENT])
    found = [stored_claim(store, integration_id, record) for record in (FEATURE, REQUIREMENT)]
    dead = [stored for stored in found if stored is not None]
    second.claims.take_over(dead[:1])
    third = Sender(store, integration_id, "operation-3")

    assert third.claims.take_over(dead) == {FEATURE.id}

    assert claim_of(store, integration_id, FEATURE).operation_id == "operation-2"
    assert claim_of(store, integration_id, REQUIREMENT).operation_id == "operation-3"


@pytest.mark.parametrize("ahead", [-90, 90])
def test_a_host_whose_clock_differs_by_90_seconds_takes_over_neither_sooner_nor_later(
    faulty_storage: FaultyStorage, unreliable: LinkStore, integration_id: str, first: Sender, ahead: float
) -> None:
    first.claims.claim([FEATURE])
    other = Sender(unreliable, integration_id, "operation-2", now=NOON + timedelta(seconds=ahead))

    faulty_storage.relay.since_writes = timedelta(seconds=50)
    young = stored_claim(unreliable, integration_id)
    faulty_storage.relay.since_writes = timedelta(seconds=65)
    old = stored_claim(unreliable, integration_id)

    assert young is not None
    assert old is not None
    assert sort_claims([young], other.operation.id).held_elsewhere == {FEATURE.id}
    assert sort_claims([old], other.operation.id).abandoned == (old,)
    assert other.claims.take_over([old]) == frozenset()


def test_a_young_claim_holds_without_being_written_again(
    store: LinkStore, integration_id: str, first: Sender
) -> None:
    first.claims.claim([FEATURE])
    before = stored_claim(store, integration_id)
    first.time.sleep(10)

    assert first.claims.hold([FEATURE]) == frozenset()

    after = stored_claim(store, integration_id)
    assert before is not None
    assert after is not None
    assert after.etag == before.etag


def test_an_older_claim_is_renewed_for_the_create_that_is_requested_now(
    store: LinkStore, integration_id: str, first: Sender
) -> None:
    first.claims.claim([FEATURE, REQUIREMENT])
    first.time.sleep(11)

    assert first.claims.hold([FEATURE]) == frozenset()

    assert claim_of(store, integration_id).began_at == NOON + timedelta(seconds=11)
    assert claim_of(store, integration_id, REQUIREMENT).began_at == NOON


def test_a_renewed_claim_is_young_again(store: LinkStore, integration_id: str, first: Sender) -> None:
    first.claims.claim([FEATURE])
    first.time.sleep(11)
    first.claims.hold([FEATURE])
    first.time.sleep(9)
    first.claims.hold([FEATURE])

    assert claim_of(store, integration_id).began_at == NOON + timedelta(seconds=11)


def test_a_claim_that_was_read_is_as_old_as_table_storage_says(
    faulty_storage: FaultyStorage, unreliable: LinkStore, integration_id: str, first: Sender
) -> None:
    first.claims.claim([FEATURE])
    again = Sender(unreliable, integration_id, "operation-1")
    faulty_storage.relay.since_writes = timedelta(seconds=12)
    found = stored_claim(unreliable, integration_id)
    assert found is not None
    again.claims.remember([found])
    again.time.sleep(1)

    again.claims.hold([FEATURE])

    assert claim_of(unreliable, integration_id).began_at == NOON + timedelta(seconds=1)


def test_a_claim_is_renewed_if_the_record_says_something_else_now(
    store: LinkStore, integration_id: str, first: Sender
) -> None:
    first.claims.claim([FEATURE])

    first.claims.hold([replace(FEATURE, name="Find colours")])

    assert claim_of(store, integration_id).intended[Field.NAME] == digest("Find colours")


def test_an_inherited_claim_is_the_senders_own_once_it_was_renewed_for_a_create(
    store: LinkStore, integration_id: str, first: Sender, second: Sender
) -> None:
    second.claims.take_over([a_claim_of_a_dead_sender(store, integration_id, first)])
    second.time.sleep(11)

    second.claims.hold([FEATURE])

    assert not second.claims.is_inherited(FEATURE.id)
    assert not claim_of(store, integration_id).is_inherited


def test_a_claim_that_another_sender_took_over_is_lost_and_the_others_hold(
    store: LinkStore, integration_id: str, first: Sender, second: Sender
) -> None:
    found = a_claim_of_a_dead_sender(store, integration_id, first)
    first.claims.claim([REQUIREMENT])
    second.claims.take_over([found])
    first.time.sleep(11)

    assert first.claims.hold([FEATURE, REQUIREMENT]) == {FEATURE.id}

    assert claim_of(store, integration_id).operation_id == "operation-2"
    assert claim_of(store, integration_id, REQUIREMENT).began_at == NOON + timedelta(seconds=11)
    assert first.claims.of(FEATURE.id) is None
    assert len(first.logged("claim.lost")) == 1


def test_a_record_that_is_not_claimed_does_not_hold(first: Sender) -> None:
    assert first.claims.hold([FEATURE]) == {FEATURE.id}


def test_a_claim_under_which_nothing_was_created_is_removed(
    store: LinkStore, integration_id: str, first: Sender, second: Sender
) -> None:
    first.claims.claim([FEATURE])

    first.claims.release([FEATURE.id, REQUIREMENT.id])

    assert stored_claim(store, integration_id) is None
    assert set(second.claims.claim([FEATURE])) == {FEATURE.id}


def test_an_inherited_claim_is_abandoned_so_that_the_next_sender_looks_for_the_work_item(
    store: LinkStore, integration_id: str, first: Sender, second: Sender
) -> None:
    second.claims.take_over([a_claim_of_a_dead_sender(store, integration_id, first)])

    second.claims.release([FEATURE.id])

    claim = claim_of(store, integration_id)
    assert (claim.operation_id, claim.is_inherited, claim.began_at) == ("", True, NOON)
    third = Sender(store, integration_id, "operation-3")
    found = stored_claim(store, integration_id)
    assert found is not None
    assert third.claims.take_over(sort_claims([found], "operation-3").abandoned) == frozenset()
    assert third.claims.is_inherited(FEATURE.id)


def test_a_claim_that_another_sender_took_over_is_not_given_back(
    store: LinkStore, integration_id: str, first: Sender, second: Sender
) -> None:
    second.claims.take_over([a_claim_of_a_dead_sender(store, integration_id, first)])

    first.claims.release([FEATURE.id])

    assert claim_of(store, integration_id).operation_id == "operation-2"


def test_a_claim_that_is_spent_stays_in_the_table_and_is_given_back_no_more(
    store: LinkStore, integration_id: str, first: Sender
) -> None:
    first.claims.claim([FEATURE])

    first.claims.forget([FEATURE.id])
    first.claims.release([FEATURE.id])

    assert claim_of(store, integration_id).operation_id == "operation-1"
    assert first.claims.of(FEATURE.id) is None


def test_a_send_that_ends_gives_back_what_it_holds_but_not_what_it_may_have_created(
    store: LinkStore, integration_id: str, first: Sender
) -> None:
    # The create of the feature was requested and not answered yet.
    first.claims.claim([FEATURE, REQUIREMENT])
    first.claims.hold([FEATURE])

    first.claims.release_all()

    assert claim_of(store, integration_id).operation_id == "operation-1"
    assert stored_claim(store, integration_id, REQUIREMENT) is None
    assert first.claims.of(FEATURE.id) is None


def test_a_send_that_ends_abandons_what_it_took_over(
    store: LinkStore, integration_id: str, first: Sender, second: Sender
) -> None:
    second.claims.take_over([a_claim_of_a_dead_sender(store, integration_id, first)])

    second.claims.release_all()

    claim = claim_of(store, integration_id)
    assert (claim.operation_id, claim.is_inherited) == ("", True)


def test_a_send_that_ends_because_storage_fails_says_so_and_not_that_its_claims_stay(
    faulty_storage: FaultyStorage, unreliable: LinkStore, integration_id: str
) -> None:
    sender = Sender(unreliable, integration_id, "operation-1")
    sender.claims.claim([FEATURE])
    faulty_storage.fail(method="POST", status=403, times=None)

    sender.claims.release_all()

    assert sender.claims.of(FEATURE.id) is None


def test_a_create_that_was_refused_leaves_no_claim_when_the_send_ends(
    store: LinkStore, integration_id: str, first: Sender
) -> None:
    first.claims.claim([FEATURE])
    first.claims.hold([FEATURE])
    first.claims.release([FEATURE.id])
    first.claims.claim([FEATURE])

    first.claims.release_all()

    assert stored_claim(store, integration_id) is None


def test_links_whose_work_items_are_gone_give_way_fifty_in_a_transaction(
    faulty_storage: FaultyStorage, unreliable: LinkStore, integration_id: str
) -> None:
    records = [a_requirement(id=f"R-{number}") for number in range(100)]
    links = [a_link(record, a_work_item(id=1000 + number)) for number, record in enumerate(records)]
    stored = established(unreliable, integration_id, *links)
    sender = Sender(unreliable, integration_id, "operation-1")
    faulty_storage.clear_requests()

    taken = sender.claims.claim_again(list(zip(records, stored, strict=True)))

    assert taken == {record.id for record in records}
    assert len(faulty_storage.requests()) == 2


def test_a_link_whose_work_item_is_gone_gives_way_to_a_claim_that_names_it(
    store: LinkStore, integration_id: str, first: Sender
) -> None:
    (stored,) = established(store, integration_id, a_link(FEATURE, a_work_item()))

    assert first.claims.claim_again([(FEATURE, stored)]) == {FEATURE.id}

    claim = claim_of(store, integration_id)
    assert (claim.operation_id, claim.work_item_id, claim.is_inherited) == ("operation-1", 12, False)
    assert store.by_work_item(integration_id, 12) is None


def test_a_claim_that_names_a_deleted_work_item_is_abandoned_because_it_may_be_restored(
    store: LinkStore, integration_id: str, first: Sender
) -> None:
    (stored,) = established(store, integration_id, a_link(FEATURE, a_work_item()))
    first.claims.claim_again([(FEATURE, stored)])

    first.claims.release([FEATURE.id])

    claim = claim_of(store, integration_id)
    assert (claim.operation_id, claim.work_item_id) == ("", 12)


def test_a_link_that_somebody_changed_does_not_give_way(
    store: LinkStore, integration_id: str, first: Sender
) -> None:
    (stored,) = established(store, integration_id, a_link(FEATURE, a_work_item()))
    changed = replace(stored.link, agreed_revision=9)
    store.replace(integration_id, [(stored, changed)])

    assert first.claims.claim_again([(FEATURE, stored)]) == frozenset()

    assert_linked(store, integration_id, changed)
    assert first.claims.of(FEATURE.id) is None
