"""The faults of the rows, decided from the rows alone. No input or output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from operate.context import NoKeys
from operate.faults import Fault, Finding
from shared.errors import Unavailable
from shared.storage.aha_progress import SCHEMA as AHA_PROGRESS_SCHEMA
from shared.storage.integration_rows import SCHEMA as INTEGRATION_SCHEMA
from shared.storage.integration_rows import keys_of_tokens, stored_integration
from shared.storage.keys import AHA_PROGRESS_KEY, WATERMARK_KEY, product_key
from shared.storage.link_rows import SCHEMA as LINK_SCHEMA
from shared.storage.link_rows import stored_link, stored_record
from shared.storage.rows import Row, check_schema
from shared.storage.unfinished_sends import SCHEMA as UNFINISHED_SCHEMA
from shared.storage.vault import Vault
from shared.storage.watermarks import SCHEMA as WATERMARK_SCHEMA

OLD = timedelta(hours=1)
"""A send or deletion that is older than this no longer runs."""

_CLAIM = 0


class LinkTable:
    """Checks the rows of one integration in the order of their keys: records first, then work items.

    It keeps only the work item of each record: 100,000 links take some 20 MB.
    """

    def __init__(self, integration_id: str) -> None:
        self._id = integration_id
        self._pointers: dict[str, int] = {}
        self._linked: set[str] = set()

    def work_item_of(self, aha_id: str) -> int | None:
        """The work item that a record is linked to; None if it has none."""
        return self._pointers.get(aha_id) or None if aha_id in self._linked else None

    @property
    def links(self) -> int:
        """How many records are linked."""
        return len(self._linked)

    def knows(self, aha_id: str) -> bool:
        """Whether the record has a link, a pointer or a claim."""
        return aha_id in self._pointers

    def faults_of(self, row: Row) -> Iterator[Finding]:
        """The faults of a row, as far as the rows before it show them."""
        try:
            if row.row_key.startswith("r:"):
                yield from self._record(row)
            elif row.row_key.startswith("w:"):
                yield from self._link(row)
            else:
                yield from self._other(row)
        except Unavailable as error:
            yield self._finding(Fault.NEWER_ROW, row, error.detail)
        except Exception as error:
            yield self._finding(
                Fault.DAMAGED_ROW, row, f"it cannot be read ({type(error.__cause__ or error).__name__})"
            )

    def faults_at_end(self) -> Iterator[Finding]:
        """The pointers whose links are missing."""
        for aha_id, number in self._pointers.items():
            if number != _CLAIM and aha_id not in self._linked:
                yield Finding(
                    Fault.POINTER_WITHOUT_LINK,
                    self._id,
                    aha_id,
                    f"leads to work item {number}, which has no link",
                    aha_id=aha_id,
                    work_item_id=number,
                )

    def _record(self, row: Row) -> Iterator[Finding]:
        stored_record(row)
        aha_id = row.text("aha_id")
        self._pointers[aha_id] = _CLAIM if row.flag("is_claim") else row.number("work_item_id")
        if row.flag("is_claim") and row.age >= OLD:
            hours = round(row.age / timedelta(hours=1))
            yield self._finding(Fault.CLAIM_LEFT, row, f"a send claimed it {hours} h ago and did not finish")

    def _link(self, row: Row) -> Iterator[Finding]:
        link = stored_link(row).link
        known = self._pointers.get(link.aha_id)
        if known == link.work_item_id:
            self._linked.add(link.aha_id)
        elif known is None:
            self._pointers[link.aha_id] = link.work_item_id
            self._linked.add(link.aha_id)
            yield self._finding(
                Fault.LINK_WITHOUT_POINTER, row, f"a send does not find its work item {link.work_item_id}"
            )
        else:
            other = "is claimed by a send" if known == _CLAIM else f"leads to work item {known}"
            yield self._finding(
                Fault.SECOND_LINK,
                row,
                f"work item {link.work_item_id} is linked to it, and the record {other}",
            )

    def _other(self, row: Row) -> Iterator[Finding]:
        schemas = {WATERMARK_KEY: WATERMARK_SCHEMA, AHA_PROGRESS_KEY: AHA_PROGRESS_SCHEMA}
        newest = UNFINISHED_SCHEMA if row.row_key.startswith("u:") else schemas.get(row.row_key)
        if newest is None:
            check_schema(row, LINK_SCHEMA)
            yield self._finding(Fault.UNKNOWN_ROW, row, "no known version of the app writes such a row")
            return
        check_schema(row, newest)

    def _finding(self, fault: Fault, row: Row, detail: str) -> Finding:
        known = fault not in (Fault.NEWER_ROW, Fault.DAMAGED_ROW, Fault.UNKNOWN_ROW)
        name = row.text("reference") or row.text("aha_id") if known else ""
        number = row.number("work_item_id") if known else 0
        return Finding(
            fault, self._id, name or f"row {row.row_key}", detail, row.row_key, row.text("aha_id"), number
        )


def integration_faults(rows: Sequence[Row]) -> Iterator[Finding]:
    """What is wrong among the rows of integrations and products."""
    integrations = {
        row.text("integration_id"): row
        for row in rows
        if row.row_key.startswith("i:") and not row.flag("deleted")
    }
    for row in rows:
        if row.row_key.startswith("i:"):
            yield from _integration(row)
        elif not row.row_key.startswith("p:"):
            yield _of(Fault.UNKNOWN_ROW, row, f"row {row.row_key}", "no known version of the app writes it")
    yield from _products(rows, integrations)


def _integration(row: Row) -> Iterator[Finding]:
    name = row.text("integration_id") or row.row_key
    try:
        check_schema(row, INTEGRATION_SCHEMA)
        if not row.flag("deleted"):
            stored_integration(row, NoKeys())
        elif not row.flag("purged") and row.age >= OLD:
            yield _of(Fault.UNFINISHED_DELETION, row, name, "links or log entries may be left")
    except Unavailable as error:
        yield _of(Fault.NEWER_ROW, row, name, error.detail)
    except Exception as error:
        yield _of(
            Fault.DAMAGED_ROW, row, name, f"it cannot be read ({type(error.__cause__ or error).__name__})"
        )


def _products(rows: Sequence[Row], integrations: dict[str, Row]) -> Iterator[Finding]:
    held = {row.row_key: row for row in rows if row.row_key.startswith("p:")}
    holders = dict(held)
    for row in held.values():
        owner = integrations.get(row.text("integration_id"))
        if owner is None or product_key(owner.text("product_id")) != row.row_key:
            named = f"its row names the integration {row.text('integration_id')}, which does not have it"
            yield _of(Fault.PRODUCT_HELD, row, f"product {row.text('product_id')}", named)
            del holders[row.row_key]
    for integration_id, row in integrations.items():
        product_id = row.text("product_id")
        if not product_id:
            continue
        holder = holders.get(product_key(product_id))
        if holder is None:
            yield _of(
                Fault.PRODUCT_FREE,
                row,
                integration_id,
                f"another integration could take its product {product_id}",
            )
        elif holder.text("integration_id") != integration_id:
            other = holder.text("integration_id")
            yield _of(
                Fault.PRODUCT_TWICE, row, integration_id, f"its product {product_id} belongs to {other}, too"
            )


def token_faults(rows: Iterable[Row], vault: Vault) -> Iterator[Finding]:
    """The tokens that no key decrypts, or only an older key."""
    for row in rows:
        if not row.row_key.startswith("i:") or row.flag("deleted"):
            continue
        for name, key in keys_of_tokens(row, vault).items():
            owner = row.text("integration_id")
            if key is None:
                yield _of(Fault.TOKEN_LOST, row, owner, f"{name} cannot be decrypted")
            elif key > 1:
                yield _of(Fault.TOKEN_OF_OLDER_KEY, row, owner, f"{name} needs key {key} of SECRETS_KEY")


def _of(fault: Fault, row: Row, name: str, detail: str) -> Finding:
    return Finding(fault, row.text("integration_id"), name, detail, row.row_key)
