"""What is wrong in the rows of one integration, and of all integrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from local.system import make_secrets_key
from operate.faults import Fault, Remedy
from operate.table_faults import LinkTable, integration_faults, token_faults
from shared.domain.integration import StoredIntegration
from shared.secret import Secret
from shared.storage.integration_rows import integration_row, product_row, tombstone_row
from shared.storage.link_rows import claim_row, link_row, pointer_row
from shared.storage.rows import Row, Value
from shared.storage.vault import Vault
from tests.storage.link_examples import a_claim, a_link
from tests.unit.examples import an_integration

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
KEY, OTHER_KEY = (Secret(make_secrets_key()) for _ in range(2))


def written(row: Row, age: timedelta = timedelta(days=1), **properties: Value) -> Row:
    """A row as it is read, some time after it was written."""
    return replace(
        row,
        properties={**row.properties, **properties},
        etag="W/1",
        written_at=NOON - age,
        read_at=NOON,
    )


def faults(*rows: Row) -> list[tuple[Fault, str]]:
    table = LinkTable("web")
    found = [
        one
        for row in sorted(rows, key=lambda row: row.row_key)
        for one in table.faults_of(written_if_new(row))
    ]
    return [(one.fault, one.name) for one in (*found, *table.faults_at_end())]


def written_if_new(row: Row) -> Row:
    return row if row.etag else written(row)


LINK = link_row("web", a_link("1", 41))
POINTER = pointer_row("web", a_link("1", 41))


def test_a_link_and_its_pointer_are_as_they_should_be() -> None:
    assert faults(LINK, POINTER) == []


def test_a_pointer_without_a_link_and_a_link_without_a_pointer() -> None:
    assert faults(POINTER) == [(Fault.POINTER_WITHOUT_LINK, "1")]
    assert faults(LINK) == [(Fault.LINK_WITHOUT_POINTER, "FEAT-1-1")]


def test_a_record_with_two_links() -> None:
    second = link_row("web", a_link("1", 42))

    assert faults(LINK, second, POINTER) == [(Fault.SECOND_LINK, "FEAT-1-1")]
    assert faults(LINK, second) == [(Fault.LINK_WITHOUT_POINTER, "FEAT-1-1"), (Fault.SECOND_LINK, "FEAT-1-1")]


def test_a_link_whose_record_is_claimed() -> None:
    claim = written(claim_row("web", a_claim("1")), timedelta(seconds=5))

    assert faults(LINK, claim) == [(Fault.SECOND_LINK, "FEAT-1-1")]


@pytest.mark.parametrize(("age", "count"), [(timedelta(minutes=59), 0), (timedelta(hours=1), 1)])
def test_a_claim_is_a_fault_once_no_send_can_be_running(age: timedelta, count: int) -> None:
    claim = written(claim_row("web", a_claim("1")), age)

    assert faults(claim) == [(Fault.CLAIM_LEFT, "FEAT-1-1")] * count


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (written(LINK, schema=2), Fault.NEWER_ROW),
        (written(POINTER, schema=2), Fault.NEWER_ROW),
        (written(LINK, base_0="{"), Fault.DAMAGED_ROW),
        (written(LINK, kind="epic"), Fault.DAMAGED_ROW),
        (written(Row("web", "w:1", {})), Fault.DAMAGED_ROW),
        (written(Row("web", "z:1", {"schema": 1})), Fault.UNKNOWN_ROW),
        (written(Row("web", "z:1", {"schema": 2})), Fault.NEWER_ROW),
        (written(Row("web", "u:1", {"schema": 2})), Fault.NEWER_ROW),
        (written(Row("web", "watermark", {"schema": 2})), Fault.NEWER_ROW),
    ],
)
def test_rows_that_cannot_be_read_are_named_by_their_keys(row: Row, fault: Fault) -> None:
    assert faults(row) == [(fault, f"row {row.row_key}")]


def test_other_rows_of_this_version_are_no_faults() -> None:
    rows = [Row("web", key, {"schema": 1}) for key in ("aha-progress", "u:PROD-1", "watermark")]

    assert faults(*rows) == []


def test_what_a_record_is_linked_to() -> None:
    table = LinkTable("web")
    for row in (claim_row("web", a_claim("2")), POINTER, pointer_row("web", a_link("3", 43)), LINK):
        list(table.faults_of(written(row)))

    assert [table.work_item_of(aha_id) for aha_id in "1234"] == [41, None, None, None]
    assert [table.knows(aha_id) for aha_id in "1234"] == [True, True, True, False]
    assert table.links == 1


# The table Integrations.


def a_row(integration_id: str = "web", product_id: str = "PROD", vault: Vault | None = None) -> Row:
    integration = an_integration(integration_id=integration_id, product_id=product_id)
    return written(
        integration_row(StoredIntegration(integration, NOON, NOON, "", "9f"), vault or Vault([KEY]))
    )


def of_integrations(*rows: Row) -> list[tuple[Fault, str]]:
    return [(one.fault, one.name) for one in integration_faults(rows)]


def test_an_integration_and_its_product_are_as_they_should_be() -> None:
    assert of_integrations(a_row(), written(product_row("PROD", "web"))) == []
    assert of_integrations(a_row(product_id="")) == []
    assert of_integrations(a_row(product_id="prod"), written(product_row("PROD", "web"))) == []


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([a_row()], [(Fault.PRODUCT_FREE, "web")]),
        ([product_row("PROD", "gone")], [(Fault.PRODUCT_HELD, "product PROD")]),
        (
            [a_row(), product_row("PROD", "gone")],
            [(Fault.PRODUCT_HELD, "product PROD"), (Fault.PRODUCT_FREE, "web")],
        ),
        (
            [a_row(), a_row("shop"), product_row("PROD", "shop")],
            [(Fault.PRODUCT_TWICE, "web")],
        ),
        (
            [a_row(product_id="1"), product_row("1", "web"), product_row("PROD", "web")],
            [(Fault.PRODUCT_HELD, "product PROD")],
        ),
    ],
)
def test_products_and_integrations_that_do_not_fit_together(
    rows: Sequence[Row], expected: list[tuple[Fault, str]]
) -> None:
    assert of_integrations(*rows) == expected


@pytest.mark.parametrize(("age", "count"), [(timedelta(minutes=59), 0), (timedelta(hours=1), 1)])
def test_a_deletion_that_did_not_finish(age: timedelta, count: int) -> None:
    unfinished = written(tombstone_row("web", "9f", is_purged=False), age)
    finished = written(tombstone_row("web", "9f", is_purged=True), age)

    assert of_integrations(unfinished) == [(Fault.UNFINISHED_DELETION, "web")] * count
    assert of_integrations(finished) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"schema": 2}, Fault.NEWER_ROW),
        ({"authentication": "magic"}, Fault.DAMAGED_ROW),
        ({"feature_status_mapping_0": "{"}, Fault.DAMAGED_ROW),
    ],
)
def test_an_integration_that_cannot_be_read(changes: dict[str, Value], fault: Fault) -> None:
    row = replace(a_row(product_id=""), properties={**a_row(product_id="").properties, **changes})

    assert of_integrations(row) == [(fault, "web")]


def test_tokens_that_no_key_or_an_older_one_decrypts() -> None:
    found = list(token_faults([a_row(vault=Vault([OTHER_KEY]))], Vault([KEY])))
    older = list(token_faults([a_row(vault=Vault([OTHER_KEY]))], Vault([KEY, OTHER_KEY])))

    assert [one.fault for one in found] == [Fault.TOKEN_LOST] * 2
    assert [one.fault for one in older] == [Fault.TOKEN_OF_OLDER_KEY] * 2
    assert list(token_faults([a_row()], Vault([KEY]))) == []


def test_every_fault_has_a_title_of_its_own_and_says_what_to_do() -> None:
    assert len({fault.title for fault in Fault}) == len(Fault)
    assert all(fault.what_to_do.endswith(".") for fault in Fault)
    assert {fault.remedy for fault in Fault} == set(Remedy)
