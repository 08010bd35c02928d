"""Whether the answer to a write shows what was written: a status 200 alone does not prove it. No input or output."""

from __future__ import annotations

from collections.abc import Mapping

from shared.domain.attachment_urls import is_same_upload
from shared.domain.contents import description_content, name_content
from shared.domain.html_text import is_blank
from shared.domain.images import Images
from shared.domain.links import AttachedFile, Field
from shared.domain.send_plan import RecordPlan, as_planned
from shared.domain.work_item import WorkItem


def missing_effects(
    plan: RecordPlan, uploaded: Mapping[str, AttachedFile], after: WorkItem
) -> tuple[str, ...]:
    """What is missing in the answer to a write, as texts; empty if nothing is.

    Azure DevOps cleans up HTML, so a field counts as written if it shows the written text or any new text.
    """
    before = plan.work_item
    if before is not None and after.id != before.id:
        return (f"work item {before.id}",)
    if before is not None and after.revision < before.revision:
        return (f"a revision from {before.revision} on",)
    images = plan.images.with_files(uploaded)
    shown = as_planned(after, plan)
    missing = [
        f"the new {decision.field.value}"
        for decision in plan.decisions
        if decision.outcome.writes and not _shows(decision.field, decision.value, before, shown, images)
    ]
    attached = [relation.url for relation in after.attached_files]
    if after.relations and not all(
        any(is_same_upload(file.url, url) for url in attached) for file in uploaded.values()
    ):
        missing.append("the new attachments")
    return tuple(missing)


def _shows(name: Field, value: str, before: WorkItem | None, after: WorkItem, images: Images) -> bool:
    if name is Field.NAME:
        return name_content(after.title) == name_content(value) or _is_new(name, before, after, images)
    same = description_content(after.description, images) == description_content(value, images)
    return same or _is_new(name, before, after, images)


def _is_new(name: Field, before: WorkItem | None, after: WorkItem, images: Images) -> bool:
    """Whether the field has a different text than before the write. A created work item had none before."""
    if before is not None:
        return after.digest_of(name, images) != before.digest_of(name, images)
    return bool(after.title) if name is Field.NAME else not is_blank(after.description)
