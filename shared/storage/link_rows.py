"""Links, pointers and claims as rows of the table Links, and back.

A link is one row in its integration's partition, keyed by its work item. The row keyed by the record's Aha! id is a
pointer to the work item or, before that exists, a claim. A claim gives way to pointer and link in one transaction.
`write_id` is new with every write: after a lost answer, it distinguishes this app's write from somebody else's.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from shared.domain.description_field import SYSTEM_DESCRIPTION
from shared.domain.kind import Kind
from shared.domain.links import (
    AttachedFile,
    Base,
    Claim,
    Field,
    Intention,
    Link,
    RecordError,
    Side,
    WrittenBack,
)
from shared.domain.times import parse_time
from shared.storage.keys import escape_key, record_key, work_item_key
from shared.storage.rows import Row, Value, check_schema, long_text, long_text_names, with_row_in_errors

SCHEMA = 1
"""The shape of the rows below. Raise it when an older version of this app would misread a row."""

_LONGEST_DETAIL = 4000
_LONG_TEXTS = ("base", "intentions", "attachments", "requirement_ids", "unlinked_ids")


@dataclass(frozen=True)
class StoredLink:
    """A link as it was read. `unknown` holds the properties that this version does not know; a write keeps them."""

    link: Link
    etag: str
    unknown: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredClaim:
    """A claim as it was read or written. `age` is the time since it was written, by Table Storage's clock."""

    claim: Claim
    etag: str
    age: timedelta = timedelta()


@dataclass(frozen=True)
class Pointer:
    """The record's row, once its work item exists."""

    aha_id: str
    work_item_id: int
    etag: str


def partition_of(integration_id: str) -> str:
    """The partition of an integration's links."""
    return escape_key(integration_id)


def link_row(integration_id: str, link: Link, unknown: Mapping[str, Value] | None = None) -> Row:
    """The row of a link, with a new write id."""
    properties: dict[str, Value] = {
        **(unknown or {}),
        "schema": SCHEMA,
        "write_id": _new_write_id(),
        "kind": link.kind.value,
        "aha_id": link.aha_id,
        "reference": link.reference,
        "parent_aha_id": link.parent_aha_id,
        "work_item_id": link.work_item_id,
        "work_item_url": link.work_item_url,
        "work_item_type": link.work_item_type,
        "agreed_revision": link.agreed_revision,
        "description_field": link.description_field,
        "other_text": link.other_text,
        **_present(
            parent_work_item_id=link.parent_work_item_id,
            refused_revision=link.refused_revision or None,
            sent_as_of=_time_text(link.sent_as_of),
            sent_at=_time_text(link.sent_at),
            received_at=_time_text(link.received_at),
            last_error=_json(_error_json(link.last_error)) if link.last_error else None,
            written_back=_json(_written_back_json(link.written_back)) if link.written_back else None,
        ),
        **long_text("name", link.name),
        **long_text("base", _json({name.value: _base_json(base) for name, base in link.base.items()})),
        **(long_text("intentions", _json(_intentions_json(link.intentions))) if link.intentions else {}),
        **long_text("attachments", _json({key: _file_json(file) for key, file in link.attachments.items()})),
        **long_text("requirement_ids", _json(link.requirement_ids)),
        **(long_text("unlinked_ids", _json(link.unlinked_ids)) if link.unlinked_ids else {}),
    }
    return Row(partition_of(integration_id), work_item_key(link.work_item_id), properties)


def pointer_row(integration_id: str, link: Link) -> Row:
    """The row that leads from a record to its link, with a new write id."""
    properties: dict[str, Value] = {
        "schema": SCHEMA,
        "write_id": _new_write_id(),
        "is_claim": False,
        "kind": link.kind.value,
        "aha_id": link.aha_id,
        "reference": link.reference,
        "work_item_id": link.work_item_id,
    }
    return Row(partition_of(integration_id), record_key(link.aha_id), properties)


