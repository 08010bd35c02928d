"""A record as Aha! shows it, which is more than a payload says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class WorkflowStatus:
    """A status of an Aha! workflow."""

    id: str
    name: str

    def is_named_by(self, mapped: str) -> bool:
        """Whether a mapping's value, a name or an id, means this status."""
        return mapped == self.id or mapped.casefold() == self.name.casefold()


@dataclass(frozen=True)
class AhaRecord:
    """A record as Aha! shows it now; `attachments` are the addresses of its files, by id."""

    id: str
    reference: str
    name: str
    description: str
    status: WorkflowStatus
    updated_at: datetime | None = None
    attachments: Mapping[str, str] = field(default_factory=dict)
