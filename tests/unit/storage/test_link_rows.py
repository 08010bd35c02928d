"""Links, pointers and claims as rows, written out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from shared.domain.kind import Kind
from shared.domain.links import AttachedFile, Base, Claim, Field, Intention, Link, Side, WrittenBack
from shared.errors import System, Unavailable
from shared.storage.link_rows import (
    Pointer,
    StoredClaim,
    claim_row,
    link_row,
    pointer_row,
    pointer_without_link,
    stored_link,
    stored_record,
)
from shared.storage.rows import Row, Value

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
ETAG = "W/\"datetime'2026-03-04T12:00:10.0000000Z'\""

LINK = Link(
    kind=Kind.REQUIREMENT,
    aha_id="6776487452",
    reference="PROD-2-1",
    name="Filtre par couleur é",
    parent_aha_id="6776487451",
    work_item_id=42,
    work_item_url="https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/42",
    work_item_type="User Story",
    agreed_revision=3,
    base={Field.NAME: Base("a1", "b1"), Field.DESCRIPTION: Base("a2", "b2", NOON + timedelta(minutes=1))},
    intentions=(
        Intention(Field.NAME, Side.AZURE_DEVOPS, "a3", "w3", "b1", 4, "operation-1", NOON),
        Intention(
            Field.DESCRIPTION, Side.AHA, "b4", "w4", "a2", 3, "operation-2", NOON, NOON - timedelta(minutes=1)
        ),
    ),
    attachments={
        "98": AttachedFile("https://dev.azure.com/fabrikam/_apis/wit/attachments/1", "Bîld.jpg", 17),
        "99": AttachedFile("https://dev.azure.com/fabrikam/_apis/wit/attachments/2", "b.txt", None),
    },
    parent_work_item_id=41,
    requirement_ids=("7", "8"),
    unlinked_ids=("8",),
    sent_as_of=NOON,
    sent_at=NOON + timedelta(minutes=2),
    received_at=NOON + timedelta(minutes=3),
    description_field="Microsoft.VSTS.TCM.ReproSteps",
    other_text="d1",
    written_back=WrittenBack("71", "https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/42"),
)

LINK_PROPERTIES: dict[str, Value] = {
    "schema": 1,
    "kind": "requirement",
    "aha_id": "6776487452",
    "reference": "PROD-2-1",
    "name_0": "Filtre par couleur é",
    "parent_aha_id": "6776487451",
    "work_item_id": 42,
    "work_item_url": "https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/42",
    "work_item_type": "User Story",
    "agreed_revision": 3,
    "base_0": (
        '{"name": {"aha": "a1", "azure_devops": "b1", "received_as_of": null}, '
        '"description": {"aha": "a2", "azure_devops": "b2", "received_as_of": "2026-03-04T12:01:00+00:00"}}'
    ),
    "intentions_0": (
        '[{"field": "name", "side": "azure_devops", "source": "a3", "written": "w3", "replaced": "b1", '
        '"revision": 4, "operation_id": "operation-1", "noted_at": "2026-03-04T12:00:00+00:00", '
        '"replaced_as_of": null}, '
        '{"field": "description", "side": "aha", "source": "b4", "written": "w4", "replaced": "a2", '
        '"revision": 3, "operation_id": "operation-2", "noted_at": "2026-03-04T12:00:00+00:00", '
        '"replaced_as_of": "2026-03-04T11:59:00+00:00"}]'
    ),
    "attachments_0": (
        '{"98": {"url": "https://dev.azure.com/fabrikam/_apis/wit/attachments/1", "file_name": "Bîld.jpg", "size": 17},'
        ' "99": {"url": "https://dev.azure.com/fabrikam/_apis/wit/attachments/2", "file_name": "b.txt", "size": null}}'
    ),
    "parent_work_item_id": 41,
    "requirement_ids_0": '["7", "8"]',
    "unlinked_ids_0": '["8"]',
    "sent_as_of": "2026-03-04T12:00:00+00:00",
    "sent_at": "2026-03-04T12:02:00+00:00",
    "received_at": "2026-03-04T12:03:00+00:00",
    "description_field": "Microsoft.VSTS.TCM.ReproSteps",
    "other_text": "d1",
    "written_back": (
        '{"integration_id": "71", "url": "https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/42"}'
    ),
}

NEW_LINK = Link(
    kind=Kind.FEATURE,
    aha_id="6776487451",
    reference="PROD-2",
    parent_aha_id="",
    work_item_id=41,
    work_item_url="https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/41",
    work_item_type="Feature",
    agreed_revision=1,
)

NEW_LINK_PROPERTIES: dict[str, Value] = {
    "schema": 1,
    "kind": "feature",
    "aha_id": "6776487451",
    "reference": "PROD-2",
    "parent_aha_id": "",
    "work_item_id": 41,
    "work_item_url": "https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/41",
    "work_item_type": "Feature",
    "agreed_revision": 1,
    "description_field": "System.Description",
    "other_text": "",
    "base_0": "{}",
    "attachments_0": "{}",
    "requirement_ids_0": "[]",
}

POINTER_PROPERTIES: dict[str, Value] = {
    "schema": 1,
    "is_claim": False,
    "kind": "requirement",
    "aha_id": "6776487452",
    "reference": "PROD-2-1",
    "work_item_id": 42,
}

CLAIM = Claim(
    kind=Kind.REQUIREMENT,
    aha_id="6776487452",
    reference="PROD-2-1",
    operation_id="operation-1",
    began_at=NOON,
    intended={Field.NAME: "a1", Field.DESCRIPTION: "a2"},
    work_item_id=40,
    is_inherited=True,
)

CLAIM_PROPERTIES: dict[str, Value] = {
    "schema": 1,
    "is_claim": True,
    "kind": "requirement",
    "aha_id": "6776487452",
    "reference": "PROD-2-1",
    "operation_id": "operation-1",
    "began_at": "2026-03-04T12:00:00+00:00",
    "intended": '{"name": "a1", "description": "a2"}',
    "is_inherited": True,
    "work_item_id": 40,
}


def without_write_id(row: Row) -> dict[str, Value]:
    assert len(row.text("write_id")) == 32
    return {name: value for name, value in row.properties.items() if name != "write_id"}


def as_read(row_key: str, properties: dict[str, Value], seconds_after_write: int = 0) -> Row:
    """A row as Table Storage answers with it."""
    read_at = NOON + timedelta(seconds=seconds_after_write)
    return Row("fabrikam-web", row_key, {"write_id": "0" * 32, **properties}, ETAG, NOON, read_at)


@pytest.mark.parametrize(
    ("link", "row_key", "properties"),
    [
        (LINK, "w:0000000042", LINK_PROPERTIES),
        (NEW_LINK, "w:0000000041", NEW_LINK_PROPERTIES),
    ],
    ids=["with everything", "new"],
)
def test_a_link_is_the_row_of_its_work_item(link: Link, row_key: str, properties: dict[str, Value]) -> None:
    row = link_row("fabrikam-web", link)

    assert (row.partition_key, row.row_key) == ("fabrikam-web", row_key)
    assert without_write_id(row) == properties
    stored = stored_link(as_read(row_key, properties))
    assert (stored.link, stored.etag, stored.unknown) == (link, ETAG, {})


def test_a_pointer_is_the_row_of_its_record() -> None:
    row = pointer_row("fabrikam-web", LINK)

    assert (row.partition_key, row.row_key) == ("fabrikam-web", "r:6776487452")
    assert without_write_id(row) == POINTER_PROPERTIES
    assert stored_record(as_read("r:6776487452", POINTER_PROPERTIES)) == Pointer("6776487452", 42, ETAG)


def test_a_claim_is_the_row_of_its_record() -> None:
    row = claim_row("fabrikam-web", CLAIM)

    assert (row.partition_key, row.row_key) == ("fabrikam-web", "r:6776487452")
    assert without_write_id(row) == CLAIM_PROPERTIES
    stored = stored_record(as_read("r:6776487452", CLAIM_PROPERTIES, seconds_after_write=9))
    assert stored == StoredClaim(CLAIM, ETAG, timedelta(seconds=9))


def test_a_first_claim_names_no_work_item() -> None:
    first = replace(CLAIM, work_item_id=None, is_inherited=False, intended={})

    row = claim_row("fabrikam-web", first)

    assert "work_item_id" not in row.properties
    assert stored_record(row) == StoredClaim(first, "")


@pytest.mark.parametrize(
    "write",
    [
        lambda: link_row("fabrikam-web", LINK),
        lambda: pointer_row("fabrikam-web", LINK),
        lambda: claim_row("fabrikam-web", CLAIM),
    ],
    ids=["link", "pointer", "claim"],
)
def test_every_write_has_an_id_of_its_own(write: Callable[[], Row]) -> None:
    assert len({write().text("write_id") for _ in range(100)}) == 100


def test_ids_of_integrations_and_records_become_legal_keys() -> None:
    row = claim_row("fabrikam/web", replace(CLAIM, aha_id="PROD#1"))

    assert (row.partition_key, row.row_key) == ("fabrikam=2Fweb", "r:PROD=231")
    stored = stored_record(row)
    assert isinstance(stored, StoredClaim)
    assert stored.claim.aha_id == "PROD#1"


def test_a_pointer_without_its_link_is_an_abandoned_claim_that_names_the_work_item() -> None:
    stored = pointer_without_link(as_read("r:6776487452", POINTER_PROPERTIES, seconds_after_write=9))

    assert (stored.etag, stored.age) == (ETAG, timedelta(seconds=9))
    claim = stored.claim
    assert (claim.kind, claim.aha_id, claim.reference) == (Kind.REQUIREMENT, "6776487452", "PROD-2-1")
    assert (claim.operation_id, claim.work_item_id, claim.is_inherited) == ("", 42, True)
    assert claim.intended == {}
    assert claim.began_at == NOON


def test_unknown_properties_are_read_and_written_beside_the_known_ones() -> None:
    unknown: dict[str, Value] = {
        "iteration_path": "Fabrikam\\Sprint 7",
        "name_of_release": "1.0",
        "schema_note": 3,
    }
    row = as_read("w:0000000042", {**LINK_PROPERTIES, **unknown})

    stored = stored_link(row)

    assert stored.link == LINK
    assert stored.unknown == unknown
    assert without_write_id(link_row("fabrikam-web", stored.link, stored.unknown)) == {
        **LINK_PROPERTIES,
        **unknown,
    }


def test_an_unknown_property_does_not_replace_a_known_one() -> None:
    row = link_row("fabrikam-web", LINK, {"schema": 0, "reference": "OLD-1", "base_0": "{}"})

    assert without_write_id(row) == LINK_PROPERTIES


def test_a_long_text_is_split_into_properties_that_are_all_known() -> None:
    link = replace(LINK, name="n" * 40_000)

    row = link_row("fabrikam-web", link)

    assert [len(row.text(name)) for name in ("name_0", "name_1", "name_2")] == [16_000, 16_000, 8_000]
    stored = stored_link(row)
    assert (stored.link, stored.unknown) == (link, {})


def test_fields_that_this_version_does_not_know_are_passed_over() -> None:
    base = {"name": {"aha": "a1", "azure_devops": "b1"}, "priority": {"aha": "1", "azure_devops": "2"}}
    intentions = json.loads(str(LINK_PROPERTIES["intentions_0"]))
    intentions[1]["field"] = "priority"
    properties: dict[str, Value] = {
        **LINK_PROPERTIES,
        "base_0": json.dumps(base),
        "intentions_0": json.dumps(intentions),
    }

    link = stored_link(as_read("w:0000000042", properties)).link

    assert link.base == {Field.NAME: Base("a1", "b1")}
    assert link.intentions == LINK.intentions[:1]


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2000, 1, 1, tzinfo=timezone.utc), "2000-01-01T00:00:00+00:00"),
        (datetime(2025, 12, 31, 23, 59, 59, 5, tzinfo=timezone.utc), "2025-12-31T23:59:59.000005+00:00"),
        (datetime(2026, 3, 4, 13, tzinfo=timezone(timedelta(hours=1))), "2026-03-04T12:00:00+00:00"),
    ],
)
def test_times_are_stored_as_text_in_utc(moment: datetime, text: str) -> None:
    link = replace(LINK, sent_as_of=moment)

    row = link_row("fabrikam-web", link)

    assert row.properties["sent_as_of"] == text
    assert stored_link(row).link.sent_as_of == moment


@pytest.mark.parametrize("year", [1, 1600, 1999, 9999])
def test_an_impossible_time_of_a_row_is_no_time(year: int) -> None:
    row = link_row("fabrikam-web", replace(LINK, sent_as_of=datetime(year, 1, 1, tzinfo=timezone.utc)))

    assert stored_link(row).link.sent_as_of is None


@pytest.mark.parametrize(
    ("read", "properties"),
    [(stored_link, LINK_PROPERTIES), (stored_record, POINTER_PROPERTIES), (stored_record, CLAIM_PROPERTIES)],
    ids=["link", "pointer", "claim"],
)
def test_a_row_of_a_newer_schema_is_refused(
    read: Callable[[Row], object], properties: dict[str, Value]
) -> None:
    with pytest.raises(Unavailable, match="newer version of this app wrote row w:0000000042") as failure:
        read(as_read("w:0000000042", {**properties, "schema": 2}))

    assert failure.value.system is System.STORAGE


@pytest.mark.parametrize("schema", [{}, {"schema": 0}], ids=["none", "0"])
def test_a_row_of_an_older_schema_is_read(schema: dict[str, Value]) -> None:
    older = {name: value for name, value in LINK_PROPERTIES.items() if name != "schema"} | schema

    stored = stored_link(as_read("w:0000000042", older))

    assert (stored.link, stored.unknown) == (LINK, {})
