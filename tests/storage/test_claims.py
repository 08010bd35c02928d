"""Claims in the table: each record has one owner, however many senders come at the same time."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from shared.domain.claims import ClaimDecision, decide
from shared.errors import LinkChanged
from shared.storage.keys import record_key, work_item_key
from shared.storage.link_rows import partition_of
from shared.storage.links import LinkStore, StoredClaim, StoredLink
from shared.storage.rows import Delete, Row
from shared.storage.tables import Tables
from tests.storage.link_examples import (
    LOST_ANSWERS,
    NOON,
    a_claim,
    a_link,
    assert_linked,
    claimed,
    claims_in,
    established,
    later,
    stored_row,
    taken_over,
)
from tests.storage.relay import FaultyStorage


def test_a_second_sender_cannot_claim_a_claimed_record(store: LinkStore, integration_id: str) -> None:
    (first,) = claimed(store, integration_id, "6776")

    second = store.claim(integration_id, [a_claim(operation_id="operation-2")])

    assert second == {}
    assert claims_in(store.load(integration_id, ["6776"])) == {"6776": first}


def test_a_claim_may_be_made_twice_by_the_same_operation(store: LinkStore, integration_id: str) -> None:
    (first,) = claimed(store, integration_id, "6776")

    again = store.claim(integration_id, [a_claim()])

    assert claims_in(again) == {"6776": first}


def test_a_linked_record_cannot_be_claimed(store: LinkStore, integration_id: str) -> None:
    established(store, integration_id, a_link())

    assert store.claim(integration_id, [a_claim()]) == {}

    assert_linked(store, integration_id, a_link())


def test_claiming_many_records_leaves_out_those_that_are_taken(store: LinkStore, integration_id: str) -> None:
    established(store, integration_id, a_link("7", 7))
    others = store.claim(integration_id, [a_claim("33", "operation-2"), a_claim("150", "operation-2")])
    everybody = [str(number) for number in range(230)]

    own = store.claim(integration_id, [a_claim(aha_id) for aha_id in everybody])

    assert sorted(set(everybody) - set(own), key=int) == ["7", "33", "150"]
    found = store.load(integration_id, everybody)
    assert claims_in(found) == {**own, **others}
    assert isinstance(found["7"], StoredLink)


def test_of_twenty_senders_who_claim_the_same_record_at_once_one_owns_it(
    store: LinkStore, integration_id: str
) -> None:
    start = threading.Barrier(20)

    def attempt(number: int) -> Mapping[str, StoredClaim]:
        start.wait()
        return store.claim(integration_id, [a_claim(operation_id=f"operation-{number}")])

    with ThreadPoolExecutor(20) as threads:
        owners = [own["6776"] for own in threads.map(attempt, range(20)) if own]

    assert len(owners) == 1
    assert claims_in(store.load(integration_id, ["6776"])) == {"6776": owners[0]}


def test_of_senders_who_claim_overlapping_records_each_record_has_one_owner(
    store: LinkStore, integration_id: str
) -> None:
    def attempt(number: int) -> list[str]:
        wanted = [a_claim(str(n), f"operation-{number}") for n in range(number * 10, number * 10 + 40)]
        return list(store.claim(integration_id, wanted))

    with ThreadPoolExecutor(6) as threads:
        owned = [aha_id for owned in threads.map(attempt, range(6)) for aha_id in owned]

    assert sorted(owned, key=int) == [str(n) for n in range(90)]


@LOST_ANSWERS
def test_a_claim_whose_answer_is_lost_is_the_senders_own(
    faulty_storage: FaultyStorage,
    unreliable: LinkStore,
    store: LinkStore,
    integration_id: str,
    fault: dict[str, object],
) -> None:
    store.purge(integration_id)
    claimed(store, integration_id, "before")
    faulty_storage.fail(method="POST|PUT", **fault)

    own = unreliable.claim(integration_id, [a_claim(aha_id) for aha_id in ("1", "2", "3")])

    assert set(own) == {"1", "2", "3"}
    assert claims_in(store.load(integration_id, ["1", "2", "3"])) == own


def test_a_renewed_claim_has_the_new_time_and_etag(store: LinkStore, integration_id: str) -> None:
    claims = claimed(store, integration_id, "1", "2")

    renewed = store.renew(integration_id, later(claims))

    assert [stored.claim.began_at for stored in renewed.values()] == [NOON + timedelta(seconds=30)] * 2
    assert claims_in(store.load(integration_id, ["1", "2"])) == renewed


@pytest.mark.parametrize(
    ("since_write", "decision"), [(30, ClaimDecision.WAIT), (61, ClaimDecision.TAKE_OVER)]
)
def test_the_age_of_a_claim_is_the_time_at_table_storage_since_its_write(
    faulty_storage: FaultyStorage,
    unreliable: LinkStore,
    store: LinkStore,
    integration_id: str,
    since_write: int,
    decision: ClaimDecision,
) -> None:
    claimed(store, integration_id, "6776")
    faulty_storage.relay.since_writes = timedelta(seconds=since_write)

    found = unreliable.load(integration_id, ["6776"])["6776"]

    assert isinstance(found, StoredClaim)
    # The Date is in whole seconds, and the test itself takes time.
    assert since_write - 1 <= found.age.total_seconds() <= since_write + 20
    assert decide(found.claim, found.age, "operation-2") is decision


@pytest.mark.parametrize("offset", [-90, 90])
def test_a_host_whose_clock_is_wrong_sees_the_same_age(
    faulty_storage: FaultyStorage, unreliable: LinkStore, store: LinkStore, integration_id: str, offset: int
) -> None:
    """Given a Table Storage whose clock differs from this host's by a minute and a half."""
    claimed(store, integration_id, "6776")
    faulty_storage.relay.clock_offset = timedelta(seconds=offset)

    found = unreliable.load(integration_id, ["6776"])["6776"]

    row = stored_row(faulty_storage.tables, integration_id, record_key("6776"))
    assert row is not None
    assert row.read_at is not None
    seconds_ahead = (row.read_at - datetime.now(timezone.utc)).total_seconds()
    assert abs(seconds_ahead - offset) < 20
    assert isinstance(found, StoredClaim)
    assert found.age < timedelta(seconds=20)
    assert decide(found.claim, found.age, "operation-2") is ClaimDecision.WAIT


