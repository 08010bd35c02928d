"""The hyperlink that every created work item carries: it shows engineers the Aha! record, and lets a sender that lost
the answer to its create find the work item again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from shared.domain.integration import Integration
from shared.domain.kind import Kind
from shared.domain.records import Record
from shared.domain.work_item import HYPERLINK, Relation


@dataclass(frozen=True)
class Marker:
    """A hyperlink's address and comment. The comment alone identifies the record within the organization."""

    url: str
    comment: str

    def relation(self) -> dict[str, Any]:
        """The value of the patch operation that adds it."""
        return {"rel": HYPERLINK, "url": self.url, "attributes": {"comment": self.comment}}

    def is_among(self, relations: Iterable[Relation]) -> bool:
        """Whether one of a work item's relations is this marker."""
        return any(item.rel == HYPERLINK and item.comment == self.comment for item in relations)


def marker_of(record: Record, integration: Integration, public_url: str) -> Marker:
    """The marker of a record that is sent by an integration.

    A payload without the record's address gets one made of the Aha! account's; where there is no account either, the
    link leads to this app's page.
    """
    page = {Kind.FEATURE: "features", Kind.REQUIREMENT: "requirements"}[record.kind]
    name = quote(record.reference or record.id, safe="")
    base = integration.aha.url
    url = record.url or (f"{base}/{page}/{name}" if base else f"{public_url}/api/console#{name}")
    return Marker(
        url, f"Sent from Aha! by integration {integration.integration_id}, {record.kind.value} {record.id}"
    )
