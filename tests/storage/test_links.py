"""Links in the table: one row each, found by record, by work item and by family."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from shared.domain.kind import Kind
from shared.domain.links import AttachedFile
from shared.errors import LinkChanged, OperationFailed
from shared.storage.keys import record_key, work_item_key
from shared.storage.links import LinkStore, StoredClaim, StoredLink, UnreadableLink
from shared.storage.rows import Upsert
from shared.storage.tables import Tables
from tests.storage.link_examples import (
    a_claim,
    a_link,
    assert_linked,
    claimed,
    claims_in,
    established,
    stored_row,
    taken_over,
)
from tests.storage.relay import FaultyStorage


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

    assert_linked(store, integration_id, changed)


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


def test_the_linked_work_items_of_one_integration_are_listed(store: LinkStore, integration_id: str) -> None:
    established(store, integration_id, a_link("F", 100), a_link("old", 9), a_link("new", 2**31 - 1))
    claimed(store, integration_id, "claimed")
    established(store, f"{integration_id}-2", a_link("of another integration", 7))

    assert [item.work_item_id for item in store.linked_items(integration_id)] == [9, 100, 2**31 - 1]
    assert store.linked_items(f"{integration_id}-3") == []


def test_a_linked_work_item_says_when_its_row_was_written_and_when_it_was_synced(
    store: LinkStore, integration_id: str
) -> None:
    before = datetime.now(timezone.utc) - timedelta(minutes=1)
    established(store, integration_id, a_link("F", 100))

    (item,) = store.linked_items(integration_id)

    assert (item.agreed_revision, item.synced_at) == (3, a_link().received_at)
    assert item.written_at is not None
    assert item.written_at > before


def test_a_damaged_link_does_not_hide_the_other_linked_work_items(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    established(store, integration_id, a_link("F", 100), a_link("G", 101))
    row = stored_row(tables, integration_id, work_item_key(100))
    assert row is not None
    damaged = {**row.properties, "agreed_revision": "three", "sent_at": "yesterday", "received_at": "today"}
    tables.links.transact([Upsert(replace(row, properties=damaged))])

    found = store.linked_items(integration_id)

    assert [(item.work_item_id, item.agreed_revision) for item in found] == [(100, 0), (101, 3)]
    assert found[0].synced_at is None


def test_a_claim_is_found_again(store: LinkStore, integration_id: str) -> None:
    (claim,) = claimed(store, integration_id, "6776")

    assert claims_in(store.load(integration_id, ["6776"])) == {"6776": claim}
    assert claim.claim == a_claim()


def test_an_established_link_is_found_by_its_record_and_by_its_work_item(
    store: LinkStore, integration_id: str
) -> None:
    (stored,) = established(store, integration_id, a_link())

    assert store.load(integration_id, ["6776"]) == {"6776": stored}
    assert store.by_work_item(integration_id, 42) == stored
    assert stored.link == a_link()
    assert stored.etag


def test_a_link_is_one_row_and_its_records_row_a_pointer(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    (stored,) = established(store, integration_id, a_link())

    pointer = stored_row(tables, integration_id, record_key("6776"))
    link = stored_row(tables, integration_id, work_item_key(42))
    assert pointer is not None
    assert link is not None
    assert {name: value for name, value in pointer.properties.items() if name != "write_id"} == {
        "schema": 1,
        "is_claim": False,
        "kind": "requirement",
        "aha_id": "6776",
        "reference": "FEAT-1-6776",
        "work_item_id": 42,
    }
    assert link.etag == stored.etag
    assert link.number("schema") == 1
    assert link.text("aha_id") == "6776"


def test_a_replace_writes_the_link_and_leaves_the_pointer_alone(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    (stored,) = established(store, integration_id, a_link())
    pointer = stored_row(tables, integration_id, record_key("6776"))

    store.replace(integration_id, [(stored, replace(a_link(), agreed_revision=9))])

    unchanged = stored_row(tables, integration_id, record_key("6776"))
    assert pointer is not None
    assert unchanged is not None
    assert unchanged.etag == pointer.etag


def test_links_of_other_integrations_are_not_seen(store: LinkStore, integration_id: str) -> None:
    established(store, integration_id, a_link())

    assert store.load(f"{integration_id}-2", ["6776"]) == {}
    assert store.by_work_item(f"{integration_id}-2", 42) is None


@pytest.mark.parametrize("aha_id", ["a/b\\c#d?e%f", "é😀", "'quoted'", "x" * 3000, " ", "w:42", "\n"])
def test_any_aha_id_can_be_linked(store: LinkStore, integration_id: str, aha_id: str) -> None:
    established(store, integration_id, a_link(aha_id))

    assert_linked(store, integration_id, a_link(aha_id))


def test_a_work_item_of_another_record_is_not_taken_away_from_it(
    store: LinkStore, integration_id: str
) -> None:
    established(store, integration_id, a_link("1", 42))
    copy, other = claimed(store, integration_id, "2", "3")

    with pytest.raises(LinkChanged) as failure:
        store.establish(integration_id, [(copy, a_link("2", 42)), (other, a_link("3", 43))])

    assert failure.value.aha_ids == ("2",)
    assert claims_in(store.load(integration_id, ["2"])) == {"2": copy}
    assert_linked(store, integration_id, a_link("1", 42), a_link("3", 43))


def test_many_links_are_established_and_replaced_in_few_transactions(
    faulty_storage: FaultyStorage, unreliable: LinkStore, store: LinkStore, integration_id: str
) -> None:
    links = [a_link(str(number), number) for number in range(1, 121)]

    stored = established(unreliable, integration_id, *links)
    changed = [replace(link, agreed_revision=9) for link in links]
    unreliable.replace(integration_id, list(zip(stored, changed, strict=True)))

    assert_linked(store, integration_id, *changed)
    # Two for the claims, three for pointers and links, two for the replaced links. No row is read before.
    assert [request["method"] for request in faulty_storage.requests()] == ["POST"] * 7


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
    changed = replace(a_link(), agreed_revision=4, base={}, attachments={}, parent_aha_id="1")

    again = store.replace(integration_id, [(found, changed)])["6776"]

    assert_linked(store, integration_id, changed)
    assert store.by_work_item(integration_id, 42) == again
    store.replace(integration_id, [(again, a_link())])
    assert_linked(store, integration_id, a_link())


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
    assert failure.value.written == {"3": store.by_work_item(integration_id, 3)}
    assert_linked(
        store,
        integration_id,
        replace(one.link, agreed_revision=8),
        replace(two.link, agreed_revision=8),
        replace(three.link, agreed_revision=9),
    )


@pytest.mark.parametrize("read_by", ["record", "work item"])
def test_a_link_that_was_replaced_since_it_was_read_is_not_replaced_again(
    store: LinkStore, integration_id: str, read_by: str
) -> None:
    (stored,) = established(store, integration_id, a_link())
    found: StoredLink | StoredClaim | None = store.by_work_item(integration_id, 42)
    if read_by == "record":
        found = store.load(integration_id, ["6776"])["6776"]
    assert isinstance(found, StoredLink)
    newer = replace(a_link(), agreed_revision=8)
    store.replace(integration_id, [(stored, newer)])

    with pytest.raises(LinkChanged):
        store.replace(integration_id, [(found, replace(a_link(), agreed_revision=9))])

    assert_linked(store, integration_id, newer)


def test_a_link_that_was_purged_is_not_written_back(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    (stored,) = established(store, integration_id, a_link())
    store.purge(integration_id)

    with pytest.raises(LinkChanged):
        store.replace(integration_id, [(stored, replace(stored.link, agreed_revision=9))])

    assert stored_row(tables, integration_id, record_key("6776")) is None
    assert stored_row(tables, integration_id, work_item_key(42)) is None


def test_a_link_is_replaced_in_one_request(
    faulty_storage: FaultyStorage, unreliable: LinkStore, store: LinkStore, integration_id: str
) -> None:
    established(store, integration_id, a_link())
    found = store.by_work_item(integration_id, 42)
    assert found is not None

    unreliable.replace(integration_id, [(found, replace(a_link(), agreed_revision=9))])

    # One row is replaced by PUT, without a transaction.
    assert [request["method"] for request in faulty_storage.requests()] == ["PUT"]


def test_a_claim_gives_way_to_pointer_and_link_in_one_transaction(
    faulty_storage: FaultyStorage, unreliable: LinkStore, store: LinkStore, integration_id: str
) -> None:
    (claim,) = claimed(store, integration_id, "6776")

    unreliable.establish(integration_id, [(claim, a_link())])

    assert [request["method"] for request in faulty_storage.requests()] == ["POST"]
    assert_linked(store, integration_id, a_link())


def test_a_claim_that_changed_leaves_pointer_and_link_unwritten(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    (claim,) = claimed(store, integration_id, "6776")
    heir = taken_over(store, integration_id, claim, a_claim(operation_id="heir"))

    with pytest.raises(LinkChanged) as failure:
        store.establish(integration_id, [(claim, a_link())])

    assert failure.value.aha_ids == ("6776",)
    assert claims_in(store.load(integration_id, ["6776"])) == {"6776": heir}
    assert stored_row(tables, integration_id, work_item_key(42)) is None


def test_a_work_item_that_is_linked_leaves_the_claim_as_it_was(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    (link,) = established(store, integration_id, a_link("1", 42))
    (claim,) = claimed(store, integration_id, "2")

    with pytest.raises(LinkChanged) as failure:
        store.establish(integration_id, [(claim, a_link("2", 42))])

    assert failure.value.aha_ids == ("2",)
    kept = stored_row(tables, integration_id, record_key("2"))
    assert kept is not None
    assert kept.etag == claim.etag
    assert store.by_work_item(integration_id, 42) == link


def reads(faulty_storage: FaultyStorage, integration_id: str) -> list[str]:
    """What was asked of the table Links: the key of each point read, and "query" for a range query."""
    prefix = f"Links(PartitionKey='{integration_id}',RowKey="
    paths = [request["path"].rpartition("/")[2] for request in faulty_storage.requests()]
    return ["query" if path == "Links()" else path.removeprefix(prefix).strip("')") for path in paths]


def test_a_family_of_requirements_is_read_by_one_range_query(
    faulty_storage: FaultyStorage, unreliable: LinkStore, store: LinkStore, integration_id: str
) -> None:
    established(store, integration_id, a_link("F", 100), a_link("near", 102))

    found = unreliable.load_family(integration_id, "F", ["near"])

    assert set(found) == {"F", "near"}
    assert reads(faulty_storage, integration_id) == ["r:F", "query"]


def test_a_feature_without_requirements_is_read_by_its_key(
    faulty_storage: FaultyStorage, unreliable: LinkStore, store: LinkStore, integration_id: str
) -> None:
    established(store, integration_id, a_link("F", 100), a_link("near", 102))

    found = unreliable.load_family(integration_id, "F", [])

    assert set(found) == {"F"}
    assert reads(faulty_storage, integration_id) == ["r:F", "w:0000000100"]


def test_a_link_keeps_its_work_item(store: LinkStore, integration_id: str) -> None:
    (stored,) = established(store, integration_id, a_link())

    with pytest.raises(ValueError, match="work item"):
        store.replace(integration_id, [(stored, a_link(work_item_id=43))])


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

    assert_linked(store, integration_id, *links)


def test_more_attachments_than_a_row_holds_are_refused_with_the_reason(
    store: LinkStore, integration_id: str
) -> None:
    (claim,) = claimed(store, integration_id, "1")
    link = replace(a_link("1", 1), attachments=attachments(2000, 255))

    with pytest.raises(OperationFailed, match="attachments"):
        store.establish(integration_id, [(claim, link)])

    assert claims_in(store.load(integration_id, ["1"])) == {"1": claim}


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
    assert store.by_work_item(f"{integration_id}-2", 42) == other[0]


# Links by reference, the list of features, and links that a person removes.


def test_a_record_is_found_by_its_reference(store: LinkStore, integration_id: str) -> None:
    established(store, integration_id, a_link("F", 100), a_link("near", 102))
    claimed(store, integration_id, "claimed")

    assert store.aha_ids_named(integration_id, "FEAT-1-near") == ["near"]
    assert store.aha_ids_named(integration_id, "FEAT-1-never") == []
    assert store.aha_ids_named(integration_id, "' or PartitionKey ne '") == []


def test_a_record_whose_reference_changed_is_found_by_the_present_one(
    store: LinkStore, integration_id: str
) -> None:
    stored = established(store, integration_id, a_link("F", 100), a_link("moved", 102))
    moved = next(one for one in stored if one.link.aha_id == "moved")
    before = moved.link.reference
    store.replace(integration_id, [(moved, replace(moved.link, reference="FEAT-2-1"))])

    assert store.aha_ids_named(integration_id, "FEAT-2-1") == ["moved"]
    assert store.aha_ids_named(integration_id, before) == []


def test_a_reference_that_another_record_took_over_is_found_for_both_until_they_are_sent(
    store: LinkStore, integration_id: str
) -> None:
    first = a_link("first", 100)
    established(store, integration_id, first, replace(a_link("second", 102), reference=first.reference))

    assert store.aha_ids_named(integration_id, first.reference) == ["first", "second"]


def test_features_are_listed_by_their_work_items(store: LinkStore, integration_id: str) -> None:
    features = [replace(a_link(f"F{number}", number), kind=Kind.FEATURE) for number in (300, 20, 1000)]
    established(store, integration_id, *features, a_link("requirement", 21))

    def listed(after: int, limit: int) -> list[int]:
        return [number for number, _ in store.features(integration_id, after=after, limit=limit)]

    assert listed(0, 10) == [20, 300, 1000]
    assert listed(0, 2) == [20, 300]
    assert listed(300, 2) == [1000]
    assert listed(1000, 2) == []


def test_a_damaged_link_does_not_hide_the_features_after_it(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    features = [replace(a_link(f"F{number}", number), kind=Kind.FEATURE) for number in (20, 300)]
    established(store, integration_id, *features)
    row = stored_row(tables, integration_id, work_item_key(20))
    assert row is not None
    tables.links.transact([Upsert(replace(row, properties={**row.properties, "last_error": "{"}))])

    listed = store.features(integration_id, after=0, limit=10)

    assert [(number, type(one)) for number, one in listed] == [(20, UnreadableLink), (300, StoredLink)]


def test_a_link_that_is_removed_leaves_nothing(store: LinkStore, integration_id: str) -> None:
    established(store, integration_id, a_link("F", 100), a_link("near", 102))
    stored = store.by_work_item(integration_id, 100)
    assert stored is not None

    store.remove(integration_id, [stored])

    assert set(store.load(integration_id, ["F", "near"])) == {"near"}
    assert store.by_work_item(integration_id, 100) is None


def test_a_link_that_changed_is_not_removed(store: LinkStore, integration_id: str) -> None:
    established(store, integration_id, a_link("F", 100))
    stored = store.by_work_item(integration_id, 100)
    assert stored is not None
    changed = replace(stored.link, agreed_revision=9)
    store.replace(integration_id, [(stored, changed)])

    with pytest.raises(LinkChanged):
        store.remove(integration_id, [stored])

    assert_linked(store, integration_id, changed)
