"""What ties an Aha! record to its work item, and what both sides last agreed on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from shared.domain.kind import Kind


class Field(str, Enum):
    """The fields that travel. The state only ever travels from Azure DevOps to Aha!."""

    NAME = "name"
    DESCRIPTION = "description"
    STATE = "state"


_REMEMBERED_REPLACEMENTS = 8


@dataclass(frozen=True)
class Agreement:
    """Digests of one field as each side showed it when both last agreed.

    They differ between the sides, since either cleans up HTML in its own way and a long title is cut. `replaced_in_aha`
    is what Aha! said before notifications wrote the field there, the last few of them, the latest first.
    """

    aha: str
    azure_devops: str
    replaced_in_aha: tuple[str, ...] = ()

    def after_write_to_aha(self, aha: str, azure_devops: str, replaced: str) -> Agreement:
        """What is agreed once a notification has written the field over what Aha! said."""
        return Agreement(aha, azure_devops, (replaced, *self.replaced_in_aha)[:_REMEMBERED_REPLACEMENTS])


@dataclass(frozen=True)
class AttachedFile:
    """A file that was sent: its address in Azure DevOps, its name, and its size in bytes (None where unknown)."""

    url: str
    file_name: str
    size: int | None


@dataclass(frozen=True)
class Claim:
    """One sender's announcement that it is about to create the record's work item.

    It holds for a while from `claimed_at` on. Should its sender die, the next one looks for what may have been
    created since `began_at` out of what Aha! said then (`intended`, digests): to the heir, the claim `is_inherited`
    until that look is done. `work_item_id` is the work item that the record had before, if that was gone.
    """

    kind: Kind
    aha_id: str
    reference: str
    operation_id: str
    claimed_at: datetime
    began_at: datetime
    intended: Mapping[Field, str] = field(default_factory=dict)
    work_item_id: int | None = None
    is_inherited: bool = False


@dataclass(frozen=True)
class Link:
    """A record and its work item.

    `parent_aha_id` is the feature of a requirement, empty for a feature, and `parent_work_item_id` that feature's work
    item when the requirement was last sent. `work_item_url` is the page a person opens.
    `agreed_revision` is the newest revision of the work item of which every field is agreed with Aha!.
    `requirement_ids` are those of a feature when it was last sent. `sent_as_of` and `received_as_of` are times of
    Aha!'s clock: how old the newest record is that was sent, and when a notification last wrote the record.
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
    parent_work_item_id: int | None = None
    requirement_ids: tuple[str, ...] = ()
    sent_as_of: datetime | None = None
    received_as_of: datetime | None = None


def digest(text: str) -> str:
    """A short fingerprint of a text (128 bits, hexadecimal)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
