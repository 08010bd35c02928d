"""Store integrations: one row each, one row for each one's product, and a tombstone for each deleted one."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from shared.domain.integration import Integration, StoredIntegration
from shared.domain.products import product_taken
from shared.errors import PreconditionFailed, ProductTaken, no_integration
from shared.storage.integration_rows import (
    PARTITION,
    SCHEMA,
    integration_row,
    product_row,
    readable_part,
    stored_integration,
    tombstone_row,
)
from shared.storage.keys import escape_key, integration_key, product_key
from shared.storage.rows import Delete, Insert, Replace, Row, RowOperation, check_schema
from shared.storage.save_conflicts import RowVersion, SaveConflict, cause_of_conflict
from shared.storage.table import TransactionConflict
from shared.storage.tables import Tables
from shared.storage.vault import Vault


@dataclass(frozen=True)
class DeletedIntegration:
    """What is kept of a deleted integration, so that its webhook URL is still recognized.

    `is_purged` is false if the deletion did not finish: links or log entries may be left. Rows that were written after
    `deleted_at`, by Table Storage's clock, belong to a new integration with the same id.
    """

    integration_id: str
    webhook_generation: str
    version: str
    is_purged: bool
    deleted_at: datetime | None


@dataclass(frozen=True)
class UnreadableIntegration:
    """An integration whose row a newer version of this app wrote, or that is damaged."""

    integration_id: str
    error: Exception


class IntegrationStore:
    """The stored integrations.

    Every method raises Unavailable(System.STORAGE) if Table Storage is down, busy or refuses the app, or if a newer
    version of this app wrote a row that it reads.
    """

    def __init__(self, tables: Tables, vault: Vault) -> None:
        self._tables = tables
        self._table = tables.integrations
        self._vault = vault

    def each(self) -> Iterator[StoredIntegration | UnreadableIntegration]:
        """Every integration, in no order. One whose row cannot be read does not hide the others."""
        for row in self.rows():
            try:
                yield stored_integration(row, self._vault)
            except Exception as error:
                yield UnreadableIntegration(row.row_key.removeprefix("i:"), error)

    def rows(self) -> Iterator[Row]:
        """The rows of all integrations that were not deleted, in no order."""
        rows = self._table.query(
            "PartitionKey eq @partition and RowKey ge @first and RowKey lt @end",
            {"partition": PARTITION, "first": "i:", "end": "i;"},
        )
        return (row for row in rows if not row.flag("deleted"))

    def get(self, integration_id: str) -> StoredIntegration:
        """One integration.

        Raises:
            IntegrationNotFound: there is no integration with this id, or it was deleted.
        """
        found = self.find(integration_id)
        if not isinstance(found, StoredIntegration):
            raise no_integration(integration_id)
        return found

    def find(self, integration_id: str) -> StoredIntegration | DeletedIntegration | None:
        """One integration, or what is kept of a deleted one; None if there never was one with this id."""
        row = self._row(integration_id)
        if row is None:
            return None
        return _deleted(row) if row.flag("deleted") else stored_integration(row, self._vault)

    def find_to_replace(self, integration_id: str) -> StoredIntegration | DeletedIntegration | None:
        """As `find`, for a save or a deletion: of a damaged row, what can be read.

        The save replaces the rest. It keeps the tokens, the webhook URL and the links.
        """
        row = self._row(integration_id)
        if row is None:
            return None
        return _deleted(row) if row.flag("deleted") else stored_integration(readable_part(row), self._vault)

    def save(
        self,
        integration: Integration,
        stored: StoredIntegration | None,
        *,
        rotate_webhook_url: bool = False,
        webhook_generation: str = "",
    ) -> StoredIntegration:
        """Create the integration, or replace `stored`, the integration that was read before.

        Tokens are encrypted with the newest key. A new integration with the id of a deleted one gets the same webhook
        URL and none of the links. `webhook_generation` is that of a new integration that was exported elsewhere.

        Raises:
            PreconditionFailed: the integration was created, changed or deleted since it was read.
            ProductTaken: another integration has the product.
        """
        replaced_etag = stored.version if stored else ""
        generation = stored.webhook_generation if stored else ""
        if stored is None and (current := self._row(integration.integration_id)) is not None:
            if not current.flag("deleted"):
                raise _changed(integration.integration_id)
            # The deletion may not have finished, and a send that was running then may have written links. Newer rows
            # belong to another save of this id, which wins.
            self._purge(integration.integration_id, up_to=_last_seen_deleted(current))
            replaced_etag, generation = current.etag, current.text("webhook_generation")
        generation = generation if stored else webhook_generation or generation
        now = datetime.now(timezone.utc)
        new = StoredIntegration(
            integration=integration,
            created_at=stored.created_at if stored else now,
            updated_at=now,
            version="",
            webhook_generation=secrets.token_hex(8) if rotate_webhook_url or not generation else generation,
            unknown=stored.unknown if stored else {},
        )
        row = integration_row(new, self._vault)
        write = Replace(row, replaced_etag) if replaced_etag else Insert(row)
        operations = [write, *self._product_row_changes(integration, stored)]
        version = self._write(row, operations, integration, replaced_etag)
        return replace(new, version=version)

    def delete(self, found: StoredIntegration | DeletedIntegration) -> None:
        """Delete the integration with its links and its log.

        First the integration becomes a DeletedIntegration, and another one may have its product. If the deletion does
        not finish, a `delete` of the DeletedIntegration or a `save` with the same id finishes it.

        Raises:
            PreconditionFailed: the integration was changed since it was read.
        """
        deleted = self._replace_with_tombstone(found) if isinstance(found, StoredIntegration) else found
        if deleted.is_purged:
            return
        # A new integration with the same id may be created, and may send, before everything is deleted.
        self._purge(deleted.integration_id, up_to=deleted.deleted_at)
        tombstone = tombstone_row(deleted.integration_id, deleted.webhook_generation, is_purged=True)
        try:
            self._table.transact([Replace(tombstone, deleted.version)])
        except TransactionConflict:
            # Another deletion finished first, or there is a new integration with this id.
            return

    def _replace_with_tombstone(self, stored: StoredIntegration) -> DeletedIntegration:
        integration = stored.integration
        tombstone = tombstone_row(integration.integration_id, stored.webhook_generation, is_purged=False)
        operations = [Replace(tombstone, stored.version), *self._giving_back_product(integration)]
        # The conflict may be with another deletion, or with an earlier attempt of this one.
        with contextlib.suppress(TransactionConflict):
            self._table.transact(operations)
        row = self._row(integration.integration_id)
        if row is None or not row.flag("deleted"):
            raise _changed(integration.integration_id)
        return _deleted(row)

    def _write(
        self, row: Row, operations: Sequence[RowOperation], integration: Integration, replaced_etag: str
    ) -> str:
        try:
            return self._table.transact(operations)[0]
        except TransactionConflict:
            pass
        return self._etag_after_conflict(row, integration, replaced_etag)

    def _etag_after_conflict(self, row: Row, integration: Integration, replaced_etag: str) -> str:
        current = self._row(integration.integration_id)
        product = self._get(product_key(integration.product_id))
        product_owner = product.text("integration_id") if product else ""
        cause = cause_of_conflict(
            integration.integration_id,
            replaced_etag=replaced_etag,
            written_revision=row.text("revision"),
            current=RowVersion(current.etag, current.text("revision")) if current else None,
            product_owner=product_owner,
        )
        if cause is SaveConflict.ALREADY_SAVED and current is not None:
            return current.etag
        if cause is SaveConflict.PRODUCT_TAKEN:
            raise self._product_taken(integration.product_id, product_owner)
        raise _changed(integration.integration_id)

    def _product_taken(self, product_id: str, owner_id: str) -> ProductTaken:
        owner = self._row(owner_id)
        return product_taken(product_id, owner.text("name") if owner else owner_id, owner_id)

    def _product_row_changes(
        self, integration: Integration, stored: StoredIntegration | None
    ) -> list[RowOperation]:
        before = stored.integration.product_id if stored else ""
        if product_key(integration.product_id) == product_key(before):
            return []
        changes = self._giving_back_product(stored.integration) if stored else []
        if integration.product_id:
            changes.append(Insert(product_row(integration.product_id, integration.integration_id)))
        return changes

    def _giving_back_product(self, integration: Integration) -> list[RowOperation]:
        """The removal of the row that says that the integration has its product, if there is one."""
        row = self._get(product_key(integration.product_id)) if integration.product_id else None
        is_held = row is not None and row.text("integration_id") == integration.integration_id
        return [Delete(row, row.etag)] if row is not None and is_held else []

    def _purge(self, integration_id: str, *, up_to: datetime | None) -> None:
        for table in (self._tables.links, self._tables.log):
            table.purge(escape_key(integration_id), up_to=up_to)

    def _row(self, integration_id: str) -> Row | None:
        return self._get(integration_key(integration_id))

    def _get(self, row_key: str) -> Row | None:
        row = self._table.get(PARTITION, row_key)
        if row is not None:
            check_schema(row, SCHEMA)
        return row


def _deleted(row: Row) -> DeletedIntegration:
    return DeletedIntegration(
        row.text("integration_id"),
        row.text("webhook_generation"),
        row.etag,
        row.flag("purged"),
        row.written_at,
    )


def _last_seen_deleted(tombstone: Row) -> datetime | None:
    """The newest moment, by Table Storage's clock, at which there was certainly no integration."""
    # The moment of the read is known in whole seconds only.
    moments = [moment for moment in (tombstone.written_at, tombstone.read_at) if moment is not None]
    return max(moments, default=None)


def _changed(integration_id: str) -> PreconditionFailed:
    return PreconditionFailed(
        f"The integration {integration_id} was created, changed or deleted since it was read. Read it again, then "
        "repeat the change."
    )
