"""A record as Aha!'s API returns it: unlike a payload, it has the workflow status."""

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
        """Whether a value of a status mapping is this status's id, or its name in any case."""
        return mapped == self.id or mapped.casefold() == self.name.casefold()


@dataclass(frozen=True)
class AhaRecord:
    """A record as it is now in Aha!. `attachments` maps attachment ids to URLs."""

    id: str
    reference: str
    name: str
    description: str
    status: WorkflowStatus
    updated_at: datetime | None = None
    attachments: Mapping[str, str] = field(default_factory=dict)
