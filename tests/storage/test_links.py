"""Links in the table: found by record, by work item and by family; both rows always agree."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from shared.domain.links import AttachedFile
from shared.errors import LinkChanged, OperationFailed
from shared.storage.link_rows import link_rows
from shared.storage.links import LinkStore, StoredClaim, StoredLink
from shared.storage.rows import Delete
from shared.storage.tables import Tables
from tests.storage.link_examples import (
    a_claim,
    a_link,
    assert_both_rows_agree,
    claimed,
    established,
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
    changed = replace(a_link(), agreed_revision=4, base={}, attachments={}, parent_aha_id="1")

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


@pytest.mark.parametrize("read_by", ["record", "work item"])
def test_whichever_row_was_read_guards_both(store: LinkStore, integration_id: str, read_by: str) -> None:
    (stored,) = established(store, integration_id, a_link())
    found: StoredLink | StoredClaim | None = store.by_work_item(integration_id, 42)
    if read_by == "record":
        found = store.load(integration_id, ["6776"])["6776"]
    assert isinstance(found, StoredLink)
    newer = replace(a_link(), agreed_revision=8)
    store.replace(integration_id, [(stored, newer)])

    with pytest.raises(LinkChanged):
        store.replace(integration_id, [(found, replace(a_link(), agreed_revision=9))])

    assert_both_rows_agree(store, integration_id, newer)


@pytest.mark.parametrize("left", ["record", "work item"])
def test_a_link_of_which_half_is_purged_is_not_written_back(
    store: LinkStore, tables: Tables, integration_id: str, left: str
) -> None:
    (stored,) = established(store, integration_id, a_link())
    rows = dict(zip(("record", "work item"), link_rows(integration_id, a_link()), strict=True))
    found = (
        store.load(integration_id, ["6776"])["6776"]
        if left == "record"
        else store.by_work_item(integration_id, 42)
    )
    assert isinstance(found, StoredLink)
    tables.links.transact([Delete(row) for name, row in rows.items() if name != left])

    with pytest.raises(LinkChanged):
        store.replace(integration_id, [(found, replace(stored.link, agreed_revision=9))])

    standing = {name: tables.links.get(row.partition_key, row.row_key) for name, row in rows.items()}
    assert [name for name, row in standing.items() if row is not None] == [left]


def test_a_link_is_replaced_in_one_request(
    faulty_storage: FaultyStorage, unreliable: LinkStore, store: LinkStore, integration_id: str
) -> None:
    established(store, integration_id, a_link())
    found = store.by_work_item(integration_id, 42)
    assert found is not None

    unreliable.replace(integration_id, [(found, replace(a_link(), agreed_revision=9))])

    assert [request["method"] for request in faulty_storage.requests()] == ["POST"]


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
