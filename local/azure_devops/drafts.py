"""A work item as it will be after its save is committed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.azure_devops.areas import Node
from local.azure_devops.field_definitions import Field
from local.azure_devops.identities import Identity
from local.azure_devops.projects import Project
from local.azure_devops.work_item_types import WorkItemType
from local.azure_devops.work_items import Relation, WorkItem


@dataclass
class Draft:
    """A new work item (`item` is None, `id` negative) or a changed one."""

    id: int
    project: Project
    type: WorkItemType
    item: WorkItem | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    formats: dict[str, str] = field(default_factory=dict)
    comment: str | None = None
    written: set[str] = field(default_factory=set)
    """Reference names of the fields that the patch itself set or cleared."""
    is_patched: bool = False
    """False if the draft only shows the other end of a link."""

    @property
    def is_new(self) -> bool:
        """Whether the work item does not exist yet."""
        return self.item is None

    @property
    def rev(self) -> int:
        """The revision that the draft starts from; 0 for a new work item."""
        return self.item.current.rev if self.item else 0

    @property
    def shown_id(self) -> int:
        """The id that messages name; every new work item is -1 to them."""
        return self.id if self.item else -1

    def value(self, used: Field) -> Any:
        """The field's value, None if it has none."""
        return self.fields.get(used.reference_name)

    def area(self) -> Node:
        """The area that the work item is in. Raises TF401347 (400) for an unknown one."""
        path = str(self.fields["System.AreaPath"])
        return self.project.areas.at_work_item_path(path, self.shown_id, "System.AreaPath")

    def iteration(self) -> Node:
        """The iteration that the work item is in. Raises TF401347 (400) for an unknown one."""
        path = str(self.fields["System.IterationPath"])
        return self.project.iterations.at_work_item_path(path, self.shown_id, "System.IterationPath")


def draft_of(item: WorkItem) -> Draft:
    """A draft with the present content of the work item."""
    current = item.current
    kind = item.project.type_named(current.type_name)
    fields = {name: value for name, value in current.fields.items() if name != "System.History"}
    return Draft(item.id, item.project, kind, item, fields, list(current.relations), dict(current.formats))


def new_draft(
    draft_id: int, project: Project, kind: WorkItemType, author: Identity, moment: datetime
) -> Draft:
    """A draft of a new work item with the defaults of its type."""
    draft = Draft(draft_id, project, kind)
    defaults = {name: rule.default for name, rule in kind.rules.items() if rule.default is not None}
    draft.fields = {
        "System.AreaPath": project.areas.root.work_item_path,
        "System.IterationPath": project.iterations.root.work_item_path,
        "System.WorkItemType": kind.name,
        "System.State": kind.states[0].name,
        "System.CreatedDate": moment,
        "System.CreatedBy": author,
        **defaults,
    }
    return draft
