"""`check` finds each fault in the tables, and `--repair` repairs only what is safe to repair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from local.system import make_secrets_key
from operate import confirm, table_faults
from operate.exit_codes import ExitCode
from operate.faults import Fault, Finding, Remedy
from shared.domain.integration import AzureDevOpsTarget, StoredIntegration
from shared.domain.kind import Kind
from shared.domain.unfinished_sends import UnfinishedSend
from shared.errors import System, Unavailable
from shared.storage.integration_rows import PARTITION, product_row, tombstone_row
from shared.storage.integrations import IntegrationStore
from shared.storage.rows import Delete, Insert, Replace, Row, Upsert
from shared.storage.tables import Tables
from shared.storage.unfinished_sends import StoredUnfinishedSend, UnfinishedSendStore
from tests.operate.conftest import Installation, Operator
from tests.storage.link_examples import a_claim, a_link, assert_linked, established, stored_row

NOWHERE = AzureDevOpsTarget()
"""No organization: the work items are looked at in the end-to-end tests."""


@pytest.fixture(autouse=True)
def soon_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written before now is old."""
    monkeypatch.setattr(table_faults, "OLD", timedelta())


def two_links(installation: Installation) -> None:
    installation.save("web", azure_devops=NOWHERE)
    established(installation.links, "web", a_link("1", 41), a_link("2", 42))


def change(installation: Installation, key: str, **changes: object) -> None:
    row = stored_row(installation.tables, "web", key)
    assert row is not None
    changed = replace(row, properties={**row.properties, **changes})  # type: ignore[dict-item]
    installation.tables.links.transact([Replace(changed, row.etag)])


def remove(installation: Installation, key: str) -> None:
    installation.tables.links.transact([Delete(Row("web", key))])


def put(installation: Installation, key: str, **properties: object) -> None:
    installation.tables.links.transact([Upsert(Row("web", key, properties))])  # type: ignore[arg-type]


def second_link(installation: Installation) -> None:
    row = stored_row(installation.tables, "web", "w:0000000041")
    assert row is not None
    properties = {**row.properties, "work_item_id": 43}
    installation.tables.links.transact([Insert(Row("web", "w:0000000043", properties))])


def claim(installation: Installation, **changes: object) -> None:
    made = replace(a_claim("9"), reference="PROD-9", kind=Kind.FEATURE, **changes)  # type: ignore[arg-type]
    installation.links.claim("web", [made])


def claim_that_the_timer_knows(installation: Installation) -> None:
    claim(installation)
    UnfinishedSendStore(installation.tables).add("web", [UnfinishedSend("9", "PROD-9", "op")])


def claim_of_a_disabled_integration(installation: Installation) -> None:
    claim(installation)
    stored = installation.integrations.get("web")
    installation.integrations.save(replace(stored.integration, enabled=False), stored)


def in_integrations(operation: Insert | Delete) -> Callable[[Installation], None]:
    return lambda installation: put_in(installation.tables, operation)


def put_in(tables: Tables, operation: Insert | Delete) -> None:
    tables.integrations.transact([operation])


def encrypted_elsewhere(installation: Installation) -> None:
    elsewhere = installation.with_keys(make_secrets_key())
    elsewhere.save("shop", product_id="shop", azure_devops=NOWHERE)


def foreign_rows(installation: Installation) -> None:
    established(installation.links, "vanished", a_link("1", 41))


FAULTS: dict[Fault, Callable[[Installation], None]] = {
    Fault.NEWER_ROW: lambda there: change(there, "w:0000000041", schema=2),
    Fault.DAMAGED_ROW: lambda there: change(there, "w:0000000041", base_0="{"),
    Fault.UNKNOWN_ROW: lambda there: put(there, "z:1", schema=1),
    Fault.FOREIGN_ROWS: foreign_rows,
    Fault.UNFINISHED_DELETION: in_integrations(Insert(tombstone_row("old", "9f", is_purged=False))),
    Fault.PRODUCT_HELD: in_integrations(Insert(product_row("GONE", "gone"))),
    Fault.PRODUCT_FREE: in_integrations(Delete(product_row("PROD", "web"))),
    Fault.TOKEN_LOST: encrypted_elsewhere,
    Fault.POINTER_UNMARKED: lambda there: remove(there, "w:0000000041"),
    Fault.LINK_WITHOUT_POINTER: lambda there: remove(there, "r:1"),
    Fault.SECOND_LINK: second_link,
    Fault.CLAIM_LEFT: claim,
    Fault.CLAIM_WAITING: claim_that_the_timer_knows,
    Fault.CLAIM_TO_SEND: claim_of_a_disabled_integration,
}


def all_rows(installation: Installation) -> dict[tuple[str, str], Row]:
    tables = installation.tables
    rows = [
        *tables.links.query("PartitionKey ge @all", {"all": ""}),
        *tables.integrations.query("PartitionKey eq @all", {"all": PARTITION}),
    ]
    return {(row.partition_key, row.row_key): replace(row, read_at=None) for row in rows}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.lower())