def test_renewing_a_claim_starts_its_age_anew(store: LinkStore, tables: Tables, integration_id: str) -> None:
    claims = claimed(store, integration_id, "6776")
    first = stored_row(tables, integration_id, record_key("6776"))

    renewed = store.renew(integration_id, later(claims))

    second = stored_row(tables, integration_id, record_key("6776"))
    assert first is not None
    assert second is not None
    assert first.written_at is not None
    assert second.written_at is not None
    assert second.written_at > first.written_at
    assert renewed["6776"].age == timedelta()


def test_a_claim_is_taken_over_once(store: LinkStore, integration_id: str) -> None:
    (dead,) = claimed(store, integration_id, "6776")
    start = threading.Barrier(8)

    def attempt(number: int) -> StoredClaim | None:
        start.wait()
        try:
            return taken_over(store, integration_id, dead, a_claim(operation_id=f"heir-{number}"))
        except LinkChanged:
            return None

    with ThreadPoolExecutor(8) as threads:
        heirs = [claim for claim in threads.map(attempt, range(8)) if claim is not None]

    assert len(heirs) == 1
    assert claims_in(store.load(integration_id, ["6776"])) == {"6776": heirs[0]}


def test_a_sender_whose_claim_was_taken_over_can_neither_renew_nor_establish_nor_release_it(
    store: LinkStore, integration_id: str
) -> None:
    slow, steady = claimed(store, integration_id, "1", "2")
    heir = taken_over(store, integration_id, slow, a_claim("1", "heir"))

    with pytest.raises(LinkChanged) as failure:
        store.renew(integration_id, later([slow, steady]))
    assert failure.value.aha_ids == ("1",)
    renewed = failure.value.written["2"]
    assert isinstance(renewed, StoredClaim)

    pairs = [(slow, a_link("1", 1)), (renewed, a_link("2", 2))]
    with pytest.raises(LinkChanged) as failure:
        store.establish(integration_id, pairs)
    assert failure.value.aha_ids == ("1",)
    assert list(failure.value.written) == ["2"]
    assert_linked(store, integration_id, a_link("2", 2))

    store.release(integration_id, [slow])
    assert claims_in(store.load(integration_id, ["1"])) == {"1": heir}
    assert store.by_work_item(integration_id, 1) is None


