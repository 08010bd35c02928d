"""Work items, their revisions, updates and relations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.azure_devops.answers import ServiceError, work_item_error
from local.azure_devops.identities import Identity
from local.azure_devops.projects import Project

ATTACHED_FILE = "AttachedFile"
HYPERLINK = "Hyperlink"
ARTIFACT_LINK = "ArtifactLink"
PARENT = "System.LinkTypes.Hierarchy-Reverse"
CHILD = "System.LinkTypes.Hierarchy-Forward"


@dataclass(frozen=True)
class Relation:
    """A link to another work item (`target`) or to something else (`url`; for an attachment its id)."""

    rel: str
    target: int | None
    url: str
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, int | None, str]:
        """A key that is unique among the relations of a work item."""
        return self.rel, self.target, self.url.casefold()


@dataclass(frozen=True)
class Comment:
    """A comment of the discussion, in its first version."""

    id: int
    text: str


@dataclass(frozen=True)
class Revision:
    """A work item as of one moment. Field values: text, numbers, datetimes, Identity."""

    rev: int
    fields: Mapping[str, Any]
    relations: tuple[Relation, ...] = ()
    formats: Mapping[str, str] = field(default_factory=dict)
    comment: Comment | None = None

    @property
    def type_name(self) -> str:
        """The name of the work item type."""
        return str(self.fields["System.WorkItemType"])

    @property
    def area_path(self) -> str:
        """The value of System.AreaPath."""
        return str(self.fields["System.AreaPath"])

    @property
    def title(self) -> str:
        """The value of System.Title."""
        return str(self.fields["System.Title"])


@dataclass(frozen=True)
class FieldChange:
    """The old and the new value of a field in an update. None means no value."""

    old: Any
    new: Any


@dataclass(frozen=True)
class Update:
    """A change of a work item. Several updates share one `rev` where links were made from the other end."""

    id: int
    rev: int
    by: Identity
    at: datetime
    fields: Mapping[str, FieldChange]
    added: tuple[Relation, ...] = ()
    removed: tuple[Relation, ...] = ()
    updated: tuple[Relation, ...] = ()


@dataclass
class WorkItem:
    """A work item with its history; the last revision is the current one."""

    id: int
    project: Project
    revisions: list[Revision]
    updates: list[Update]
    is_deleted: bool = False

    @property
    def current(self) -> Revision:
        """The newest revision."""
        return self.revisions[-1]


def missing_work_item(work_item_id: int) -> ServiceError:
    """TF401232 (404): the work item does not exist, is deleted or may not be read."""
    return work_item_error(
        404,
        f"TF401232: Work item {work_item_id} does not exist, or you do not have permissions to read it.",
        "WorkItemUnauthorizedAccessException",
    )
