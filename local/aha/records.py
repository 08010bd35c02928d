"""The records of an Aha! account. Hold the account's lock to change one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from local.aha.file_content import FileContent
from local.aha.writes import Writes

Kind = Literal["feature", "requirement"]


def time_text(moment: datetime) -> str:
    """As Aha! writes times: UTC with milliseconds, such as `2025-04-03T17:39:27.658Z`."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_token(origin: str, purpose: str) -> str:
    """A token of 64 hexadecimal digits, the same one for the same origin."""
    return hashlib.sha256(f"{origin} {purpose}".encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class User:
    """A person with an account; `may_write` is what the role in the workspace allows."""

    id: str
    name: str
    email: str
    may_write: bool = True


@dataclass(frozen=True, kw_only=True)
class WorkflowStatus:
    """A status of one workflow; its name is unique only there."""

    id: str
    name: str
    position: int
    complete: bool
    color: str
    category: str


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """Statuses in the order of their ids, which is not that of their positions."""

    id: str
    name: str
    statusable_type: str
    statuses: tuple[WorkflowStatus, ...]
    kinds: tuple[tuple[str, str], ...] = ()

    @property
    def first_status(self) -> WorkflowStatus:
        """The status of a new record."""
        return min(self.statuses, key=lambda status: status.position)


@dataclass(kw_only=True)
class Product:
    """A workspace, in the API's older word. A product line only groups others."""

    id: str
    reference_prefix: str
    name: str
    created_at: datetime
    product_line: bool = False
    feature_workflow: Workflow | None = None
    requirement_workflow: Workflow | None = None
    latest_feature: int = 0

    def workflow(self, kind: Kind) -> Workflow:
        """The workflow of its features or requirements; a product line has none, nor records."""
        workflow = self.feature_workflow if kind == "feature" else self.requirement_workflow
        if workflow is None:
            raise LookupError(f"{self.name} holds no {kind}s")
        return workflow


@dataclass(kw_only=True)
class Release:
    """A release holds the features of its product."""

    id: str
    reference_num: str
    name: str
    product: Product
    created_at: datetime


@dataclass(kw_only=True)
class Integration:
    """An integration that is set up in Aha!, under whose id records keep fields."""

    id: str
    name: str
    service_name: str
    created_at: datetime
    product: Product | None = None
    enabled: bool = False
    callback_token: str = ""


@dataclass(kw_only=True)
class IntegrationField:
    """A name and a value that an integration keeps on a record."""

    id: str
    name: str
    value: str
    integration: Integration
    created_at: datetime


@dataclass(kw_only=True)
class Attachment:
    """A file on a record or on its description. Whoever knows a token may download it.

    `behaviour` is `ok`, `purged`, `expired`, `access_denied` or `cut_after:BYTES`.
    """

    id: str
    file_name: str
    content_type: str
    content: FileContent
    created_at: datetime
    token: str
    inline_token: str
    retired_tokens: set[str] = field(default_factory=set)
    redirect_to: str | None = None
    behaviour: str = "ok"

    @property
    def size(self) -> int | None:
        """Size in bytes. A purged file has none."""
        return None if self.behaviour == "purged" else self.content.size

    def renew_token(self) -> None:
        """Replace the token: the URLs that were given out no longer work."""
        self.retired_tokens |= {self.token, self.inline_token}
        self.token = new_token(self.token, "download")
        self.inline_token = new_token(self.inline_token, "inline")


@dataclass(kw_only=True)
class Description:
    """The note that holds a record's text, with its own id."""

    id: str
    body: str
    created_at: datetime
    updated_at: datetime
    attachments: list[Attachment] = field(default_factory=list)


@dataclass(kw_only=True)
class Record:
    """What features and requirements have in common."""

    id: str
    reference_num: str
    name: str
    status: WorkflowStatus
    description: Description
    created_by: User
    created_at: datetime
    updated_at: datetime
    position: int
    attachments: list[Attachment] = field(default_factory=list)
    integration_fields: list[IntegrationField] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    custom_fields: dict[str, Any] = field(default_factory=dict)
    assigned_to: User | None = None
    hidden: bool = False
    puts: int = 0
    writes: Writes = field(default_factory=Writes)

    kind: Kind = "feature"

    @property
    def product(self) -> Product:
        """The workspace the record is in."""
        raise NotImplementedError

    @property
    def workflow(self) -> Workflow:
        """The workflow whose statuses the record may have."""
        return self.product.workflow(self.kind)

    @property
    def is_visible(self) -> bool:
        """Whether callers may see the record. If not, it is answered as not found."""
        return not self.hidden

    def touch(self) -> datetime:
        """Moves `updated_at` forward, by a millisecond at least, and returns it."""
        self.updated_at = max(datetime.now(timezone.utc), self.updated_at + timedelta(milliseconds=1))
        return self.updated_at


@dataclass(kw_only=True)
class Feature(Record):
    """A feature with its requirements, which are in no particular order."""

    release: Release
    requirements: list[Requirement] = field(default_factory=list)
    latest_requirement: int = 0
    start_date: str | None = None
    due_date: str | None = None

    @property
    def product(self) -> Product:
        return self.release.product


@dataclass(kw_only=True)
class Requirement(Record):
    """A requirement of one feature."""

    feature: Feature
    kind: Kind = "requirement"

    @property
    def is_visible(self) -> bool:
        return not self.hidden and self.feature.is_visible

    @property
    def product(self) -> Product:
        return self.feature.product
