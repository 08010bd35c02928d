"""What connects an Aha! record to its work item: the link, the base of its three-way merge, intentions and claims."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from shared.domain.description_field import SYSTEM_DESCRIPTION
from shared.domain.kind import Kind


class Field(str, Enum):
    """The synced fields. The state travels from Azure DevOps to Aha! only."""

    NAME = "name"
    DESCRIPTION = "description"
    STATE = "state"


class Side(str, Enum):
    """The two systems that a field is kept in."""

    AHA = "aha"
    AZURE_DEVOPS = "azure_devops"


@dataclass(frozen=True)
class Base:
    """The common ancestor of one field's three-way merge: its digest on each side when both sides last agreed.

    The two digests differ, because each system cleans up HTML in its own way and a long title is cut. `aha` is empty if
    the sides never agreed: `azure_devops` then has the work item's text when it was linked. `received_as_of` is when a
    notification last wrote the field, by Aha!'s clock: `updated_at` of the record after it.
    """

    aha: str
    azure_devops: str
    received_as_of: datetime | None = None


@dataclass(frozen=True)
class Intention:
    """What an operation is about to write to one field of one side. It is stored before the write.

    A text that matches it was written by this app, not by a person, even if the operation died before it could
    record the write. Digests: `source` is the text that is carried, as the other side shows it; `replaced` is what the
    target showed before; `written` is what a reader sees of the new text (see `shared.domain.contents`), which
    survives the target's HTML clean-up.
    `revision`: for Azure DevOps, the revision that the write makes; for Aha!, the revision that is carried.
    `replaced_as_of`: for Aha!, `updated_at` of the record that showed `replaced`.
    """

    field: Field
    side: Side
    source: str
    written: str
    replaced: str
    revision: int
    operation_id: str
    noted_at: datetime
    replaced_as_of: datetime | None = None


@dataclass(frozen=True)
class RecordError:
    """Why the last send or notification of a record failed. It is removed when the record is synced."""

    at: datetime
    code: str
    detail: str
    operation_id: str


@dataclass(frozen=True)
class AttachedFile:
    """A file that was sent: its URL in Azure DevOps, its name, and its size in bytes (None if unknown)."""

    url: str
    file_name: str
    size: int | None


@dataclass(frozen=True)
class Claim:
    """One sender's right to create the record's work item; see `shared.domain.claims`.

    `operation_id` is empty for an abandoned claim. `began_at` is when the first create under this claim may have been
    requested, and `intended` has the digests of Aha!'s texts at that time. `is_inherited`: the claim was taken over,
    and nobody has searched yet for what its first sender created. `work_item_id` is the record's earlier work item, if
    that was deleted.
    """

    kind: Kind
    aha_id: str
    reference: str
    operation_id: str
    began_at: datetime
    intended: Mapping[Field, str] = field(default_factory=dict)
    work_item_id: int | None = None
    is_inherited: bool = False

    @property
    def reference_or_id(self) -> str:
        """What messages call the record."""
        return self.reference or self.aha_id


@dataclass(frozen=True)
class WrittenBack:
    """The content of the record's integration fields in Aha!: the work item's page, under one integration of Aha!."""

    integration_id: str
    url: str


@dataclass(frozen=True)
class Link:
    """A record and its work item.

    `name` is the record's in Aha! when the link was last written.
    `parent_aha_id` is the feature of a requirement (empty for a feature), `parent_work_item_id` that feature's work
    item at the last send. `work_item_url` is the page that a person opens.
    `agreed_revision` is the newest revision of the work item of which every field is in sync with Aha!.
    `refused_revision` is the newest revision with a change that Aha! did not take; it is tried again with a newer one.
    `requirement_ids` are those of a feature at its last send, and `unlinked_ids` those that a person unlinked.
    `sent_as_of` is `updated_at` of the newest record that was sent, by Aha!'s clock. `sent_at` and `received_at` are
    when a send or a notification last changed this link, by this app's clock. `description_field` is the work item's
    field that the base of the description is about, and `other_text` the digest of what the other description field
    said then (empty: nothing). `written_back` is the link back in Aha!, None as long as none is known to be there.
    """

    kind: Kind
    aha_id: str
    reference: str
    parent_aha_id: str
    work_item_id: int
    work_item_url: str
    work_item_type: str
    agreed_revision: int
    refused_revision: int = 0
    name: str = ""
    base: Mapping[Field, Base] = field(default_factory=dict)
    intentions: tuple[Intention, ...] = ()
    attachments: Mapping[str, AttachedFile] = field(default_factory=dict)
    parent_work_item_id: int | None = None
    requirement_ids: tuple[str, ...] = ()
    unlinked_ids: tuple[str, ...] = ()
    sent_as_of: datetime | None = None
    sent_at: datetime | None = None
    received_at: datetime | None = None
    description_field: str = SYSTEM_DESCRIPTION
    other_text: str = ""
    last_error: RecordError | None = None
    written_back: WrittenBack | None = None

    @property
    def reference_or_id(self) -> str:
        """What messages call the record."""
        return self.reference or self.aha_id

    @property
    def feature_id(self) -> str:
        """The Aha! id of the feature that the record is, or belongs to."""
        return self.parent_aha_id or self.aha_id

    def is_agreed(self, revision: int) -> bool:
        """Whether a revision is certainly in sync with Aha!, so that neither side must be read."""
        return revision <= self.agreed_revision and not self.intentions

    def is_refused(self, revision: int) -> bool:
        """Whether Aha! did not accept the changes of a revision, so that they wait for a newer one."""
        return revision <= self.refused_revision and not self.intentions


@dataclass(frozen=True)
class KnownWorkItem:
    """A work item that a link or a claim names, the record that it belongs to, and its page; empty if unknown.

    `kind` is None if the link is damaged. Its work item then proves nothing.
    """

    work_item_id: int
    kind: Kind | None
    aha_id: str
    page_url: str = ""


def digest(text: str) -> str:
    """A fingerprint of a text: the first 128 bits of its SHA-256, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
