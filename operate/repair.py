"""Repair what is safe to repair, with the app's stores. Every write is conditional, so the app may run meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from operate.confirm import feature_of
from operate.context import CommandContext, reading, writing_log_of
from operate.faults import Fault, Finding, Remedy
from operate.link_repairs import restore_pointer
from operate.rebuild import MarkedWorkItems, Rebuild
from operate.terminal import Terminal
from shared.domain.integration import StoredIntegration
from shared.domain.unfinished_sends import UnfinishedSend
from shared.storage.integration_rows import PARTITION, product_row
from shared.storage.integrations import DeletedIntegration
from shared.storage.keys import integration_key, product_key
from shared.storage.link_rows import StoredClaim, partition_of, stored_record
from shared.storage.rows import Delete, Insert, Replace
from shared.storage.table import TransactionConflict
from shared.storage.unfinished_sends import UnfinishedSendStore


class Repairer:
    """Repairs the faults of one integration, or of the table Integrations."""

    def __init__(
        self,
        context: CommandContext,
        stored: StoredIntegration | None,
        marked: MarkedWorkItems | None,
        terminal: Terminal,
    ) -> None:
        self._context = context
        self._stored = stored
        self._marked = marked
        self._terminal = terminal
        self._noted: set[str] = set()
        self._repairs: dict[Fault, Callable[[Finding], bool]] = {
            Fault.UNFINISHED_DELETION: self._finish_deletion,
            Fault.PRODUCT_HELD: self._free_product,
            Fault.PRODUCT_FREE: self._hold_product,
            Fault.LINK_WITHOUT_POINTER: self._restore_pointer,
            Fault.CLAIM_LEFT: self._note_for_timer,
        }

    def repair_all(self, findings: Sequence[Finding]) -> Iterator[Finding]:
        """Repair what can be repaired; yields the repaired faults."""
        pointers = [one for one in findings if one.fault is Fault.POINTER_WITHOUT_LINK]
        yield from self._link_pointers(pointers)
        yield from (one for one in findings if one not in pointers and self.repair(one))

    def repair(self, one: Finding) -> bool:
        """Repair one fault. False: it is left, or somebody changed it meanwhile."""
        repair = self._repairs.get(one.fault) if one.fault.remedy is Remedy.REPAIR else None
        try:
            return repair is not None and repair(one)
        except TransactionConflict:
            return False

    def _finish_deletion(self, one: Finding) -> bool:
        deleted = self._context.integrations.find(one.integration_id)
        if not isinstance(deleted, DeletedIntegration):
            return False
        self._context.integrations.delete(deleted)
        return True

    def _free_product(self, one: Finding) -> bool:
        table = self._context.tables.integrations
        row = table.get(PARTITION, one.key)
        owner = table.get(PARTITION, integration_key(one.integration_id))
        if row is None or (owner is not None and product_key(owner.text("product_id")) == one.key):
            return False
        table.transact([Delete(row, row.etag)])
        return True

    def _hold_product(self, one: Finding) -> bool:
        table = self._context.tables.integrations
        owner = table.get(PARTITION, one.key)
        if owner is None or owner.flag("deleted") or not owner.text("product_id"):
            return False
        # The owner's row is written unchanged, so that nobody can change its product at the same time.
        product = product_row(owner.text("product_id"), owner.text("integration_id"))
        table.transact([Replace(owner, owner.etag), Insert(product)])
        return True

    def _restore_pointer(self, one: Finding) -> bool:
        stored = self._context.links.by_work_item(one.integration_id, one.work_item_id)
        return stored is not None and restore_pointer(self._context.tables.links, one.integration_id, stored)

    def _note_for_timer(self, one: Finding) -> bool:
        row = self._context.tables.links.get(partition_of(one.integration_id), one.key)
        stored = stored_record(row) if row is not None else None
        if not isinstance(stored, StoredClaim):
            return False
        names = sorted(feature_of(stored.claim), key=str.isdigit, reverse=True)
        if self._noted.isdisjoint(names):
            reference = next((name for name in names if not name.isdigit()), "")
            note = UnfinishedSend(names[0], reference, stored.claim.operation_id)
            UnfinishedSendStore(self._context.tables).add(one.integration_id, [note])
        self._noted.update(names)
        return True

    def _link_pointers(self, pointers: Sequence[Finding]) -> Iterator[Finding]:
        """Link records again whose pointers lead to a work item that carries their marker."""
        if not pointers or self._stored is None or self._marked is None:
            return
        app, integration = self._context.app, self._stored.integration
        azure_devops = app.azure_devops(integration.azure_devops, reading())
        with writing_log_of(app, self._stored) as operation:
            rebuild = Rebuild(app, integration, azure_devops, operation, self._terminal, self._marked)
            rebuild.run_for({one.aha_id for one in pointers})
        linked = app.links.load_each(integration.integration_id, [one.aha_id for one in pointers])
        for one in pointers:
            found = linked.get(one.aha_id)
            if found is not None and not isinstance(found, StoredClaim):
                yield one
