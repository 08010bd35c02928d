"""What ties an Aha! record to its work item, and what both sides last agreed on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from shared.domain.records import Kind


class Field(str, Enum):
    """The fields that travel. The state only ever travels from Azure DevOps to Aha!."""

    NAME = "name"
    DESCRIPTION = "description"
    STATE = "state"


@dataclass(frozen=True)
class Agreement:
    """Digests of one field as each side showed it when both last agreed.

    They differ between the sides, since either cleans up HTML in its own way and a long title is cut.
    """

    aha: str
    azure_devops: str


@dataclass(frozen=True)
class AttachedFile:
    """A file that was sent: its address in Azure DevOps, its name, and its size in bytes (None where unknown)."""

    url: str
    file_name: str
    size: int | None


@dataclass(frozen=True)
class Claim:
    """One sender's announcement that it is about to create the record's work item."""

    kind: Kind
    aha_id: str
    reference: str
    operation_id: str
    claimed_at: datetime


@dataclass(frozen=True)
class Link:
    """A record and its work item.

    `parent_aha_id` is the feature of a requirement, empty for a feature. `work_item_url` is the page a person opens.
    `agreed_revision` is the newest revision of the work item of which every field is agreed with Aha!.
    """

    kind: Kind
    aha_id: str
    reference: str
    parent_aha_id: str
    work_item_id: int
    work_item_url: str
    work_item_type: str
    agreed_revision: int
    agreed: Mapping[Field, Agreement] = field(default_factory=dict)
    attachments: Mapping[str, AttachedFile] = field(default_factory=dict)


def digest(text: str) -> str:
    """A short fingerprint of a text (128 bits, hexadecimal)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
