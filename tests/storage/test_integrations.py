"""Integrations in the table: save, find, list and delete them, also at the same time and after crashes."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from shared.domain.integration import (
    AhaTarget,
    Authentication,
    AzureDevOpsTarget,
    Integration,
    RecordMapping,
    StoredIntegration,
)
from shared.errors import (
    IntegrationNotFound,
    PreconditionFailed,
    ProductTaken,
    SettingInvalid,
    Unavailable,
)
from shared.secret import Secret
from shared.storage.integrations import DeletedIntegration, IntegrationStore
from shared.storage.rows import Insert, Row, Upsert
from shared.storage.table import Table
from shared.storage.tables import Tables
from shared.storage.vault import Vault
from tests.e2e.system import eventually
from tests.storage.relay import FaultyStorage


def fernet_key(byte: int) -> Secret:
    return Secret(base64.urlsafe_b64encode(bytes([byte]) * 32).decode())


@pytest.fixture
def store(tables: Tables) -> Iterator[IntegrationStore]:
    clear(tables)
    yield IntegrationStore(tables, Vault([fernet_key(1)]))
    clear(tables)


def clear(tables: Tables) -> None:
    tables.integrations.purge("integrations")
    for table in (tables.links, tables.log):
        table.purge("web")


def an_integration(
    integration_id: str = "web", name: str = "Fabrikam web", product_id: str = "PROD"
) -> Integration:
    return Integration(
        integration_id=integration_id,
        name=name,
        product_id=product_id,
        enabled=True,
        azure_devops=AzureDevOpsTarget(
            "fabrikam", Authentication.PAT, Secret("the-ado-token"), "Fabrikam", "Fabrikam\\Wéb"
        ),
        aha=AhaTarget("https://company.aha.io", Secret("the-aha-token")),
        feature=RecordMapping(
            "Feature", {"New": "Under consideration"}, {"Custom.Team": "Web", "Custom.Cost": 1.5}
        ),
        requirement=RecordMapping("User Story", {"Actif/é": "In progress"}, {}),
    )


def test_a_saved_integration_is_found(store: IntegrationStore) -> None:
    saved = store.save(an_integration(), None)

    assert store.get("web") == saved
    assert store.find("web") == saved
    assert saved.integration == an_integration()
    assert saved.created_at == saved.updated_at
    assert saved.created_at.utcoffset() is not None


def test_an_incomplete_integration_can_be_saved(store: IntegrationStore) -> None:
    empty = Integration(
        "draft", "Draft", "", False, AzureDevOpsTarget(), AhaTarget(), RecordMapping(), RecordMapping()
    )

    saved = store.save(empty, None)
    another = store.save(replace(empty, integration_id="draft-2"), None)

    assert store.get("draft") == saved
    assert store.get("draft-2") == another


def test_mappings_and_default_fields_of_any_length_are_kept(store: IntegrationStore) -> None:
    long = RecordMapping(
        "Feature",
        {f"State {n}": f"Status “{n}” 😀" for n in range(2000)},
        {"System.Description": "é😀" * 30_000, "x": "y" * 40_000},
    )

    store.save(replace(an_integration(), feature=long), None)

    assert store.get("web").integration.feature == long


def test_no_token_is_stored_in_clear(store: IntegrationStore, tables: Tables) -> None:
    store.save(an_integration(), None)

    rows = list(tables.integrations.query("PartitionKey eq @p", {"p": "integrations"}))
    stored = json.dumps([dict(row.properties) for row in rows], default=str)
    assert "personal_access_token_0" in stored
    assert "the-ado-token" not in stored
    assert "the-aha-token" not in stored


def ids_of(store: IntegrationStore) -> set[str]:
    return {one.integration.integration_id for one in store.each() if isinstance(one, StoredIntegration)}


def test_integrations_are_listed_but_for_those_that_were_deleted(store: IntegrationStore) -> None:
    for integration_id in ("c", "b", "a", "d"):
        store.save(an_integration(integration_id, product_id=integration_id), None)
    store.delete(store.get("d"))

    assert ids_of(store) == {"a", "b", "c"}


def test_an_unknown_integration_is_not_found(store: IntegrationStore) -> None:
    assert store.find("nobody") is None
    with pytest.raises(IntegrationNotFound):
        store.get("nobody")


def test_a_change_keeps_the_time_of_creation_and_the_webhook_url(store: IntegrationStore) -> None:
    created = store.save(an_integration(), None)

    changed = store.save(an_integration(name="Renamed"), created)

    assert changed.created_at == created.created_at
    assert changed.updated_at > created.updated_at
    assert changed.webhook_generation == created.webhook_generation
    assert changed.version != created.version
    assert store.get("web") == changed


def test_rotating_gives_another_webhook_url(store: IntegrationStore) -> None:
    created = store.save(an_integration(), None)

    rotated = store.save(an_integration(), created, rotate_webhook_url=True)

    assert rotated.webhook_generation != created.webhook_generation
    assert store.get("web").webhook_generation == rotated.webhook_generation


def test_a_change_removes_what_it_leaves_out(store: IntegrationStore) -> None:
    created = store.save(an_integration(), None)

    store.save(replace(an_integration(), aha=AhaTarget(), feature=RecordMapping()), created)

    assert store.get("web").integration.aha == AhaTarget()
    assert store.get("web").integration.feature == RecordMapping()


def test_a_change_of_an_older_version_is_refused(store: IntegrationStore) -> None:
    created = store.save(an_integration(), None)
    store.save(an_integration(name="First"), created)

    with pytest.raises(PreconditionFailed):
        store.save(an_integration(name="Second"), created)
    with pytest.raises(PreconditionFailed):
        store.save(an_integration(name="Third"), None)
    with pytest.raises(PreconditionFailed):
        store.delete(created)

    assert store.get("web").integration.name == "First"


def test_a_product_belongs_to_one_integration(store: IntegrationStore) -> None:
    store.save(an_integration("one", "The first one"), None)

    with pytest.raises(ProductTaken, match="The first one") as failure:
        store.save(an_integration("two"), None)

    assert "(one)" in failure.value.detail
    assert store.find("two") is None


def test_a_reference_prefix_is_the_same_product_in_any_case(store: IntegrationStore) -> None:
    one = store.save(an_integration("one"), None)

    with pytest.raises(ProductTaken):
        store.save(an_integration("two", product_id="prod"), None)
    renamed = store.save(an_integration("one", product_id="prod"), one)
    store.delete(renamed)
    store.save(an_integration("two", product_id="Prod"), None)


def test_a_product_is_free_when_its_integration_moves_to_another(store: IntegrationStore) -> None:
    one = store.save(an_integration("one"), None)
    two = store.save(an_integration("two", product_id="OTHER"), None)
    with pytest.raises(ProductTaken):
        store.save(an_integration("two", product_id="PROD"), two)

    store.save(an_integration("one", product_id="THIRD"), one)
    store.save(an_integration("two", product_id="PROD"), two)

    with pytest.raises(ProductTaken):
        store.save(an_integration("three", product_id="THIRD"), None)
    store.save(an_integration("three", product_id="OTHER"), None)


def test_of_many_creates_with_one_product_one_succeeds(store: IntegrationStore) -> None:
    def attempt(number: int) -> str:
        try:
            return store.save(an_integration(f"web-{number}"), None).integration.integration_id
        except ProductTaken:
            return ""

    with ThreadPoolExecutor(12) as threads:
        winners = [winner for winner in threads.map(attempt, range(12)) if winner]

    assert len(winners) == 1
    assert ids_of(store) == set(winners)


def test_of_many_changes_of_one_version_one_succeeds(store: IntegrationStore) -> None:
    created = store.save(an_integration(), None)
    start = threading.Barrier(10)

    def attempt(number: int) -> bool:
        start.wait()
        try:
            store.save(an_integration(name=f"Name {number}"), created)
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(attempt, range(10))) == 1


def test_deleting_leaves_a_tombstone_and_deletes_links_and_log(
    store: IntegrationStore, tables: Tables
) -> None:
    created = store.save(an_integration(), None)
    other = store.save(an_integration("web-2", product_id="OTHER"), None)
    for table in (tables.links, tables.log):
        table.transact([Insert(Row("web", f"{n}")) for n in range(100)])
        table.transact([Insert(Row("web-2", "stays"))])

    store.delete(created)

    deleted = store.find("web")
    assert isinstance(deleted, DeletedIntegration)
    assert deleted.webhook_generation == created.webhook_generation
    assert deleted.is_purged
    with pytest.raises(IntegrationNotFound):
        store.get("web")
    for table in (tables.links, tables.log):
        assert rows_of(table, "web") == []
        assert rows_of(table, "web-2") == ["stays"]
    assert store.get("web-2") == other
    store.delete(deleted)
    store.save(an_integration("heir", product_id="PROD"), None)


def test_an_integration_that_is_created_again_keeps_its_webhook_url(store: IntegrationStore) -> None:
    first = store.save(an_integration(), None)
    store.delete(first)

    again = store.save(an_integration(), None)

    assert again.webhook_generation == first.webhook_generation
    assert again.created_at > first.created_at
    assert store.get("web") == again


def test_deleting_the_same_version_twice_is_harmless(store: IntegrationStore) -> None:
    created = store.save(an_integration(), None)
    store.delete(created)

    store.delete(created)

    assert isinstance(store.find("web"), DeletedIntegration)


def test_a_slow_deletion_keeps_the_links_of_a_new_integration_with_the_same_id(
    faulty_storage: FaultyStorage, store: IntegrationStore, tables: Tables
) -> None:
    """Given a new integration with the id, and a send, while the old links and log are still being deleted."""
    slow = IntegrationStore(faulty_storage.tables, Vault([fernet_key(1)]))
    created = store.save(an_integration(), None)
    for table in (tables.links, tables.log):
        table.transact([Insert(Row("web", "old"))])
    faulty_storage.fail(method="GET", path=r"/Links\(\)", delay_ms=1500)

    with ThreadPoolExecutor(1) as other:
        deleting = other.submit(slow.delete, created)
        eventually(lambda: isinstance(store.find("web"), DeletedIntegration))
        again = store.save(an_integration(), None)
        for table in (tables.links, tables.log):
            table.transact([Insert(Row("web", "new"))])
        deleting.result()

    assert any(request["fault"] for request in faulty_storage.requests())
    assert store.get("web") == again
    for table in (tables.links, tables.log):
        assert rows_of(table, "web") == ["new"]


def test_a_save_that_loses_keeps_the_links_of_the_integration_that_won(
    faulty_storage: FaultyStorage, store: IntegrationStore, tables: Tables
) -> None:
    """Given a deleted integration, and another save with its id, and a send, before the first save has cleared it."""
    slow = IntegrationStore(faulty_storage.tables, Vault([fernet_key(1)]))
    store.delete(store.save(an_integration(), None))
    for table in (tables.links, tables.log):
        table.transact([Insert(Row("web", "old"))])
    faulty_storage.fail(method="GET", path=r"/Links\(\)", delay_ms=2500)

    with ThreadPoolExecutor(1) as other:
        losing = other.submit(slow.save, an_integration(name="Slower"), None)
        eventually(lambda: any("/Links()" in request["path"] for request in faulty_storage.requests()))
        won = store.save(an_integration(), None)
        for table in (tables.links, tables.log):
            table.transact([Insert(Row("web", "new"))])
        with pytest.raises(PreconditionFailed):
            losing.result()

    assert store.get("web") == won
    for table in (tables.links, tables.log):
        assert "new" in rows_of(table, "web")


def interrupted_deletion(
    faulty_storage: FaultyStorage, store: IntegrationStore, tables: Tables
) -> DeletedIntegration:
    created = store.save(an_integration(), None)
    for table in (tables.links, tables.log):
        table.transact([Insert(Row("web", "a"))])
    broken = IntegrationStore(faulty_storage.tables, Vault([fernet_key(1)]))
    faulty_storage.fail(path="/Log", status=503, times=None)
    with pytest.raises(Unavailable):
        broken.delete(created)

    deleted = store.find("web")
    assert isinstance(deleted, DeletedIntegration)
    assert not deleted.is_purged
    assert rows_of(tables.log, "web") == ["a"]
    return deleted


def by_deleting_again(store: IntegrationStore, deleted: DeletedIntegration) -> None:
    store.delete(deleted)


def by_creating_it_anew(store: IntegrationStore, _: DeletedIntegration) -> None:
    store.save(an_integration(), None)


@pytest.mark.parametrize("finish", [by_deleting_again, by_creating_it_anew])
def test_an_interrupted_deletion_is_finished_later(
    faulty_storage: FaultyStorage,
    store: IntegrationStore,
    tables: Tables,
    finish: Callable[[IntegrationStore, DeletedIntegration], None],
) -> None:
    deleted = interrupted_deletion(faulty_storage, store, tables)
    heir = store.save(an_integration("heir"), None)
    store.delete(heir)

    finish(store, deleted)

    assert rows_of(tables.links, "web") == []
    assert rows_of(tables.log, "web") == []


@pytest.mark.parametrize("fault", [{"cut": "after"}, {"cut_body_after": 10}], ids=str)
def test_a_save_whose_answer_is_lost_has_succeeded(
    faulty_storage: FaultyStorage, store: IntegrationStore, fault: dict[str, object]
) -> None:
    unreliable = IntegrationStore(faulty_storage.tables, Vault([fernet_key(1)]))
    store.save(an_integration("other", product_id="OTHER"), None)

    faulty_storage.fail(method="POST|PUT", **fault)
    created = unreliable.save(an_integration(), None)
    faulty_storage.fail(method="POST|PUT", **fault)
    changed = unreliable.save(an_integration(name="Changed", product_id="NEXT"), created)
    assert store.get("web") == changed
    faulty_storage.fail(method="POST|PUT", **fault)
    unreliable.delete(changed)

    assert isinstance(store.find("web"), DeletedIntegration)


def test_an_integration_whose_key_is_lost_can_be_read_repaired_and_deleted(
    store: IntegrationStore, tables: Tables
) -> None:
    store.save(an_integration(), None)
    store.save(an_integration("other", product_id="OTHER"), None)
    with_new_key = IntegrationStore(tables, Vault([fernet_key(2)]))

    assert len(ids_of(with_new_key)) == 2
    found = with_new_key.get("web")
    token = found.integration.azure_devops.personal_access_token
    assert token is not None
    with pytest.raises(SettingInvalid, match="SECRETS_KEY"):
        token.reveal()
    repaired = with_new_key.save(an_integration(), found)
    with_new_key.delete(with_new_key.get("other"))

    assert isinstance(repaired, StoredIntegration)
    assert with_new_key.get("web").integration == an_integration()


def put_newer_row(tables: Tables, row_key: str) -> Row:
    """A row whose shape this version knows nothing of."""
    tables.integrations.transact([Upsert(Row("integrations", row_key, {"schema": 2, "shape": "newer"}))])
    row = tables.integrations.get("integrations", row_key)
    assert row is not None
    return row


@pytest.mark.parametrize(
    "act",
    [
        lambda store: store.get("web"),
        lambda store: store.find("web"),
        lambda store: store.save(an_integration(), None),
    ],
    ids=["get", "find", "save"],
)
def test_an_integration_of_a_newer_schema_is_left_alone(
    store: IntegrationStore, tables: Tables, act: Callable[[IntegrationStore], object]
) -> None:
    """Given a newer version of the app on another instance, also if it changed how a deleted one is marked."""
    store.save(an_integration("other", product_id="OTHER"), None)
    newer = put_newer_row(tables, "i:web")
    tables.links.transact([Insert(Row("web", "stays"))])

    with pytest.raises(Unavailable, match="newer version of this app wrote row i:web"):
        act(store)

    left = tables.integrations.get("integrations", "i:web")
    assert left is not None
    assert (left.etag, left.properties) == (newer.etag, newer.properties)
    assert rows_of(tables.links, "web") == ["stays"]


@pytest.mark.parametrize(
    "change",
    [
        lambda store, stored: store.save(an_integration(name="Changed"), stored),
        lambda store, stored: store.delete(stored),
    ],
    ids=["save", "delete"],
)
def test_an_integration_that_a_newer_version_changed_since_it_was_read_is_left_alone(
    store: IntegrationStore,
    tables: Tables,
    change: Callable[[IntegrationStore, StoredIntegration], object],
) -> None:
    stored = store.save(an_integration(), None)
    newer = put_newer_row(tables, "i:web")

    with pytest.raises(Unavailable, match="newer version"):
        change(store, stored)

    left = tables.integrations.get("integrations", "i:web")
    assert left is not None
    assert left.etag == newer.etag


def test_a_product_of_a_newer_schema_is_left_alone(store: IntegrationStore, tables: Tables) -> None:
    newer = put_newer_row(tables, "p:PROD")

    with pytest.raises(Unavailable, match="newer version of this app wrote row p:PROD"):
        store.save(an_integration(), None)

    left = tables.integrations.get("integrations", "p:PROD")
    assert left is not None
    assert left.etag == newer.etag
    assert store.find("web") is None


def test_every_row_of_an_integration_has_its_schema(store: IntegrationStore, tables: Tables) -> None:
    store.save(an_integration(), None)
    store.delete(store.save(an_integration("gone", product_id="OTHER"), None))

    rows = tables.integrations.query("PartitionKey eq @p", {"p": "integrations"})

    assert {row.row_key: row.properties["schema"] for row in rows} == {"i:gone": 1, "i:web": 1, "p:PROD": 1}


def rows_of(table: Table, partition: str) -> list[str]:
    return [row.row_key for row in table.query("PartitionKey eq @p", {"p": partition})]
