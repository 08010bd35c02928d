"""Links and claims as rows of the table Links, and back.

A link is two rows of the same content in its integration's partition, one found by its Aha! id and one by its work
item. A claim is the first of them alone. `version` is new with every write: it tells whether rows are of one write.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from shared.domain.kind import Kind
from shared.domain.links import Agreement, AttachedFile, Claim, Field, Link
from shared.storage.keys import escape_key, record_key, work_item_key
from shared.storage.rows import Row, Value, long_text


@dataclass(frozen=True)
class StoredLink:
    """A link as it was read, with the ETags of its rows; None for the row that was not looked at."""

    link: Link
    record_etag: str | None
    work_item_etag: str | None
    version: str


@dataclass(frozen=True)
class StoredClaim:
    """A claim as it was read."""

    claim: Claim
    etag: str


def partition_of(integration_id: str) -> str:
    """The partition of an integration's links."""
    return escape_key(integration_id)


def link_rows(integration_id: str, link: Link) -> tuple[Row, Row]:
    """Both rows of a link, of a new version: the record's, then the work item's."""
    properties: dict[str, Value] = {
        "version": secrets.token_hex(16),
        "is_claim": False,
        "kind": link.kind.value,
        "aha_id": link.aha_id,
        "reference": link.reference,
        "parent_aha_id": link.parent_aha_id,
        "work_item_id": link.work_item_id,
        "work_item_url": link.work_item_url,
        "work_item_type": link.work_item_type,
        "agreed_revision": link.agreed_revision,
        **_present(
            parent_work_item_id=link.parent_work_item_id,
            sent_as_of=link.sent_as_of,
            received_as_of=link.received_as_of,
        ),
        **long_text("requirement_ids", _json(link.requirement_ids)),
        **long_text("agreed", _json({field.value: asdict(agreed) for field, agreed in link.agreed.items()})),
        **long_text("attachments", _json({key: asdict(file) for key, file in link.attachments.items()})),
    }
    partition = partition_of(integration_id)
    return (
        Row(partition, record_key(link.aha_id), properties),
        Row(partition, work_item_key(link.work_item_id), properties),
    )


def claim_row(integration_id: str, claim: Claim) -> Row:
    """The row of a claim, of a new version."""
    properties: dict[str, Value] = {
        "version": secrets.token_hex(16),
        "is_claim": True,
        "kind": claim.kind.value,
        "aha_id": claim.aha_id,
        "reference": claim.reference,
        "operation_id": claim.operation_id,
        "claimed_at": claim.claimed_at,
        "began_at": claim.began_at,
        "intended": _json({field.value: text for field, text in claim.intended.items()}),
        "is_inherited": claim.is_inherited,
        **_present(work_item_id=claim.work_item_id),
    }
    return Row(partition_of(integration_id), record_key(claim.aha_id), properties)


def stored_record(row: Row) -> StoredLink | StoredClaim:
    """What a record's row holds."""
    if not row.flag("is_claim"):
        return StoredLink(_link(row), row.etag, None, row.text("version"))
    claim = Claim(
        kind=Kind(row.text("kind")),
        aha_id=row.text("aha_id"),
        reference=row.text("reference"),
        operation_id=row.text("operation_id"),
        claimed_at=row.time("claimed_at"),
        began_at=row.time("began_at"),
        intended={Field(name): text for name, text in json.loads(row.text("intended")).items()},
        work_item_id=row.number("work_item_id") or None,
        is_inherited=row.flag("is_inherited"),
    )
    return StoredClaim(claim, row.etag)


def stored_work_item(row: Row) -> StoredLink:
    """What a work item's row holds."""
    return StoredLink(_link(row), None, row.etag, row.text("version"))


def _link(row: Row) -> Link:
    agreed: dict[str, Any] = json.loads(row.long_text("agreed"))
    attachments: dict[str, Any] = json.loads(row.long_text("attachments"))
    return Link(
        kind=Kind(row.text("kind")),
        aha_id=row.text("aha_id"),
        reference=row.text("reference"),
        parent_aha_id=row.text("parent_aha_id"),
        work_item_id=row.number("work_item_id"),
        work_item_url=row.text("work_item_url"),
        work_item_type=row.text("work_item_type"),
        agreed_revision=row.number("agreed_revision"),
        agreed={Field(name): _agreement(sides) for name, sides in agreed.items()},
        attachments={key: AttachedFile(**file) for key, file in attachments.items()},
        parent_work_item_id=row.number("parent_work_item_id") or None,
        requirement_ids=tuple(json.loads(row.long_text("requirement_ids"))),
        sent_as_of=row.moment("sent_as_of"),
        received_as_of=row.moment("received_as_of"),
    )


def _agreement(sides: Mapping[str, Any]) -> Agreement:
    return Agreement(sides["aha"], sides["azure_devops"], tuple(sides["replaced_in_aha"]))


def _present(**properties: Value | None) -> dict[str, Value]:
    """The properties that have a value."""
    return {name: value for name, value in properties.items() if value is not None}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