def test_a_fault_is_found_and_repaired_if_that_is_safe(
    installation: Installation, operator: Operator, fault: Fault
) -> None:
    two_links(installation)
    FAULTS[fault](installation)
    before = all_rows(installation)

    found = operator("check")
    unchanged = all_rows(installation)
    repaired = operator("check", "--repair")
    after = operator("check")

    assert f"  {fault.title}: " in found.output
    assert "1 fault found, 0 repaired, 1 left" in found.output or fault is Fault.TOKEN_LOST
    assert unchanged == before
    if fault.remedy is Remedy.REPAIR:
        assert f"  repaired: {fault.title}: " in repaired.output, repaired
        assert fault.title not in after.output or fault is Fault.CLAIM_LEFT
        assert (repaired.code, after.code) == (ExitCode.DONE, ExitCode.DONE), after
    else:
        assert all_rows(installation) == before
        expected = ExitCode.DONE if fault.remedy is Remedy.APP else ExitCode.LEFT
        assert (repaired.code, after.code) == (expected, expected)


def test_nothing_is_wrong_with_a_sound_installation(installation: Installation, operator: Operator) -> None:
    two_links(installation)
    installation.save("shop", product_id="SHOP", azure_devops=NOWHERE)

    answer = operator("check")

    assert answer.code == ExitCode.DONE, answer
    assert answer.output == (
        "Integrations. No faults\nshop: 0 links. No faults\nweb: 2 links. No faults\n\n"
        "0 faults found, 0 repaired, 0 left\n"
    )


def test_without_the_key_the_tables_alone_are_looked_at(
    installation: Installation, operator: Operator
) -> None:
    two_links(installation)
    remove(installation, "r:1")

    answer = operator("check", SECRETS_KEY=None, PUBLIC_URL=None)

    assert answer.code == ExitCode.LEFT
    assert "link without a pointer" in answer.output
    assert "SECRETS_KEY is not set, so tokens and work items were not checked." in answer.output


def test_a_restored_pointer_leads_to_the_link(installation: Installation, operator: Operator) -> None:
    two_links(installation)
    remove(installation, "r:1")

    operator("check", "--repair", "web")

    assert_linked(installation.links, "web", a_link("1", 41), a_link("2", 42))


def test_the_timer_is_told_of_a_claim(installation: Installation, operator: Operator) -> None:
    two_links(installation)
    claim(installation)

    operator("check", "--repair")

    (stored,) = UnfinishedSendStore(installation.tables).each("web")
    assert isinstance(stored, StoredUnfinishedSend)
    assert (stored.note.name, stored.note.reference) == ("9", "PROD-9")


def test_what_a_send_stores_while_the_tables_are_read_is_no_fault(
    installation: Installation, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scan met a pointer whose link it did not meet, since both were written meanwhile."""
    two_links(installation)
    row = stored_row(installation.tables, "web", "w:0000000041")
    assert row is not None
    remove(installation, "w:0000000041")
    read_again = confirm._SecondRead.of

    def meanwhile(second_read: confirm._SecondRead, one: Finding) -> Finding | None:
        installation.tables.links.transact([Upsert(row)])
        return read_again(second_read, one)

    monkeypatch.setattr(confirm._SecondRead, "of", meanwhile)

    assert operator("check").code == ExitCode.DONE


def test_an_outage_while_the_integration_is_read_is_not_taken_for_nothing_to_look_at(
    installation: Installation, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_links(installation)

    def outage(_store: IntegrationStore, _integration_id: str) -> StoredIntegration:
        raise Unavailable(System.STORAGE, "Table Storage is down.")

    monkeypatch.setattr(IntegrationStore, "get", outage)

    answer = operator("check")

    assert answer.code == ExitCode.LEFT
    assert "web: the work items were not checked. Table Storage is down." in answer.output


def test_links_of_a_vanished_integration_are_there_when_it_is_created_again(
    installation: Installation, operator: Operator
) -> None:
    foreign_rows(installation)

    found = operator("check")
    installation.save("vanished", azure_devops=NOWHERE)

    assert "links without an integration: vanished" in found.output
    assert_linked(installation.links, "vanished", a_link("1", 41))
    assert operator("check").code == ExitCode.DONE


def test_many_faults_of_a_kind_are_counted_and_all_are_shown_on_request(
    installation: Installation, operator: Operator
) -> None:
    installation.save("web", azure_devops=NOWHERE)
    for number in range(25):
        put(installation, f"z:{number:02}", schema=1)

    short, long = operator("check"), operator("check", "--all")

    assert "… and 5 more; --all shows them" in short.output
    assert short.output.count("unknown row: row") == 20
    assert long.output.count("unknown row: row") == 25


def test_an_integration_that_is_not_there_is_named(installation: Installation, operator: Operator) -> None:
    answer = operator("check", "nobody")

    assert (answer.code, answer.output) == (ExitCode.WRONG_CALL, "")
    assert "There is no integration nobody." in answer.errors
