"""What a send changes: decided from the records, their links and the work items as they are now. No input or output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.agreed_revision import with_agreed_revision
from shared.domain.description_field import SYSTEM_DESCRIPTION
from shared.domain.field_decisions import (
    FieldDecision,
    decide_for_item,
    decide_for_new_item,
    is_older_payload,
    is_outdated_text,
)
from shared.domain.files import Files, files_of_new_item, sort_files
from shared.domain.images import Images, for_azure_devops
from shared.domain.intentions import without_intentions_of
from shared.domain.links import AttachedFile, Base, Field, Intention, Link
from shared.domain.merge import FieldOutcome
from shared.domain.present_description import agreed_about, described, described_after
from shared.domain.records import Record
from shared.domain.work_item import NO_IMAGES, WorkItem


@dataclass(frozen=True)
class Family:
    """Where a record belongs.

    For a requirement: its feature, and that feature's work item if there is one. For a feature: the ids of its
    requirements, None if the payload does not list them.
    """

    feature_id: str = ""
    feature_work_item_id: int | None = None
    requirement_ids: tuple[str, ...] | None = None


@dataclass(frozen=True)
class RecordPlan:
    """What a send does for one record. `work_item` is None if one must be created.

    `base` is that of the record's link, or of a work item that was found without a link. `has_outdated_text`: a text of
    the payload is older than what was synced since. `images` are those that exist before anything is uploaded.
    `description_field` is the work item's field that a description is written to.
    """

    record: Record
    family: Family
    work_item: WorkItem | None
    base: Mapping[Field, Base]
    decisions: tuple[FieldDecision, ...]
    files: Files
    moves_to_parent: bool = False
    has_outdated_text: bool = False
    images: Images = NO_IMAGES
    description_field: str = SYSTEM_DESCRIPTION

    @property
    def creates(self) -> bool:
        """Whether a work item must be created."""
        return self.work_item is None

    @property
    def writes(self) -> bool:
        """Whether the send writes to Azure DevOps."""
        changed = any(decision.outcome.writes for decision in self.decisions)
        moves_or_uploads = self.moves_to_parent or bool(self.files.to_upload)
        return self.creates or changed or moves_or_uploads or self.description_to_write({}) is not None

    def value_to_write(self, name: Field) -> str | None:
        """The new value of a field, None if it is left alone."""
        for decision in self.decisions:
            if decision.field is name and decision.outcome.writes:
                return decision.value
        return None

    def description_to_write(self, uploaded: Mapping[str, AttachedFile]) -> str | None:
        """The new description, in which images point at their uploads; None if it is left alone.

        A description that is left alone is still written if one of its images points at Aha! although the upload
        exists by now.
        """
        item, images = self.work_item, self.images.with_files(uploaded)
        html = self.value_to_write(Field.DESCRIPTION)
        if html is not None:
            html = for_azure_devops(html, images, item.description_html if item else "")
            return _with_another_text(html, item)
        if item is None or item.description_is_markdown or item.description_is_hidden:
            return None
        repaired = for_azure_devops(item.description, images)
        return repaired if repaired != item.description else None

    @property
    def conflicts(self) -> tuple[Field, ...]:
        """The fields in which Aha!'s change overwrites one made in Azure DevOps."""
        return tuple(item.field for item in self.decisions if item.outcome is FieldOutcome.CONFLICT)

    @property
    def left_alone(self) -> tuple[Field, ...]:
        """The fields in which a change made in Azure DevOps is kept."""
        return tuple(item.field for item in self.decisions if item.outcome is FieldOutcome.LEAVE)

    def intentions(self, operation_id: str, now: datetime) -> tuple[Intention, ...]:
        """The intentions of the field updates. They are stored before the update is requested."""
        if self.work_item is None:
            return ()
        return tuple(
            decision.intention(self.work_item, self.images, operation_id, now)
            for decision in self.decisions
            if decision.outcome.writes
        )


def _with_another_text(html: str, item: WorkItem | None) -> str:
    """The new description, changed if needed: Azure DevOps changes a field's format only if its text changes, too.

    https://github.com/microsoft/azure-devops-mcp/issues/775
    """
    is_same_text = item is not None and item.shown_field_is_markdown and html == item.shown_text
    return f"<div>{html}</div>" if is_same_text and html else html


