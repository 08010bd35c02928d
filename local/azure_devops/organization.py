"""Everything that one organization holds."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from local.azure_devops.answers import ServiceError
from local.azure_devops.attachments import Attachments
from local.azure_devops.changes import Change
from local.azure_devops.projects import Project
from local.azure_devops.times import now
from local.azure_devops.tokens import Tokens
from local.azure_devops.work_items import WorkItem, missing_work_item

ALL_OR_NOTHING = "all_or_nothing"
BATCH_MODES = (ALL_OR_NOTHING, "independent", "whole_refusal_single_item", "refused", "no_temporary_ids")


@dataclass
class Throttle:
    """What the X-RateLimit headers of successful answers say; None leaves them out."""

    delay_seconds: float | None = None
    remaining: int | None = None
    limit: int | None = None
    reset_in_seconds: int | None = None
    retry_after: float | None = None


@dataclass
class Organization:
    """The organization's state. Whoever reads or writes it holds `lock`."""

    name: str
    lock: threading.RLock = field(default_factory=threading.RLock)
    projects: list[Project] = field(default_factory=list)
    work_items: dict[int, WorkItem] = field(default_factory=dict)
    tokens: Tokens = field(default_factory=Tokens)
    attachments: Attachments = field(default_factory=Attachments)
    listeners: list[Callable[[Change], None]] = field(default_factory=list)
    query_result_limit: int = 20_000
    batch_mode: str = ALL_OR_NOTHING
    throttle: Throttle = field(default_factory=Throttle)
    clock_ahead: timedelta = timedelta()
    """How far the clock of work items and queries is ahead of the machine's."""
    node_ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    work_item_ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    watermarks: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    comment_ids: itertools.count[int] = field(default_factory=lambda: itertools.count(5_000_001))
    relation_ids: itertools.count[int] = field(default_factory=lambda: itertools.count(100_001))

    @property
    def id(self) -> str:
        """The GUID of the organization's project collection."""
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.name}.visualstudio.com"))

    def now(self) -> datetime:
        """The present by the organization's clock, in UTC, to the millisecond."""
        return now() + self.clock_ahead

    def find_project(self, name_or_id: str) -> Project | None:
        """The project with this name or GUID, in any case."""
        wanted = name_or_id.casefold()
        return next((known for known in self.projects if wanted in (known.name.casefold(), known.id)), None)

    def project(self, name_or_id: str) -> Project:
        """The project with this name or GUID. Raises TF200016 or VS800075 (404)."""
        found = self.find_project(name_or_id)
        if found is not None and found.state == "wellFormed":
            return found
        if _is_guid(name_or_id):
            raise ServiceError(
                404,
                f"VS800075: The project with id 'vstfs:///Classification/TeamProject/{name_or_id}' does not exist, "
                "or you do not have permission to access it.",
                "ProjectDoesNotExistException",
                namespace="Microsoft.TeamFoundation.Core.WebApi",
            )
        raise ServiceError(
            404,
            f"TF200016: The following project does not exist: {name_or_id}. Verify that the name of the project is "
            "correct and that the project exists on the specified Azure DevOps Server.",
            "ProjectDoesNotExistWithNameException",
            namespace="Microsoft.TeamFoundation.Core.WebApi",
        )

    def announce(self, change: Change) -> None:
        """Tell every listener of `change`."""
        for listener in self.listeners:
            listener(change)

    def work_item(self, work_item_id: int) -> WorkItem:
        """The work item, unless it is deleted. Raises TF401232 (404)."""
        found = self.work_items.get(work_item_id)
        if found is None or found.is_deleted:
            raise missing_work_item(work_item_id)
        return found


def _is_guid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
