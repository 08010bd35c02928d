"""Rows of other versions of the app: older ones are read, what is unknown is kept, newer ones are left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from azure.data.tables import EdmType, EntityProperty

from shared.concurrency import in_parallel
from shared.domain.kind import Kind
from shared.domain.links import Base, Field, Link
from shared.errors import System, Unavailable
from shared.storage.keys import WATERMARK_KEY, record_key, work_item_key
from shared.storage.link_rows import partition_of
from shared.storage.links import LinkStore, StoredClaim, StoredLink
from shared.storage.rows import ANY_VERSION, Insert, Replace, Row, Upsert, Value
from shared.storage.tables import Tables
from shared.storage.watermarks import WatermarkStore
from tests.storage.link_examples import (
    NOON,
    a_claim,
    a_link,
    an_intention,
    assert_linked,
    claimed,
    claims_in,
    established,
    stored_row,
    taken_over,
)

HOUR = timedelta(hours=1)


def add_properties(tables: Tables, integration_id: str, row_key: str, **properties: Value) -> None:
    """Change a row as another version of the app might."""
    row = stored_row(tables, integration_id, row_key)
    assert row is not None
    changed = Row(row.partition_key, row.row_key, {**row.properties, **properties})
    tables.links.transact([Replace(changed, ANY_VERSION)])


def test_properties_that_this_version_does_not_know_survive_replaces(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    established(store, integration_id, a_link())
    unknown: dict[str, Value] = {
        "iteration_path": "Fabrikam\\Sprint 7",
        "base_version": "7",
        "is_pinned": True,
        "priority": 2,
        "due_on": NOON,
        "board_position": EntityProperty(2**40, EdmType.INT64),  # type: ignore[dict-item]
    }
    add_properties(tables, integration_id, work_item_key(42), **unknown)
    found = store.by_work_item(integration_id, 42)
    assert found is not None
    assert found.unknown == unknown

    first = store.replace(integration_id, [(found, replace(a_link(), agreed_revision=8))])["6776"]
    store.replace(integration_id, [(first, replace(a_link(), agreed_revision=9))])

    changed = store.load(integration_id, ["6776"])["6776"]
    assert isinstance(changed, StoredLink)
    assert changed.link.agreed_revision == 9
    assert changed.unknown == unknown


def test_what_this_version_knows_is_not_kept_as_unknown(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    """Given a link whose texts, times and parent are removed by a replace."""
    long = replace(a_link(), name="n" * 70_000)
    (stored,) = established(store, integration_id, long)
    bare = Link(Kind.REQUIREMENT, "6776", "FEAT-1-6776", "", 42, "", "User Story", 9)

    assert stored.unknown == {}
    found = store.by_work_item(integration_id, 42)
    assert found is not None
    assert found.unknown == {}
    store.replace(integration_id, [(found, bare)])

    row = stored_row(tables, integration_id, work_item_key(42))
    assert row is not None
    assert not any(name.startswith(("name_", "sent_", "received_", "parent_work")) for name in row.properties)
    assert_linked(store, integration_id, bare)


def test_a_link_with_fewer_properties_than_todays_is_read_with_defaults(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    partition = partition_of(integration_id)
    link = Row(
        partition,
        work_item_key(42),
        {
            "kind": "feature",
            "aha_id": "6775",
            "work_item_id": 42,
            "base_0": '{"name": {"aha": "a1", "azure_devops": "b1"}}',
            "attachments_0": '{"99": {"url": "https://dev.azure.com/fabrikam/_apis/wit/attachments/2"}}',
        },
    )
    pointer = Row(partition, record_key("6775"), {"work_item_id": 42})
    tables.links.transact([Insert(link), Insert(pointer)])

    found = store.load(integration_id, ["6775"])["6775"]

    assert isinstance(found, StoredLink)
    assert (found.link.kind, found.link.aha_id, found.link.work_item_id) == (Kind.FEATURE, "6775", 42)
    assert (found.link.reference, found.link.name, found.link.parent_aha_id) == ("", "", "")
    assert (found.link.agreed_revision, found.link.parent_work_item_id) == (0, None)
    assert (found.link.intentions, found.link.requirement_ids) == ((), ())
    assert (found.link.description_field, found.link.other_text) == ("System.Description", "")
    assert (found.link.sent_as_of, found.link.received_at) == (None, None)
    assert [base.received_as_of for base in found.link.base.values()] == [None]
    assert [file.size for file in found.link.attachments.values()] == [None]
    changed = replace(found.link, reference="FEAT-1")
    store.replace(integration_id, [(found, changed)])
    assert_linked(store, integration_id, changed)


def test_a_claim_with_fewer_properties_than_todays_is_read_with_defaults(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    row = Row(
        partition_of(integration_id),
        record_key("6775"),
        {"is_claim": True, "kind": "feature", "aha_id": "6775", "operation_id": "operation-1"},
    )
    tables.links.transact([Insert(row)])

    found = store.load(integration_id, ["6775"])["6775"]

    assert isinstance(found, StoredClaim)
    assert (found.claim.operation_id, found.claim.reference) == ("operation-1", "")
    assert (found.claim.intended, found.claim.work_item_id, found.claim.is_inherited) == ({}, None, False)
    taken = taken_over(store, integration_id, found, a_claim("6775", "operation-2"))
    assert claims_in(store.load(integration_id, ["6775"])) == {"6775": taken}


NEWER: dict[str, Value] = {"schema": 2, "shape": "of a later version"}
"""The properties of a row whose shape this version knows nothing of."""


def put_newer_row(tables: Tables, integration_id: str, row_key: str) -> None:
    tables.links.transact([Upsert(Row(partition_of(integration_id), row_key, NEWER))])


def load(store: LinkStore, integration_id: str) -> object:
    return store.load(integration_id, ["6776"])


def load_with_others(store: LinkStore, integration_id: str) -> object:
    return store.load(integration_id, ["1", "6776", "2"])


def load_as_feature(store: LinkStore, integration_id: str) -> object:
    return store.load_family(integration_id, "6776", [])


def load_as_feature_with_requirements(store: LinkStore, integration_id: str) -> object:
    return store.load_family(integration_id, "6776", ["6777", "6778"])


def load_as_requirement(store: LinkStore, integration_id: str) -> object:
    return store.load_family(integration_id, "6775", ["6776"])


def by_work_item(store: LinkStore, integration_id: str) -> object:
    return store.by_work_item(integration_id, 42)


def claim(store: LinkStore, integration_id: str) -> object:
    return store.claim(integration_id, [a_claim("6776")])


READS_OF_THE_RECORD = [
    load,
    load_with_others,
    load_as_feature,
    load_as_feature_with_requirements,
    load_as_requirement,
]


def assert_left_alone(tables: Tables, integration_id: str, row_key: str, act: Callable[[], object]) -> None:
    before = stored_row(tables, integration_id, row_key)
    with pytest.raises(Unavailable) as failure:
        act()

    assert failure.value.system is System.STORAGE
    assert failure.value.detail == (
        f"A newer version of this app wrote row {row_key} (schema 2; this version knows 1). The row was left alone. "
        "Finish the deployment of the newer version on every instance, then try again."
    )
    assert failure.value.retry_after
    after = stored_row(tables, integration_id, row_key)
    assert before is not None
    assert after is not None
    assert (after.etag, after.properties) == (before.etag, NEWER)


@pytest.mark.parametrize("act", [*READS_OF_THE_RECORD, claim], ids=lambda act: act.__name__)
def test_a_claim_or_pointer_of_a_newer_schema_is_left_alone(
    store: LinkStore, tables: Tables, integration_id: str, act: Callable[[LinkStore, str], object]
) -> None:
    established(store, integration_id, a_link("6775", 41))
    put_newer_row(tables, integration_id, record_key("6776"))

    assert_left_alone(tables, integration_id, record_key("6776"), lambda: act(store, integration_id))


@pytest.mark.parametrize("act", [*READS_OF_THE_RECORD, by_work_item], ids=lambda act: act.__name__)
def test_a_link_of_a_newer_schema_is_left_alone(
    store: LinkStore, tables: Tables, integration_id: str, act: Callable[[LinkStore, str], object]
) -> None:
    established(store, integration_id, a_link("6775", 41), a_link("6776", 42))
    put_newer_row(tables, integration_id, work_item_key(42))

    assert_left_alone(tables, integration_id, work_item_key(42), lambda: act(store, integration_id))


def test_a_link_of_a_newer_schema_does_not_hide_the_links_of_other_records(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    feature, near = a_link("6775", 41), a_link("6777", 43)
    established(store, integration_id, feature, a_link("6776", 42), near)
    put_newer_row(tables, integration_id, work_item_key(42))

    found = store.load_family(integration_id, "6775", ["6777"])

    assert {key: stored.link for key, stored in found.items() if isinstance(stored, StoredLink)} == {
        "6775": feature,
        "6777": near,
    }


def test_claims_of_other_records_are_made_beside_a_row_of_a_newer_schema(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    put_newer_row(tables, integration_id, record_key("6776"))

    with pytest.raises(Unavailable):
        store.claim(integration_id, [a_claim("1"), a_claim("6776"), a_claim("2")])

    assert set(store.load(integration_id, ["1", "2"])) == {"1", "2"}


def test_a_watermark_of_a_newer_schema_is_left_alone(tables: Tables, integration_id: str) -> None:
    put_newer_row(tables, integration_id, WATERMARK_KEY)

    assert_left_alone(
        tables, integration_id, WATERMARK_KEY, lambda: WatermarkStore(tables).get(integration_id)
    )


def seen_until(watermarks: WatermarkStore, integration_id: str) -> datetime | None:
    found = watermarks.get(integration_id)
    return found.seen_until if found else None


def test_a_watermark_is_read_as_it_was_set(tables: Tables, integration_id: str) -> None:
    watermarks = WatermarkStore(tables)
    assert watermarks.get(integration_id) is None

    in_another_zone = NOON.astimezone(timezone(timedelta(hours=5)))
    watermarks.advance(integration_id, NOON - HOUR, in_another_zone)

    assert seen_until(watermarks, integration_id) == NOON
    row = stored_row(tables, integration_id, WATERMARK_KEY)
    assert row is not None
    assert row.properties == {"schema": 1, "seen_until": "2026-03-04T12:00:00.123456+00:00"}


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (NOON, NOON + HOUR, NOON + HOUR),
        (NOON - HOUR, NOON + HOUR, NOON + HOUR),
        (NOON - 2 * HOUR, NOON - HOUR, NOON),
        (NOON + HOUR, NOON + 2 * HOUR, NOON),
    ],
    ids=["it goes on", "another instance was slower", "another instance came further", "it was set back"],
)
def test_a_watermark_never_moves_back_nor_past_what_was_not_looked_at(
    tables: Tables, integration_id: str, since: datetime, until: datetime, expected: datetime
) -> None:
    watermarks = WatermarkStore(tables)
    watermarks.advance(integration_id, NOON - HOUR, NOON)

    watermarks.advance(integration_id, since, until)

    assert seen_until(watermarks, integration_id) == expected


def test_of_many_instances_at_once_the_one_that_came_furthest_sets_the_watermark(
    tables: Tables, integration_id: str
) -> None:
    untils = [NOON + timedelta(minutes=number) for number in (3, 1, 4, 0, 2)]

    in_parallel(lambda until: WatermarkStore(tables).advance(integration_id, NOON - HOUR, until), untils)

    assert seen_until(WatermarkStore(tables), integration_id) == max(untils)


@pytest.mark.parametrize("year", [1, 1600, 9999])
def test_an_impossible_time_that_an_older_version_stored_is_no_time(
    store: LinkStore, integration_id: str, year: int
) -> None:
    moment = datetime(year, 1, 1, 12, 0, 0, 1, tzinfo=timezone.utc)
    link = replace(a_link(), sent_as_of=moment, base={Field.NAME: Base("a1", "b1", moment)})

    established(store, integration_id, link)

    no_time = replace(link, sent_as_of=None, base={Field.NAME: Base("a1", "b1")})
    assert_linked(store, integration_id, no_time)


def test_intentions_are_stored_before_the_write_and_removed_after_it(
    store: LinkStore, integration_id: str
) -> None:
    (stored,) = established(store, integration_id, replace(a_link(), intentions=()))
    intentions = (an_intention(), replace(an_intention(), revision=5, noted_at=NOON + timedelta(hours=1)))

    noted = store.replace(integration_id, [(stored, replace(stored.link, intentions=intentions))])["6776"]
    found = store.by_work_item(integration_id, 42)
    store.replace(integration_id, [(noted, replace(noted.link, intentions=()))])

    assert found is not None
    assert found.link.intentions == intentions
    assert_linked(store, integration_id, replace(a_link(), intentions=()))


def test_a_claim_keeps_what_its_sender_intended(store: LinkStore, integration_id: str) -> None:
    claimed(store, integration_id, "6776")

    found = store.load(integration_id, ["6776"])["6776"]

    assert isinstance(found, StoredClaim)
    assert found.claim == a_claim()
