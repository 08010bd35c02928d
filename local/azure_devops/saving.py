"""Save one or several work items at once: a save becomes visible as a whole, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from local.azure_devops import rules
from local.azure_devops.answers import work_item_error
from local.azure_devops.changes import COMMENTED, CREATED, UPDATED, Change
from local.azure_devops.drafts import Draft, draft_of, new_draft
from local.azure_devops.json_patch import Operation, invalid_document
from local.azure_devops.links import Links
from local.azure_devops.organization import Organization
from local.azure_devops.patching import Patching, enabled
from local.azure_devops.permissions import check_may_save
from local.azure_devops.projects import Project
from local.azure_devops.times import FOR_EVER, timestamp
from local.azure_devops.tokens import Caller
from local.azure_devops.work_items import (
    PARENT,
    Comment,
    FieldChange,
    Relation,
    Revision,
    Update,
    WorkItem,
    missing_work_item,
)

REVISION_LIMIT = 10_000
_NEW_ID = -1


class Save:
    """A save. The organization's lock is held from the first call to the last."""

    def __init__(self, organization: Organization, caller: Caller, *, links_new: bool = True) -> None:
        self._organization = organization
        self._caller = caller
        self._links_new = links_new
        self._moment = organization.now()
        self._drafts: dict[int, Draft] = {}
        self._links = Links(organization, self._open, caller)

    def create(
        self, project: Project, type_name: str, operations: list[Operation], *, bypasses_rules: bool = False
    ) -> Draft:
        """Draft a new work item. Raises the service's refusals."""
        kind = enabled(project.type_named(type_name))
        draft_id = _temporary_id(operations)
        if draft_id in self._drafts:
            raise invalid_document(f"The id {draft_id} is used by another work item of this request.")
        draft = new_draft(draft_id, project, kind, self._caller.identity, self._moment)
        self._drafts[draft_id] = draft
        self._patch(draft, operations, bypasses_rules)
        return draft

    def update(self, item: WorkItem, operations: list[Operation], *, bypasses_rules: bool = False) -> Draft:
        """Draft a change of a work item. Raises the service's refusals."""
        draft = self._open(item.id)
        check_may_save(self._caller, draft.area())
        if draft.rev >= REVISION_LIMIT:
            raise work_item_error(
                400,
                f"Work item {item.id} has reached the limit of {REVISION_LIMIT} revisions.",
                "WorkItemRevisionLimitExceededException",
            )
        self._patch(draft, operations, bypasses_rules)
        return draft

    def preview(self, draft: Draft) -> WorkItem:
        """The work item as it would be; nothing is kept."""
        if draft.item is not None:
            return draft.item
        revision = self._revision(draft, _NEW_ID, 1, {})
        return WorkItem(_NEW_ID, draft.project, [revision], [])

    def commit(self, base: str) -> dict[int, WorkItem]:
        """Commit everything and publish the changes. Returns the work items by draft id."""
        ids = {
            draft.id: next(self._organization.work_item_ids) if draft.is_new else draft.id
            for draft in self._drafts.values()
        }
        changes: list[Change] = []
        saved = {draft.id: self._keep(draft, ids, base, changes) for draft in self._drafts.values()}
        for change in changes:
            self._organization.announce(change)
        return saved

    def _patch(self, draft: Draft, operations: list[Operation], bypasses_rules: bool) -> None:
        draft.is_patched = True
        patching = Patching(self._organization, self._links, timestamp(self._moment), bypasses_rules)
        patching.apply(draft, operations)
        draft.iteration()
        check_may_save(self._caller, draft.area())
        broken = patching.violations + ([] if bypasses_rules else rules.violations(draft))
        if broken:
            raise rules.rule_error(broken)

    def _open(self, work_item_id: int) -> Draft:
        draft = self._drafts.get(work_item_id)
        if draft is not None and (self._links_new or not draft.is_new):
            return draft
        if work_item_id < 0:
            raise missing_work_item(work_item_id)
        draft = draft_of(self._organization.work_item(work_item_id))
        self._drafts[work_item_id] = draft
        return draft

    def _keep(self, draft: Draft, ids: dict[int, int], base: str, changes: list[Change]) -> WorkItem:
        work_item_id = ids[draft.id]
        before = draft.item.current if draft.item else None
        if draft.item and not draft.is_patched:
            return self._add_other_end(draft.item, _with_real_ids(draft.relations, ids), base, changes)
        if draft.item and _is_same(draft, draft.item.current, _with_real_ids(draft.relations, ids)):
            return draft.item
        revision = self._revision(draft, work_item_id, draft.rev + 1, ids)
        item = draft.item or WorkItem(work_item_id, draft.project, [], [])
        item.project = draft.project
        update = self._update(item, before, revision)
        item.revisions.append(revision)
        item.updates.append(update)
        self._organization.work_items[work_item_id] = item
        changes.append(Change(UPDATED if before else CREATED, item, revision, update, base))
        if revision.comment and before:
            changes.append(Change(COMMENTED, item, revision, update, base))
        return item

    def _add_other_end(
        self, item: WorkItem, relations: tuple[Relation, ...], base: str, changes: list[Change]
    ) -> WorkItem:
        """A link made from elsewhere adds an update but no revision (the REST reference's sample of updates)."""
        before = item.current
        if relations == before.relations:
            return item
        fields = _with_parent(dict(before.fields), relations)
        revision = replace(before, fields=fields, relations=relations)
        update = replace(self._update(item, before, revision), fields={})
        item.revisions[-1] = revision
        item.updates.append(update)
        changes.append(Change(UPDATED, item, revision, update, base))
        return item

    def _revision(self, draft: Draft, work_item_id: int, rev: int, ids: dict[int, int]) -> Revision:
        before = draft.item.current if draft.item else None
        relations = _with_real_ids(draft.relations, ids)
        area, iteration = draft.area(), draft.iteration()
        fields = draft.fields | {
            "System.Id": work_item_id,
            "System.Rev": rev,
            "System.TeamProject": draft.project.name,
            "System.AreaId": area.id,
            "System.AreaPath": area.work_item_path,
            "System.NodeName": area.name,
            "System.IterationId": iteration.id,
            "System.IterationPath": iteration.work_item_path,
            "System.AuthorizedDate": self._moment,
            "System.AuthorizedAs": self._caller.identity,
            "System.ChangedDate": self._moment,
            "System.ChangedBy": self._caller.identity,
            "System.RevisedDate": FOR_EVER,
            "System.PersonId": 1,
            "System.Watermark": next(self._organization.watermarks),
            "System.CommentCount": draft.fields.get("System.CommentCount", 0) + (1 if draft.comment else 0),
        }
        if before is None or before.fields.get("System.State") != fields["System.State"]:
            fields["Microsoft.VSTS.Common.StateChangeDate"] = self._moment
            if "System.Reason" not in draft.written:
                fields["System.Reason"] = _reason(str(fields["System.State"]), is_new=before is None)
        comment = Comment(next(self._organization.comment_ids), draft.comment) if draft.comment else None
        if comment:
            fields["System.History"] = comment.text
        # A format changes only when a patch says so (azure-devops-mcp#775); for an emptied text, that is unconfirmed.
        formats = dict(draft.formats)
        return Revision(rev, _with_parent(fields, relations), relations, formats, comment)

    def _update(self, item: WorkItem, before: Revision | None, after: Revision) -> Update:
        old: dict[str, Any] = dict(before.fields) if before else {}
        names = [*after.fields, *(name for name in old if name not in after.fields)]
        fields = {
            name: FieldChange(old.get(name), after.fields.get(name))
            for name in names
            if old.get(name) != after.fields.get(name) and name != "System.History"
        }
        if before:
            fields["System.RevisedDate"] = FieldChange(self._moment, FOR_EVER)
        if after.comment:
            fields["System.History"] = FieldChange(None, after.comment.text)
        added, removed, updated = _relation_changes(before.relations if before else (), after.relations)
        number = len(item.updates) + 1
        return Update(number, after.rev, self._caller.identity, self._moment, fields, added, removed, updated)