def claim_row(integration_id: str, claim: Claim) -> Row:
    """The row of a claim, with a new write id."""
    properties: dict[str, Value] = {
        "schema": SCHEMA,
        "write_id": _new_write_id(),
        "is_claim": True,
        "kind": claim.kind.value,
        "aha_id": claim.aha_id,
        "reference": claim.reference,
        "operation_id": claim.operation_id,
        "began_at": _time_text(claim.began_at) or "",
        "intended": _json({name.value: text for name, text in claim.intended.items()}),
        "is_inherited": claim.is_inherited,
        **_present(work_item_id=claim.work_item_id),
    }
    return Row(partition_of(integration_id), record_key(claim.aha_id), properties)


@with_row_in_errors
def stored_link(row: Row) -> StoredLink:
    """The link that a work item's row holds.

    Raises:
        Unavailable: a newer version of this app wrote the row.
    """
    check_schema(row, SCHEMA)
    base: dict[str, Any] = json.loads(row.long_text("base") or "{}")
    attachments: dict[str, Any] = json.loads(row.long_text("attachments") or "{}")
    intentions: list[dict[str, Any]] = json.loads(row.long_text("intentions") or "[]")
    link = Link(
        kind=Kind(row.text("kind")),
        aha_id=row.text("aha_id"),
        reference=row.text("reference"),
        name=row.long_text("name"),
        parent_aha_id=row.text("parent_aha_id"),
        work_item_id=row.number("work_item_id"),
        work_item_url=row.text("work_item_url"),
        work_item_type=row.text("work_item_type"),
        agreed_revision=row.number("agreed_revision"),
        refused_revision=row.number("refused_revision"),
        base=_known_fields(base, _base),
        intentions=tuple(_intention(item) for item in intentions if item.get("field") in _FIELDS),
        attachments={key: _file(file) for key, file in attachments.items()},
        parent_work_item_id=row.number("parent_work_item_id") or None,
        requirement_ids=tuple(json.loads(row.long_text("requirement_ids") or "[]")),
        # Rows of older versions have no such property.
        unlinked_ids=tuple(json.loads(row.long_text("unlinked_ids") or "[]")),
        sent_as_of=parse_time(row.text("sent_as_of")),
        sent_at=row.moment("sent_at"),
        received_at=row.moment("received_at"),
        # Rows of older versions have no such property; those versions knew only this field.
        description_field=row.text("description_field") or SYSTEM_DESCRIPTION,
        other_text=row.text("other_text"),
        last_error=_error(json.loads(row.text("last_error") or "null")),
        written_back=_written_back(json.loads(row.text("written_back") or "null")),
    )
    return StoredLink(link, row.etag, _unknown(row))


@with_row_in_errors
def linked_record(row: Row) -> str:
    """The Aha! id of the record that a work item's row is about, whatever else is wrong with the row.

    Raises:
        Unavailable: a newer version of this app wrote the row.
    """
    check_schema(row, SCHEMA)
    return str(row.properties["aha_id"])


@with_row_in_errors
def stored_record(row: Row) -> Pointer | StoredClaim:
    """What a record's row holds.

    Raises:
        Unavailable: a newer version of this app wrote the row.
    """
    check_schema(row, SCHEMA)
    if not row.flag("is_claim"):
        return Pointer(row.text("aha_id"), row.number("work_item_id"), row.etag)
    claim = Claim(
        kind=Kind(row.text("kind")),
        aha_id=row.text("aha_id"),
        reference=row.text("reference"),
        operation_id=row.text("operation_id"),
        began_at=row.moment("began_at") or _LONG_AGO,
        intended=_known_fields(json.loads(row.text("intended") or "{}"), str),
        work_item_id=row.number("work_item_id") or None,
        is_inherited=row.flag("is_inherited"),
    )
    return StoredClaim(claim, row.etag, row.age)


