"""Links and claims in the table: one owner per record, two rows that always agree, also through faults and races."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from shared.domain.links import Agreement, AttachedFile, Claim, Field, Link
from shared.domain.records import Kind
from shared.errors import LinkChanged, OperationFailed
from shared.storage.links import LinkStore, StoredClaim, StoredLink
from shared.storage.tables import Tables
from tests.storage.relay import FaultyStorage

NOON = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=timezone.utc)
LOST_ANSWERS = pytest.mark.parametrize("fault", [{"cut": "after"}, {"cut_body_after": 30}], ids=str)


@pytest.fixture
def store(tables: Tables) -> LinkStore:
    return LinkStore(tables)


@pytest.fixture
def unreliable(faulty_storage: FaultyStorage) -> LinkStore:
    return LinkStore(faulty_storage.tables)


def a_claim(aha_id: str = "6776", operation_id: str = "operation-1") -> Claim:
    return Claim(
        kind=Kind.REQUIREMENT,
        aha_id=aha_id,
        reference=f"FEAT-1-{aha_id}",
        operation_id=operation_id,
        claimed_at=NOON,
        began_at=NOON - timedelta(seconds=7),
        intended={Field.NAME: "a1", Field.DESCRIPTION: "a2"},
        work_item_id=41,
        is_inherited=True,
    )


def later(claims: Sequence[StoredClaim]) -> list[tuple[StoredClaim, Claim]]:
    moment = NOON + timedelta(seconds=30)
    return [(stored, replace(stored.claim, claimed_at=moment)) for stored in claims]


def a_link(aha_id: str = "6776", work_item_id: int = 42) -> Link:
    return Link(
        kind=Kind.REQUIREMENT,
        aha_id=aha_id,
        reference=f"FEAT-1-{aha_id}",
        parent_aha_id="6775",
        work_item_id=work_item_id,
        work_item_url=f"https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/{work_item_id}",
        work_item_type="User Story",
        agreed_revision=3,
        agreed={Field.NAME: Agreement("a1", "b1"), Field.DESCRIPTION: Agreement("a2", "b2")},
        attachments={
            "98/1": AttachedFile("https://dev.azure.com/fabrikam/_apis/wit/attachments/1", "Bîld 😀.png", 17),
            "99": AttachedFile("https://dev.azure.com/fabrikam/_apis/wit/attachments/2", "b.txt", None),
        },
        parent_work_item_id=41,
        requirement_ids=("6777", "6778"),
        sent_as_of=NOON,
        received_as_of=NOON + timedelta(minutes=5),
    )


def claimed(store: LinkStore, integration_id: str, *aha_ids: str) -> list[StoredClaim]:
    found = store.claim(integration_id, [a_claim(aha_id) for aha_id in aha_ids])
    standing = [found[aha_id].standing for aha_id in aha_ids]
    assert all(found[aha_id].is_ours for aha_id in aha_ids)
    return [claim for claim in standing if isinstance(claim, StoredClaim)]


def established(store: LinkStore, integration_id: str, *links: Link) -> list[StoredLink]:
    claims = claimed(store, integration_id, *(link.aha_id for link in links))
    stored = store.establish(integration_id, list(zip(claims, links, strict=True)))
    return [stored[link.aha_id] for link in links]


def assert_both_rows_agree(store: LinkStore, integration_id: str, *links: Link) -> None:
    for link in links:
        by_record = store.load(integration_id, [link.aha_id])[link.aha_id]
        by_work_item = store.by_work_item(integration_id, link.work_item_id)
        assert isinstance(by_record, StoredLink)
        assert by_work_item is not None
        assert by_record.link == by_work_item.link == link
        assert by_record.version == by_work_item.version


def test_a_family_is_found_wherever_its_work_items_are(store: LinkStore, integration_id: str) -> None:
    """Given requirements sent with the feature, later, with another feature, never, and one being sent."""
    feature, near, far, before = (
        a_link("F", 100),
        a_link("near", 102),
        a_link("far", 5000),
        a_link("before", 9),
    )
    established(store, integration_id, feature, near, far, before, a_link("somebody else's", 103))
    claimed(store, integration_id, "claimed")

    found = store.load_family(integration_id, "F", ["near", "far", "before", "claimed", "never"])

    links = {aha_id: stored.link for aha_id, stored in found.items() if isinstance(stored, StoredLink)}
    assert links == {"F": feature, "near": near, "far": far, "before": before}
    assert isinstance(found["claimed"], StoredClaim)
    assert set(found) == {"F", "near", "far", "before", "claimed"}


def test_a_link_found_with_its_family_can_be_replaced(store: LinkStore, integration_id: str) -> None:
    established(store, integration_id, a_link("F", 100), a_link("near", 102))
    stored = store.load_family(integration_id, "F", ["near"])["near"]
    assert isinstance(stored, StoredLink)

    changed = replace(stored.link, agreed_revision=9)
    store.replace(integration_id, [(stored, changed)])

    assert_both_rows_agree(store, integration_id, changed)


def test_the_requirements_of_a_feature_that_was_never_sent_are_not_looked_for(
    store: LinkStore, integration_id: str
) -> None:
    established(store, integration_id, a_link("moved", 7))

    assert store.load_family(integration_id, "new", ["moved"]) == {}


def test_a_record_that_was_never_sent_has_neither_link_nor_claim(
    store: LinkStore, integration_id: str
) -> None:
    assert store.load(integration_id, []) == {}
    assert store.load(integration_id, ["1", "2"]) == {}
    assert store.by_work_item(integration_id, 42) is None


def test_a_claim_is_found_again(store: LinkStore, integration_id: str) -> None:
    (claim,) = claimed(store, integration_id, "6776")

    assert store.load(integration_id, ["6776"]) == {"6776": claim}
    assert claim.claim == a_claim()


def test_an_established_link_is_found_by_its_record_and_by_its_work_item(
    store: LinkStore, integration_id: str
) -> None:
    (stored,) = established(store, integration_id, a_link())

    assert store.load(integration_id, ["6776"]) == {"6776": replace(stored, work_item_etag=None)}
    assert store.by_work_item(integration_id, 42) == replace(stored, record_etag=None)
    assert stored.link == a_link()
    assert stored.record_etag
    assert stored.work_item_etag


def test_links_of_other_integrations_are_not_seen(store: LinkStore, integration_id: str) -> None:
    established(store, integration_id, a_link())

    assert store.load(f"{integration_id}-2", ["6776"]) == {}
    assert store.by_work_item(f"{integration_id}-2", 42) is None


@pytest.mark.parametrize("aha_id", ["a/b\\c#d?e%f", "é😀", "'quoted'", "x" * 3000, " ", "w:42", "\n"])
def test_any_aha_id_can_be_linked(store: LinkStore, integration_id: str, aha_id: str) -> None:
    established(store, integration_id, a_link(aha_id))

    assert_both_rows_agree(store, integration_id, a_link(aha_id))


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
    faulty_storage.fail(method="POST", **fault)

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


def test_a_work_item_of_another_record_is_not_taken_away_from_it(
    store: LinkStore, integration_id: str
) -> None:
    established(store, integration_id, a_link("1", 42))
    copy, other = claimed(store, integration_id, "2", "3")

    with pytest.raises(LinkChanged) as failure:
        store.establish(integration_id, [(copy, a_link("2", 42)), (other, a_link("3", 43))])

    assert failure.value.aha_ids == ("2",)
    assert failure.value.holders == {"2": "1"}
    assert store.load(integration_id, ["2"]) == {"2": copy}
    assert_both_rows_agree(store, integration_id, a_link("1", 42), a_link("3", 43))


def test_many_links_are_established_and_replaced_in_few_transactions(
    faulty_storage: FaultyStorage, unreliable: LinkStore, store: LinkStore, integration_id: str
) -> None:
    links = [a_link(str(number), number) for number in range(1, 121)]

    stored = established(unreliable, integration_id, *links)
    changed = [replace(link, agreed_revision=9) for link in links]
    unreliable.replace(integration_id, list(zip(stored, changed, strict=True)))

    assert_both_rows_agree(store, integration_id, *changed)
    # Two for the claims of 120 records, three each for their two rows; none of them read before.
    assert [request["method"] for request in faulty_storage.requests()] == ["POST"] * 8


@pytest.mark.parametrize("read_by", ["record", "work item", "nothing: as it was written"])
def test_a_link_is_replaced_whichever_way_it_was_found(
    store: LinkStore, integration_id: str, read_by: str
) -> None:
    (stored,) = established(store, integration_id, a_link())
    found: StoredLink | StoredClaim | None = stored
    if read_by == "record":
        found = store.load(integration_id, ["6776"])["6776"]
    elif read_by == "work item":
        found = store.by_work_item(integration_id, 42)
    assert isinstance(found, StoredLink)
    changed = replace(a_link(), agreed_revision=4, agreed={}, attachments={}, parent_aha_id="1")

    again = store.replace(integration_id, [(found, changed)])["6776"]

    assert_both_rows_agree(store, integration_id, changed)
    assert store.by_work_item(integration_id, 42) == replace(again, record_etag=None)
    store.replace(integration_id, [(again, a_link())])
    assert_both_rows_agree(store, integration_id, a_link())


def test_a_replace_of_an_older_version_names_it_and_writes_the_others(
    store: LinkStore, integration_id: str
) -> None:
    one, two, three = established(store, integration_id, *(a_link(str(n), n) for n in (1, 2, 3)))
    by_record = store.load(integration_id, ["1"])["1"]
    assert isinstance(by_record, StoredLink)
    store.replace(integration_id, [(one, replace(one.link, agreed_revision=8))])
    store.replace(integration_id, [(two, replace(two.link, agreed_revision=8))])

    with pytest.raises(LinkChanged) as failure:
        store.replace(
            integration_id,
            [(found, replace(found.link, agreed_revision=9)) for found in (by_record, two, three)],
        )

    assert failure.value.aha_ids == ("1", "2")
    written = failure.value.written["3"]
    assert store.by_work_item(integration_id, 3) == replace(written, record_etag=None)
    assert_both_rows_agree(
        store,
        integration_id,
        replace(one.link, agreed_revision=8),
        replace(two.link, agreed_revision=8),
        replace(three.link, agreed_revision=9),
    )


def test_a_link_that_was_found_in_an_older_version_is_not_sent_to_be_replaced(
    faulty_storage: FaultyStorage, unreliable: LinkStore, store: LinkStore, integration_id: str
) -> None:
    (stored,) = established(store, integration_id, a_link())
    found = store.load(integration_id, ["6776"])["6776"]
    assert isinstance(found, StoredLink)
    store.replace(integration_id, [(stored, replace(a_link(), agreed_revision=8))])

    with pytest.raises(LinkChanged):
        unreliable.replace(integration_id, [(found, replace(a_link(), agreed_revision=9))])

    assert [request["method"] for request in faulty_storage.requests()] == ["GET"]


def test_a_link_keeps_its_work_item(store: LinkStore, integration_id: str) -> None:
    (stored,) = established(store, integration_id, a_link())

    with pytest.raises(ValueError, match="work item"):
        store.replace(integration_id, [(stored, a_link(work_item_id=43))])


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


def renewing(store: LinkStore, integration_id: str) -> dict[str, StoredLink | StoredClaim]:
    (claim,) = store.renew(integration_id, later(claims_of(store, integration_id, ["1"])))
    return {"1": claim}


def taking_over(store: LinkStore, integration_id: str) -> dict[str, StoredLink | StoredClaim]:
    (claim,) = claims_of(store, integration_id, ["1"])
    return {"1": store.take_over(integration_id, claim, a_claim("1", "heir"))}


def releasing(store: LinkStore, integration_id: str) -> dict[str, StoredLink | StoredClaim]:
    store.release(integration_id, claims_of(store, integration_id, ["1"]))
    return {}


def establishing(store: LinkStore, integration_id: str) -> dict[str, StoredLink | StoredClaim]:
    (claim,) = claims_of(store, integration_id, ["1"])
    return {**store.establish(integration_id, [(claim, a_link("1", 1))])}


def replacing(store: LinkStore, integration_id: str) -> dict[str, StoredLink | StoredClaim]:
    found = store.by_work_item(integration_id, 2)
    assert found is not None
    return {**store.replace(integration_id, [(found, replace(found.link, agreed_revision=9))])}


def claiming_again(store: LinkStore, integration_id: str) -> dict[str, StoredLink | StoredClaim]:
    found = store.by_work_item(integration_id, 2)
    assert found is not None
    return {"2": store.claim_again(integration_id, found, a_claim("2", "operation-2"))}


def claims_of(store: LinkStore, integration_id: str, aha_ids: Sequence[str]) -> list[StoredClaim]:
    return [found for found in store.load(integration_id, aha_ids).values() if isinstance(found, StoredClaim)]


@LOST_ANSWERS
@pytest.mark.parametrize("write", [renewing, taking_over, releasing, establishing, replacing, claiming_again])
def test_a_write_whose_answer_is_lost_is_recognised_as_done(
    faulty_storage: FaultyStorage,
    unreliable: LinkStore,
    store: LinkStore,
    integration_id: str,
    fault: dict[str, object],
    write: Callable[[LinkStore, str], dict[str, StoredLink | StoredClaim]],
) -> None:
    claimed(store, integration_id, "1")
    established(store, integration_id, a_link("2", 2))
    faulty_storage.fail(method="POST", **fault)

    written = write(unreliable, integration_id)

    assert any(request["fault"] for request in faulty_storage.requests())
    if write is releasing:
        assert store.load(integration_id, ["1"]) == {}
    for aha_id, expected in written.items():
        if isinstance(expected, StoredLink):
            expected = replace(expected, work_item_etag=None)
        assert store.load(integration_id, [aha_id]) == {aha_id: expected}


def test_both_rows_agree_while_many_change_the_same_link(store: LinkStore, integration_id: str) -> None:
    established(store, integration_id, a_link())
    start = threading.Barrier(6)

    def attempt(number: int) -> int:
        start.wait()
        done = 0
        for turn in range(10):
            found = (
                store.load(integration_id, ["6776"])["6776"]
                if turn % 2
                else store.by_work_item(integration_id, 42)
            )
            assert isinstance(found, StoredLink)
            try:
                store.replace(
                    integration_id,
                    [(found, replace(found.link, agreed_revision=found.link.agreed_revision + 1))],
                )
            except LinkChanged:
                continue
            done += 1
        return done

    with ThreadPoolExecutor(6) as threads:
        changes = sum(threads.map(attempt, range(6)))

    assert changes > 0
    # Every change that was reported as done counts, and no other.
    assert_both_rows_agree(store, integration_id, replace(a_link(), agreed_revision=3 + changes))


def attachments(count: int, name_length: int) -> dict[str, AttachedFile]:
    return {
        str(uuid.uuid4()): AttachedFile(
            f"https://dev.azure.com/fabrikam/{uuid.uuid4()}", "ü" * name_length, n
        )
        for n in range(count)
    }


def test_hundreds_of_attachments_are_kept(store: LinkStore, integration_id: str) -> None:
    links = [replace(a_link(str(n), n), attachments=attachments(500, 100)) for n in range(1, 31)]

    stored = established(store, integration_id, *links)
    store.replace(integration_id, list(zip(stored, links, strict=True)))

    assert_both_rows_agree(store, integration_id, *links)


def test_more_attachments_than_a_row_holds_are_refused_with_the_reason(
    store: LinkStore, integration_id: str
) -> None:
    (claim,) = claimed(store, integration_id, "1")
    link = replace(a_link("1", 1), attachments=attachments(2000, 255))

    with pytest.raises(OperationFailed, match="attachments"):
        store.establish(integration_id, [(claim, link)])

    assert store.load(integration_id, ["1"]) == {"1": claim}


def test_purging_takes_everything_of_the_integration_and_nothing_else(
    store: LinkStore, integration_id: str
) -> None:
    claimed(store, integration_id, *(f"claimed {n}" for n in range(60)))
    established(store, integration_id, *(a_link(str(n), n) for n in range(1, 61)))
    other = established(store, f"{integration_id}-2", a_link())

    store.purge(integration_id)
    store.purge(integration_id)

    assert store.load(integration_id, ["1", "60", "claimed 1"]) == {}
    assert store.by_work_item(integration_id, 1) is None
    assert store.by_work_item(f"{integration_id}-2", 42) == replace(other[0], record_etag=None)
