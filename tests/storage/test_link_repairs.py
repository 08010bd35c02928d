"""Links and pointers that the operator's command stores where there are none."""

from __future__ import annotations

from operate.link_repairs import insert_links, restore_pointer
from shared.storage.keys import record_key
from shared.storage.links import LinkStore
from shared.storage.rows import Delete
from shared.storage.tables import Tables
from tests.storage.link_examples import a_link, assert_linked, claimed, established, stored_row


def test_links_are_inserted_where_a_record_has_nothing_yet(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    (known,) = established(store, integration_id, a_link("1", 41))
    claimed(store, integration_id, "2")
    links = [a_link("1", 51), a_link("2", 52), a_link("3", 53), a_link("4", 41)]

    left_out = insert_links(tables.links, integration_id, links)

    assert left_out == {"1", "2", "4"}
    assert_linked(store, integration_id, known.link, a_link("3", 53))


def test_a_pointer_is_restored_where_the_record_leads_nowhere(
    store: LinkStore, tables: Tables, integration_id: str
) -> None:
    lost, kept = established(store, integration_id, a_link("1", 41), a_link("2", 42))
    row = stored_row(tables, integration_id, record_key("1"))
    assert row is not None
    tables.links.transact([Delete(row)])

    assert restore_pointer(tables.links, integration_id, lost)
    assert not restore_pointer(tables.links, integration_id, kept)

    assert_linked(store, integration_id, lost.link, kept.link)