def test_a_released_claim_is_gone_and_releasing_it_again_does_no_harm(
    store: LinkStore, integration_id: str
) -> None:
    claims = claimed(store, integration_id, "1", "2", "3")

    store.release(integration_id, claims[:1])
    store.release(integration_id, claims)
    store.release(integration_id, [])

    assert store.load(integration_id, ["1", "2", "3"]) == {}


@pytest.mark.parametrize("read_by", ["record", "work item", "nothing: as it was written"])
def test_a_record_whose_work_item_is_gone_is_claimed_again(
    store: LinkStore, tables: Tables, integration_id: str, read_by: str
) -> None:
    (written,) = established(store, integration_id, a_link())
    found: StoredLink | StoredClaim | None = written
    if read_by == "record":
        found = store.load(integration_id, ["6776"])["6776"]
    elif read_by == "work item":
        found = store.by_work_item(integration_id, 42)
    assert isinstance(found, StoredLink)

    claim = store.claim_again(integration_id, [(found, a_claim(operation_id="operation-2"))])["6776"]

    assert claims_in(store.load(integration_id, ["6776"])) == {"6776": claim}
    assert store.by_work_item(integration_id, 42) is None
    assert stored_row(tables, integration_id, work_item_key(42)) is None
    store.establish(integration_id, [(claim, a_link(work_item_id=43))])
    assert_linked(store, integration_id, a_link(work_item_id=43))


def test_a_link_that_changed_is_not_claimed_again(store: LinkStore, integration_id: str) -> None:
    (stored,) = established(store, integration_id, a_link())
    newer = replace(a_link(), agreed_revision=9)
    store.replace(integration_id, [(stored, newer)])

    with pytest.raises(LinkChanged):
        store.claim_again(integration_id, [(stored, a_claim())])

    assert_linked(store, integration_id, newer)


def test_a_pointer_whose_link_is_missing_is_an_abandoned_claim_on_its_work_item(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    established(store, integration_id, a_link())
    tables.links.transact([Delete(Row(partition_of(integration_id), work_item_key(42)))])

    found = store.load(integration_id, ["6776"])["6776"]

    assert isinstance(found, StoredClaim)
    assert (found.claim.aha_id, found.claim.reference) == ("6776", "FEAT-1-6776")
    assert found.claim.work_item_id == 42
    assert found.claim.is_inherited
    assert decide(found.claim, found.age, "operation-2") is ClaimDecision.TAKE_OVER
    assert claims_in(store.load_family(integration_id, "6776", [])) == claims_in({"6776": found})
    assert claims_in(store.load_family(integration_id, "6776", ["6777"])) == claims_in({"6776": found})


def test_a_pointer_whose_link_is_missing_is_taken_over_and_linked_again(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    established(store, integration_id, a_link())
    tables.links.transact([Delete(Row(partition_of(integration_id), work_item_key(42)))])
    found = store.load(integration_id, ["6776"])["6776"]
    assert isinstance(found, StoredClaim)

    taken = taken_over(store, integration_id, found, replace(found.claim, operation_id="operation-2"))
    with pytest.raises(LinkChanged):
        taken_over(store, integration_id, found, replace(found.claim, operation_id="operation-3"))

    assert claims_in(store.load(integration_id, ["6776"])) == {"6776": taken}
    store.establish(integration_id, [(taken, a_link())])
    assert_linked(store, integration_id, a_link())