def _temporary_id(operations: list[Operation]) -> int:
    """The id that `add /id` gives a new work item within its request, -1 if there is none."""
    chosen = next((operation.value for operation in operations if operation.segments == ("id",)), _NEW_ID)
    try:
        number = int(chosen)
    except (TypeError, ValueError):
        number = 0
    if number >= 0 or isinstance(chosen, bool):
        raise invalid_document(f"The id {chosen} of a new work item must be negative.")
    return number


def _with_real_ids(relations: list[Relation], ids: dict[int, int]) -> tuple[Relation, ...]:
    return tuple(
        replace(relation, target=ids.get(relation.target, relation.target))
        if relation.target is not None
        else relation
        for relation in relations
    )


def _with_parent(fields: dict[str, Any], relations: tuple[Relation, ...]) -> dict[str, Any]:
    parent = next((relation.target for relation in relations if relation.rel == PARENT), None)
    fields.pop("System.Parent", None)
    return fields | ({"System.Parent": parent} if parent else {})


def _is_same(draft: Draft, before: Revision, relations: tuple[Relation, ...]) -> bool:
    fields = {name: value for name, value in before.fields.items() if name != "System.History"}
    parts = draft.fields == fields, relations == before.relations, draft.formats == before.formats
    return all(parts) and not draft.comment


def _reason(state: str, is_new: bool) -> str:
    return "New" if is_new else f"Moved to state {state}"


def _relation_changes(
    before: tuple[Relation, ...], after: tuple[Relation, ...]
) -> tuple[tuple[Relation, ...], tuple[Relation, ...], tuple[Relation, ...]]:
    old, new = {known.key: known for known in before}, {known.key: known for known in after}
    added = tuple(relation for key, relation in new.items() if key not in old)
    removed = tuple(relation for key, relation in old.items() if key not in new)
    updated = tuple(relation for key, relation in new.items() if key in old and old[key] != relation)
    return added, removed, updated