def plan_record(
    record: Record,
    link: Link | None,
    work_item: WorkItem | None,
    family: Family,
    *,
    now: datetime,
    base: Mapping[Field, Base] | None = None,
    images: Images = NO_IMAGES,
    description_field: str = SYSTEM_DESCRIPTION,
) -> RecordPlan:
    """Decide for one record.

    Args:
        link: None for a new record, or one whose work item was found without a link.
        base: for a work item that an interrupted send created: what both sides said then.
        images: the images of the record's Aha! account.
        description_field: the field for descriptions of a work item that is created.
    """
    if work_item is None:
        files = files_of_new_item(record.attachments)
        decisions = decide_for_new_item(record, images)
        return RecordPlan(
            record, family, None, {}, decisions, files, images=images, description_field=description_field
        )
    known_base = link.base if link else base or {}
    files = sort_files(record.attachments, link, work_item)
    images = images.with_files({**(link.attachments if link else {}), **files.found_on_work_item})
    return RecordPlan(
        record=record,
        family=family,
        work_item=work_item,
        base=known_base,
        decisions=decide_for_item(record, link, known_base, work_item, images, now),
        files=files,
        moves_to_parent=not is_older_payload(record, link)
        and _moves(link, base is not None, work_item, family),
        has_outdated_text=any(
            is_outdated_text(record, link, name, now, images) for name in (Field.NAME, Field.DESCRIPTION)
        ),
        images=images,
        description_field=work_item.shown_field,
    )


def _moves(link: Link | None, is_orphan: bool, work_item: WorkItem, family: Family) -> bool:
    """Whether a requirement's work item gets another parent.

    It does if the requirement moved in Aha!, or if its feature has a new work item. Otherwise, a parent that an
    engineer chose is kept. An orphan is below the feature that the interrupted send was about.
    """
    parent = work_item.parent_id
    is_below_feature = family.feature_work_item_id is not None and parent == family.feature_work_item_id
    if not family.feature_id or is_below_feature:
        return False
    if link is None:
        return parent is None or is_orphan
    feature_is_new = link.parent_work_item_id != family.feature_work_item_id
    return link.parent_aha_id != family.feature_id or (
        feature_is_new and parent in (None, link.parent_work_item_id)
    )


def removed_requirements(plan: RecordPlan, link: Link | None) -> tuple[str, ...]:
    """The requirements that the feature had at its last send and no longer has; their work items are left alone.

    `link` is the link before this send. An older payload removes nothing.
    """
    listed = plan.family.requirement_ids
    if link is None or listed is None or is_older_payload(plan.record, link):
        return ()
    return tuple(item for item in link.requirement_ids if item not in listed)


def link_after_send(
    plan: RecordPlan,
    link: Link | None,
    work_item: WorkItem,
    uploaded: Mapping[str, AttachedFile],
    operation_id: str,
) -> Link:
    """The link once `work_item` is the result of the plan, and the operation's intentions have become the base."""
    base = dict(plan.base)
    images = plan.images.with_files(uploaded)
    work_item = as_planned(work_item, plan)
    for decision in plan.decisions:
        new_base = decision.base_after(work_item, base.get(decision.field), images)
        if new_base is not None:
            base[decision.field] = new_base
    base.setdefault(Field.STATE, Base("", work_item.digest_of(Field.STATE)))
    record, family = plan.record, plan.family
    is_older = is_older_payload(record, link)
    requirement_ids = family.requirement_ids
    if requirement_ids is None or is_older:
        requirement_ids = link.requirement_ids if link else ()
    before = link or _new_link(record, work_item)
    result = replace(
        before,
        reference=record.reference or before.reference,
        name=record.name or before.name,
        parent_aha_id=before.parent_aha_id if link and is_older else family.feature_id,
        work_item_url=work_item.page_url or before.work_item_url,
        work_item_type=work_item.type,
        base=base,
        attachments={**before.attachments, **plan.files.found_on_work_item, **uploaded},
        parent_work_item_id=before.parent_work_item_id if link and is_older else family.feature_work_item_id,
        requirement_ids=requirement_ids,
        sent_as_of=_later(before.sent_as_of, record.updated_at),
        last_error=None,
    )
    settled = without_intentions_of(agreed_about(result, work_item), operation_id)
    return with_agreed_revision(settled, work_item, images)


def _new_link(record: Record, work_item: WorkItem) -> Link:
    return Link(
        kind=record.kind,
        aha_id=record.id,
        reference=record.reference,
        parent_aha_id="",
        work_item_id=work_item.id,
        work_item_url=work_item.page_url,
        work_item_type=work_item.type,
        agreed_revision=0,
    )


def as_planned(work_item: WorkItem, plan: RecordPlan) -> WorkItem:
    """The result of a plan, with the description that the plan is about."""
    if plan.work_item is None:
        return described(work_item, plan.description_field, None)
    return described_after(
        work_item, plan.work_item, is_written=plan.value_to_write(Field.DESCRIPTION) is not None
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)
