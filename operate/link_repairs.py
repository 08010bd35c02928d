"""Stores missing links and pointers for the operator's command."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.links import Link
from shared.storage.link_rows import StoredLink, link_row, pointer_row
from shared.storage.record_writes import Conflicting, RecordWrite, write_records
from shared.storage.rows import Insert, Replace
from shared.storage.table import Table


def insert_links(table: Table, integration_id: str, links: Sequence[Link]) -> frozenset[str]:
    """Store links of records that have neither a link nor a claim.

    Returns the Aha! ids of those that were left out: the record has one, or the work item belongs to another record.
    """
    writes = [
        RecordWrite(
            link.aha_id, (Insert(pointer_row(integration_id, link)), Insert(link_row(integration_id, link)))
        )
        for link in links
    ]
    outcomes = write_records(table, writes)
    return frozenset(aha_id for aha_id, outcome in outcomes.items() if isinstance(outcome, Conflicting))


def restore_pointer(table: Table, integration_id: str, stored: StoredLink) -> bool:
    """Store the pointer of a link whose record has none. False: the record has a row, or the link was changed."""
    operations = (
        Insert(pointer_row(integration_id, stored.link)),
        # The link is written unchanged, so that nobody can change it at the same time.
        Replace(link_row(integration_id, stored.link, stored.unknown), stored.etag),
    )
    key = stored.link.aha_id
    outcome = write_records(table, [RecordWrite(key, operations)])[key]
    return not isinstance(outcome, Conflicting)
