"""Claims in the table: each record has one owner, whoever comes at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import LinkChanged
from shared.storage.links import LinkStore, StoredClaim, StoredLink
from tests.storage.link_examples import (
    LOST_ANSWERS,
    NOON,
    a_claim,
    a_link,
    assert_both_rows_agree,
    claimed,
    established,
    later,
)
from tests.storage.relay import FaultyStorage


def test_a_second_sender_sees_the_first_ones_claim(store: LinkStore, integration_id: str) -> None:
    (first,) = claimed(store, integration_id, "6776")

    second = store.claim(integration_id, [a_claim(operation_id="operation-2")])["6776"]

    assert second.standing == first
    assert not second.is_ours


def test_a_claim_may_be_made_twice_by_the_same_operation(store: LinkStore, integration_id: str) -> None:
    (first,) = claimed(store, integration_id, "6776")

    assert claimed(store, integration_id, "6776") == [first]


def test_claiming_many_puts_aside_what_is_taken(store: LinkStore, integration_id: str) -> None:
    (link,) = established(store, integration_id, a_link("7", 7))
    other = store.claim(integration_id, [a_claim("33", "operation-2"), a_claim("150", "operation-2")])

    found = store.claim(integration_id, [a_claim(str(number)) for number in range(230)])

    assert [aha_id for aha_id, result in found.items() if not result.is_ours] == ["7", "33", "150"]
    assert found["7"].standing == replace(link, work_item_etag=None)
    assert found["33"].standing == other["33"].standing
    assert all(isinstance(found[str(n)].standing, StoredClaim) for n in range(230) if n != 7)
    assert len(store.load(integration_id, list(found))) == 230


def test_of_twenty_senders_who_claim_the_same_record_at_once_one_owns_it(
    store: LinkStore, integration_id: str
) -> None:
    start = threading.Barrier(20)

    def attempt(number: int) -> bool:
        start.wait()
        return store.claim(integration_id, [a_claim(operation_id=f"operation-{number}")])["6776"].is_ours

    with ThreadPoolExecutor(20) as threads:
        owners = [number for number, is_ours in enumerate(threads.map(attempt, range(20))) if is_ours]

    assert len(owners) == 1
    standing = store.load(integration_id, ["6776"])["6776"]
    assert isinstance(standing, StoredClaim)
    assert standing.claim.operation_id == f"operation-{owners[0]}"


def test_of_senders_who_claim_overlapping_records_each_record_has_one_owner(
    store: LinkStore, integration_id: str
) -> None:
    def attempt(number: int) -> list[str]:
        wanted = [a_claim(str(n), f"operation-{number}") for n in range(number * 10, number * 10 + 40)]
        return [aha_id for aha_id, result in store.claim(integration_id, wanted).items() if result.is_ours]

    with ThreadPoolExecutor(6) as threads:
        owned = [aha_id for owned in threads.map(attempt, range(6)) for aha_id in owned]

    assert sorted(owned, key=int) == [str(n) for n in range(90)]


@LOST_ANSWERS
def test_a_claim_whose_answer_is_lost_is_ours(
    faulty_storage: FaultyStorage,
    unreliable: LinkStore,
    store: LinkStore,
    integration_id: str,
    fault: dict[str, object],
) -> None:
    store.purge(integration_id)
    claimed(store, integration_id, "before")
    faulty_storage.fail(method="POST|PUT", **fault)

    claims = claimed(unreliable, integration_id, "1", "2", "3")

    assert store.load(integration_id, ["1", "2", "3"]) == {claim.claim.aha_id: claim for claim in claims}


def test_a_renewed_claim_has_the_new_time_and_version(store: LinkStore, integration_id: str) -> None:
    claims = claimed(store, integration_id, "1", "2")

    renewed = store.renew(integration_id, later(claims))

    assert [claim.claim.claimed_at for claim in renewed] == [NOON + timedelta(seconds=30)] * 2
    assert store.load(integration_id, ["1", "2"]) == {claim.claim.aha_id: claim for claim in renewed}


def test_a_claim_is_taken_over_once(store: LinkStore, integration_id: str) -> None:
    (dead,) = claimed(store, integration_id, "6776")
    start = threading.Barrier(8)

    def attempt(number: int) -> StoredClaim | None:
        start.wait()
        try:
            return store.take_over(integration_id, dead, a_claim(operation_id=f"heir-{number}"))
        except LinkChanged:
            return None

    with ThreadPoolExecutor(8) as threads:
        heirs = [claim for claim in threads.map(attempt, range(8)) if claim is not None]

    assert len(heirs) == 1
    assert store.load(integration_id, ["6776"]) == {"6776": heirs[0]}


def test_a_sender_whose_claim_was_taken_over_can_neither_renew_nor_establish_nor_release_it(
    store: LinkStore, integration_id: str
) -> None:
    slow, steady = claimed(store, integration_id, "1", "2")
    heir = store.take_over(integration_id, slow, a_claim("1", "heir"))

    with pytest.raises(LinkChanged) as failure:
        store.renew(integration_id, later([slow, steady]))
    assert failure.value.aha_ids == ("1",)
    renewed = failure.value.written["2"]
    assert isinstance(renewed, StoredClaim)

    pairs = [(slow, a_link("1", 1)), (renewed, a_link("2", 2))]
    with pytest.raises(LinkChanged) as failure:
        store.establish(integration_id, pairs)
    assert failure.value.aha_ids == ("1",)
    assert failure.value.holders == {}
    assert list(failure.value.written) == ["2"]
    assert_both_rows_agree(store, integration_id, a_link("2", 2))

    store.release(integration_id, [slow])
    assert store.load(integration_id, ["1"]) == {"1": heir}
    assert store.by_work_item(integration_id, 1) is None


def test_a_released_claim_is_gone_and_releasing_it_again_does_no_harm(
    store: LinkStore, integration_id: str
) -> None:
    claims = claimed(store, integration_id, "1", "2", "3")

    store.release(integration_id, claims[:1])
    store.release(integration_id, claims)
    store.release(integration_id, [])

    assert store.load(integration_id, ["1", "2", "3"]) == {}


@pytest.mark.parametrize("read_by", ["record", "work item"])
def test_a_record_whose_work_item_is_gone_is_claimed_again(
    store: LinkStore, integration_id: str, read_by: str
) -> None:
    established(store, integration_id, a_link())
    found: StoredLink | StoredClaim | None = store.load(integration_id, ["6776"])["6776"]
    if read_by == "work item":
        found = store.by_work_item(integration_id, 42)
    assert isinstance(found, StoredLink)

    claim = store.claim_again(integration_id, found, a_claim(operation_id="operation-2"))

    assert store.load(integration_id, ["6776"]) == {"6776": claim}
    assert store.by_work_item(integration_id, 42) is None
    store.establish(integration_id, [(claim, a_link(work_item_id=43))])
    assert_both_rows_agree(store, integration_id, a_link(work_item_id=43))


def test_a_link_that_changed_is_not_claimed_again(store: LinkStore, integration_id: str) -> None:
    (stored,) = established(store, integration_id, a_link())
    by_work_item = store.by_work_item(integration_id, 42)
    assert by_work_item is not None
    store.replace(integration_id, [(stored, replace(a_link(), agreed_revision=9))])

    for found in (stored, by_work_item):
        with pytest.raises(LinkChanged):
            store.claim_again(integration_id, found, a_claim())

    assert_both_rows_agree(store, integration_id, replace(a_link(), agreed_revision=9))
