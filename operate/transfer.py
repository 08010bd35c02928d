"""The file of an exported integration: JSON lines, without secrets. No input or output.

    {"format": "aha-azure-devops-integration", "version": 1, "integration_id": …, …}     once, first
    {"integration": {…}, "webhook_generation": …}                                       once: in the form of the API
    {"row": "w:0000000012", "properties": {…}}                                          a row of Links, unchanged
    {"end": 1204}                                                                       once, last: the number of rows

A row keeps its `schema`, so that a later version of the app reads it like its own table. Row keys do not name the
integration. A pointer is left out if its link is in the file.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from shared.domain.links import Link
from shared.errors import InvalidInput, Unavailable
from shared.storage.aha_progress import SCHEMA as AHA_PROGRESS_SCHEMA
from shared.storage.keys import (
    AHA_PROGRESS_KEY,
    WATERMARK_KEY,
    record_key,
    unfinished_send_key,
    work_item_key,
)
from shared.storage.link_rows import partition_of, pointer_row, stored_link, stored_record
from shared.storage.rows import Insert, Row, RowOperation, Value, check_schema
from shared.storage.unfinished_sends import SCHEMA as UNFINISHED_SCHEMA
from shared.storage.watermarks import SCHEMA as WATERMARK_SCHEMA
from shared.version import VERSION

FORMAT = "aha-azure-devops-integration"
FORMAT_VERSION = 1
_LEFT_OUT = ("webhook_url", "created_at", "updated_at")
_TIME = "time"


@dataclass(frozen=True)
class Header:
    """The integration and the time of the export."""

    integration_id: str
    exported_at: str

    def line(self) -> str:
        """As the first line."""
        header = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "app_version": VERSION,
            "integration_id": self.integration_id,
            "exported_at": self.exported_at,
        }
        return _json(header)


@dataclass(frozen=True)
class Exported:
    """The configuration as a body of the API, without tokens, and the generation of the webhook URL."""

    body: Mapping[str, Any]
    webhook_generation: str

    def line(self) -> str:
        """As the second line."""
        kept = {name: value for name, value in self.body.items() if name not in _LEFT_OUT}
        return _json({"integration": kept, "webhook_generation": self.webhook_generation})


def row_line(row: Row) -> str:
    """A row as a line. The write id is left out, because it identifies one write."""
    properties = {
        name: {_TIME: value.astimezone(timezone.utc).isoformat()} if isinstance(value, datetime) else value
        for name, value in row.properties.items()
        if name != "write_id"
    }
    return _json({"row": row.row_key, "properties": properties})


def end_line(rows: int) -> str:
    """The last line. A file without it was cut off."""
    return _json({"end": rows})


def read_header(line: str) -> Header:
    """Read the first line. Raises InvalidInput."""
    found = _object(line, 1)
    if found.get("format") != FORMAT:
        raise InvalidInput("This is not a file of `python -m operate export`.")
    version = found.get("version")
    if version != FORMAT_VERSION:
        raise InvalidInput(
            f"A newer version of this app wrote the file (format {version}; this version reads {FORMAT_VERSION}). Use "
            "a clone of that version."
        )
    return Header(str(found.get("integration_id") or ""), str(found.get("exported_at") or ""))


def read_integration_line(line: str) -> Exported:
    """Read the second line. Raises InvalidInput."""
    found = _object(line, 2)
    body = found.get("integration")
    if not isinstance(body, dict):
        raise InvalidInput("Line 2 of the file has no integration.")
    return Exported(body, str(found.get("webhook_generation") or ""))


def read_rows(lines: Iterator[str], integration_id: str) -> Iterator[Row]:
    """The rows of the remaining lines, checked, with the keys that they have in the integration's partition.

    Raises:
        InvalidInput: a line is damaged, or the file was cut off.
    """
    for count, line in enumerate(lines):
        number = count + 3
        found = _object(line, number)
        if "end" in found:
            if found["end"] != count or next(lines, None) is not None:
                raise InvalidInput(
                    f"Rows are missing in the file, or line {number} is not its end. Export again."
                )
            return
        yield _row(found, integration_id, number)
    raise InvalidInput("The file was cut off: its last line is missing. Export the integration again.")


def inserts_of(row: Row, integration_id: str) -> tuple[str, tuple[RowOperation, ...]]:
    """The name of a row or of its record, and the operations that store the row. A link includes its pointer."""
    if not row.row_key.startswith("w:"):
        return row.text("reference") or row.text("aha_id") or row.row_key, (Insert(row),)
    link = stored_link(row).link
    return link.reference_or_id, (Insert(pointer_row(integration_id, link)), Insert(row))


def is_same(one: Row, other: Row) -> bool:
    """Whether two rows have the same content, apart from the write id."""

    def content(row: Row) -> dict[str, Value]:
        return {name: value for name, value in row.properties.items() if name != "write_id"}

    return content(one) == content(other)


def _row(found: Mapping[str, Any], integration_id: str, number: int) -> Row:
    key, properties = found.get("row"), found.get("properties")
    if not isinstance(key, str) or not isinstance(properties, dict):
        raise InvalidInput(f"Line {number} of the file has no row.")
    values = {str(name): _value(value, number) for name, value in properties.items()}
    row = Row(partition_of(integration_id), key, {**values, "write_id": secrets.token_hex(16)})
    try:
        is_known = _key_of(row) == key
    except Unavailable:
        raise
    except Exception as error:
        raise InvalidInput(
            f"Row {key} in line {number} of the file is damaged: {type(error.__cause__ or error).__name__}."
        ) from None
    if not is_known:
        raise InvalidInput(
            f"Row {key} in line {number} of the file is of a kind that this version does not know."
        )
    return row


def _key_of(row: Row) -> str:
    """The key that follows from the content of a row. Raises if the row cannot be read."""
    if row.row_key.startswith("w:"):
        link: Link = stored_link(row).link
        return work_item_key(link.work_item_id)
    if row.row_key.startswith("r:"):
        stored_record(row)
        return record_key(row.text("aha_id"))
    if row.row_key.startswith("u:"):
        check_schema(row, UNFINISHED_SCHEMA)
        return unfinished_send_key(row.text("name"))
    schemas = {WATERMARK_KEY: WATERMARK_SCHEMA, AHA_PROGRESS_KEY: AHA_PROGRESS_SCHEMA}
    if row.row_key not in schemas:
        return ""
    check_schema(row, schemas[row.row_key])
    return row.row_key


def _value(value: Any, number: int) -> Value:
    if isinstance(value, dict) and set(value) == {_TIME}:
        return datetime.fromisoformat(str(value[_TIME]))
    if not isinstance(value, str | int | bool):
        raise InvalidInput(f"Line {number} of the file has a value that no row has.")
    return value


def _object(line: str, number: int) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidInput(f"Line {number} of the file is no JSON object.")
    return found


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