@with_row_in_errors
def pointer_without_link(row: Row) -> StoredClaim:
    """The claim that replaces a pointer without a link: it is abandoned, and names the work item."""
    claim = Claim(
        kind=Kind(row.text("kind")),
        aha_id=row.text("aha_id"),
        reference=row.text("reference"),
        operation_id="",
        began_at=row.written_at or _LONG_AGO,
        work_item_id=row.number("work_item_id") or None,
        is_inherited=True,
    )
    return StoredClaim(claim, row.etag, row.age)


_FIELDS = frozenset(name.value for name in Field)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=timezone.utc)
_PROPERTY_NAMES = """
schema write_id kind aha_id reference parent_aha_id work_item_id work_item_url work_item_type agreed_revision
refused_revision parent_work_item_id sent_as_of sent_at received_at description_field other_text last_error
written_back
"""
_PROPERTIES = frozenset(_PROPERTY_NAMES.split())


def _unknown(row: Row) -> dict[str, Value]:
    known = _PROPERTIES | long_text_names(row, ("name", *_LONG_TEXTS))
    return {name: value for name, value in row.properties.items() if name not in known}


def _base_json(base: Base) -> dict[str, Any]:
    return {
        "aha": base.aha,
        "azure_devops": base.azure_devops,
        "received_as_of": _time_text(base.received_as_of),
    }


def _base(sides: Mapping[str, Any]) -> Base:
    received_as_of = parse_time(sides.get("received_as_of"))
    return Base(str(sides.get("aha") or ""), str(sides.get("azure_devops") or ""), received_as_of)


def _intentions_json(intentions: Iterable[Intention]) -> list[dict[str, Any]]:
    return [
        {
            "field": item.field.value,
            "side": item.side.value,
            "source": item.source,
            "written": item.written,
            "replaced": item.replaced,
            "revision": item.revision,
            "operation_id": item.operation_id,
            "noted_at": _time_text(item.noted_at),
            "replaced_as_of": _time_text(item.replaced_as_of),
        }
        for item in intentions
    ]


def _intention(item: Mapping[str, Any]) -> Intention:
    return Intention(
        field=Field(item["field"]),
        side=Side(item["side"]),
        source=item["source"],
        written=item["written"],
        replaced=item["replaced"],
        revision=item["revision"],
        operation_id=item["operation_id"],
        noted_at=datetime.fromisoformat(item["noted_at"]),
        replaced_as_of=parse_time(item.get("replaced_as_of")),
    )


def _error_json(error: RecordError) -> dict[str, Any]:
    return {
        "at": _time_text(error.at),
        "code": error.code,
        "detail": error.detail[:_LONGEST_DETAIL],
        "operation_id": error.operation_id,
    }


def _error(error: Mapping[str, Any] | None) -> RecordError | None:
    at = parse_time(error.get("at")) if error else None
    if error is None or at is None:
        return None
    return RecordError(at, str(error.get("code")), str(error.get("detail")), str(error.get("operation_id")))


def _written_back_json(written: WrittenBack) -> dict[str, Any]:
    return {"integration_id": written.integration_id, "url": written.url}


def _written_back(written: Mapping[str, Any] | None) -> WrittenBack | None:
    if written is None:
        return None
    return WrittenBack(str(written.get("integration_id") or ""), str(written.get("url") or ""))


def _file_json(file: AttachedFile) -> dict[str, Any]:
    return {"url": file.url, "file_name": file.file_name, "size": file.size}


def _file(file: Mapping[str, Any]) -> AttachedFile:
    return AttachedFile(str(file.get("url") or ""), str(file.get("file_name") or ""), file.get("size"))


def _known_fields(values: Mapping[str, Any], read: Any) -> dict[Field, Any]:
    return {Field(name): read(value) for name, value in values.items() if name in _FIELDS}


def _time_text(moment: datetime | None) -> str | None:
    """Times are kept as text: Table Storage refuses years before 1601."""
    return None if moment is None else moment.astimezone(timezone.utc).isoformat()


def _present(**properties: Value | None) -> dict[str, Value]:
    """The properties that have a value."""
    return {name: value for name, value in properties.items() if value is not None}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _new_write_id() -> str:
    return secrets.token_hex(16)
