"""The marker: a hyperlink to the Aha! record that the app adds to every work item it creates.

It shows engineers where the work item comes from. A send that got no answer to its create finds the work item by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from shared.domain.integration import Integration
from shared.domain.kind import Kind
from shared.domain.records import Record
from shared.domain.work_item import HYPERLINK, Relation

_COMMENT = re.compile(r"Sent from Aha! by integration ([a-z0-9-]{1,64}), (feature|requirement) (\S{1,200})")

_LONGEST_REFERENCE = 64
_REFERENCE = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)+")


@dataclass(frozen=True)
class MarkedRecord:
    """The record that a marker names, and the integration that wrote the marker."""

    integration_id: str
    kind: Kind
    aha_id: str


@dataclass(frozen=True)
class Marker:
    """The URL and comment of a hyperlink. The comment alone identifies the record within the organization."""

    url: str
    comment: str

    def relation(self) -> dict[str, Any]:
        """The marker as the value of a patch operation that adds a relation."""
        return {"rel": HYPERLINK, "url": self.url, "attributes": {"comment": self.comment}}

    def is_among(self, relations: Iterable[Relation]) -> bool:
        """Whether one of the relations is this marker."""
        return any(item.rel == HYPERLINK and item.comment == self.comment for item in relations)


def marker_of(record: Record, integration: Integration, public_url: str) -> Marker:
    """The marker of a record that an integration sends.

    If the payload has no URL of the record, the URL is built from the Aha! account's URL. If the integration has no
    Aha! account either, the hyperlink leads to this app's configuration page.
    """
    page = {Kind.FEATURE: "features", Kind.REQUIREMENT: "requirements"}[record.kind]
    name = quote(record.reference_or_id, safe="")
    base = integration.aha.url
    url = record.url or (f"{base}/{page}/{name}" if base else f"{public_url}/api/console#{name}")
    return Marker(
        url, f"Sent from Aha! by integration {integration.integration_id}, {record.kind.value} {record.id}"
    )


def marked_record(rel: Any, comment: Any) -> MarkedRecord | None:
    """The record that a relation names, None for a relation that is not a marker."""
    match = _COMMENT.fullmatch(comment) if rel == HYPERLINK and isinstance(comment, str) else None
    return MarkedRecord(match[1], Kind(match[2]), match[3]) if match else None


def reference_in(url: str) -> str:
    """The reference of the record that a marker's URL leads to; empty if the URL does not show it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    name = unquote(parts.fragment or parts.path.rsplit("/", 1)[-1])
    return name if len(name) <= _LONGEST_REFERENCE and _REFERENCE.fullmatch(name) else ""
