"""The integrations: one row each, another for the product that it holds, and tombstones of deleted ones."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from shared.domain.integration import Integration, StoredIntegration
from shared.errors import IntegrationNotFound, PreconditionFailed, ProductTaken
from shared.storage.integration_rows import (
    PARTITION,
    SCHEMA,
    integration_row,
    product_row,
    stored_integration,
    tombstone_row,
)
from shared.storage.keys import escape_key, integration_key, product_key
from shared.storage.rows import Delete, Insert, Operation, Replace, Row, check_schema
from shared.storage.table import TransactionConflict
from shared.storage.tables import Tables
from shared.storage.vault import Vault


@dataclass(frozen=True)
class DeletedIntegration:
    """What is remembered of a deleted integration: its webhook token must still be told from a wrong one.

    `is_purged` is false while links or log of it may be left, because deleting did not get to its end. Whatever was
    written after `deleted_at`, by Table Storage's clock, is not of it.
    """

    integration_id: str
    webhook_generation: str
    version: str
    is_purged: bool
    deleted_at: datetime | None


class IntegrationStore:
    """Every method raises Unavailable(System.STORAGE) when Table Storage is down, busy or refuses the app.

    So does a method that reads a row that a newer version of this app wrote.
    """

    def __init__(self, tables: Tables, vault: Vault) -> None:
        self._tables = tables
        self._table = tables.integrations
        self._vault = vault

    def all(self) -> list[StoredIntegration]:
        """Every integration, by name whatever the case, then by id."""
        rows = self._table.query(
            "PartitionKey eq @partition and RowKey ge @first and RowKey lt @end",
            {"partition": PARTITION, "first": "i:", "end": "i;"},
        )
        found = [stored_integration(row, self._vault) for row in rows if not row.flag("deleted")]
        return sorted(
            found, key=lambda item: (item.integration.name.casefold(), item.integration.integration_id)
        )

    def get(self, integration_id: str) -> StoredIntegration:
        """One integration.

        Raises:
            IntegrationNotFound: there is none of this id, or not any more.
        """
        found = self.find(integration_id)
        if not isinstance(found, StoredIntegration):
            raise IntegrationNotFound(f"There is no integration {integration_id!r}.")
        return found

    def find(self, integration_id: str) -> StoredIntegration | DeletedIntegration | None:
        """One integration, or what is left of it; None where there never was one of this id."""
        row = self._row(integration_id)
        if row is None:
            return None
        return _deleted(row) if row.flag("deleted") else stored_integration(row, self._vault)

    def save(
        self, integration: Integration, stored: StoredIntegration | None, *, rotate_webhook_url: bool = False
    ) -> StoredIntegration:
        """Create the integration, or put it in the place of `stored`, the one that was read.

        Secrets are encrypted with the newest key. One that is created in the place of a deleted one keeps that one's
        webhook URL and none of its links.

        Raises:
            PreconditionFailed: it has been created, changed or deleted since it was read.
            ProductTaken: another integration holds the product.
        """
        replaced = stored.version if stored else ""
        generation = stored.webhook_generation if stored else ""
        if stored is None and (standing := self._row(integration.integration_id)) is not None:
            if not standing.flag("deleted"):
                raise _changed(integration.integration_id)
            # Deleting it may have been broken off, and a send that was under way may have left links since.
            self._purge(integration.integration_id)
            replaced, generation = standing.etag, standing.text("webhook_generation")
        now = datetime.now(timezone.utc)
        new = StoredIntegration(
            integration=integration,
            created_at=stored.created_at if stored else now,
            updated_at=now,
            version="",
            webhook_generation=secrets.token_hex(8) if rotate_webhook_url or not generation else generation,
        )
        row = integration_row(new, self._vault)
        operations = [
            Replace(row, replaced) if replaced else Insert(row),
            *_product_moves(integration, stored),
        ]
        version = self._write(row, operations, integration)
        return StoredIntegration(integration, new.created_at, now, version, new.webhook_generation)

    def delete(self, standing: StoredIntegration | DeletedIntegration) -> None:
        """Delete the integration with its links and its log; its product is free at once.

        From the first step on `find` gives a DeletedIntegration. What is broken off half-way is finished by another
        `delete` of that, or by the next `save` of the same id.

        Raises:
            PreconditionFailed: it has changed since it was read.
        """
        if isinstance(standing, StoredIntegration):
            standing = self._bury(standing)
        if standing.is_purged:
            return
        # Somebody may create the id anew, and send, before all is gone.
        self._purge(standing.integration_id, up_to=standing.deleted_at)
        tombstone = tombstone_row(standing.integration_id, standing.webhook_generation, is_purged=True)
        try:
            self._table.transact([Replace(tombstone, standing.version)])
        except TransactionConflict:
            # Another delete got there first, or the id is in use again.
            return

    def _bury(self, stored: StoredIntegration) -> DeletedIntegration:
        integration = stored.integration
        tombstone = tombstone_row(integration.integration_id, stored.webhook_generation, is_purged=False)
        operations: list[Operation] = [Replace(tombstone, stored.version)]
        if integration.product_id:
            operations.append(Delete(product_row(integration.product_id, integration.integration_id)))
        # A conflict may be with another deletion, or with a first attempt of this one.
        with contextlib.suppress(TransactionConflict):
            self._table.transact(operations)
        row = self._row(integration.integration_id)
        if row is None or not row.flag("deleted"):
            raise _changed(integration.integration_id)
        return _deleted(row)

    def _write(self, row: Row, operations: Sequence[Operation], integration: Integration) -> str:
        try:
            return self._table.transact(operations)[0]
        except TransactionConflict:
            pass
        standing = self._row(integration.integration_id)
        if standing is not None and standing.text("revision") == row.text("revision"):
            # It is what we wrote: only the answer was lost.
            return standing.etag
        if (standing.etag if standing else "") == _required_version(operations[0]):
            self._refuse_taken_product(integration)
        raise _changed(integration.integration_id)

    def _refuse_taken_product(self, integration: Integration) -> None:
        holder = self._get(product_key(integration.product_id))
        if holder is None or holder.text("integration_id") == integration.integration_id:
            return
        other_id = holder.text("integration_id")
        other = self._row(other_id)
        name = other.text("name") if other else other_id
        raise ProductTaken(
            f"The product {integration.product_id} belongs to the integration “{name}” ({other_id}) already. Choose "
            "another product, or give that integration another one first.",
            evidence={"product_id": integration.product_id, "integration_id": other_id},
        )

    def _purge(self, integration_id: str, *, up_to: datetime | None = None) -> None:
        for table in (self._tables.links, self._tables.log):
            table.purge(escape_key(integration_id), up_to=up_to)

    def _row(self, integration_id: str) -> Row | None:
        return self._get(integration_key(integration_id))

    def _get(self, row_key: str) -> Row | None:
        row = self._table.get(PARTITION, row_key)
        if row is not None:
            check_schema(row, SCHEMA)
        return row


def _product_moves(integration: Integration, stored: StoredIntegration | None) -> list[Operation]:
    before = stored.integration.product_id if stored else ""
    if integration.product_id == before:
        return []
    moves: list[Operation] = []
    if before:
        moves.append(Delete(product_row(before, integration.integration_id)))
    if integration.product_id:
        moves.append(Insert(product_row(integration.product_id, integration.integration_id)))
    return moves


def _required_version(operation: Operation) -> str:
    return operation.etag if isinstance(operation, Replace) else ""


def _deleted(row: Row) -> DeletedIntegration:
    return DeletedIntegration(
        row.text("integration_id"),
        row.text("webhook_generation"),
        row.etag,
        row.flag("purged"),
        row.written_at,
    )


def _changed(integration_id: str) -> PreconditionFailed:
    return PreconditionFailed(
        f"The integration {integration_id} has been created, changed or deleted since it was read. Read it again, "
        "then repeat the change."
    )
