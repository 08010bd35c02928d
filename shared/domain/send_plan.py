"""What a send has to change: decided from the records, their links and the work items as they are now.

Nothing here talks to anybody. Executing a plan is `shared.sending`'s work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.field_decisions import (
    FieldDecision,
    decide_for_item,
    decide_for_new_item,
    is_old_news,
    is_outdated,
)
from shared.domain.files import Files, files_of_new_item, sort_files
from shared.domain.images import Images, for_azure_devops
from shared.domain.links import Agreement, AttachedFile, Field, Link
from shared.domain.merge import Outcome
from shared.domain.records import Record
from shared.domain.work_item import NO_IMAGES, WorkItem


@dataclass(frozen=True)
class Family:
    """Where a record belongs.

    For a requirement: its feature, and that feature's work item where there is one. For a feature: the ids of its
    requirements, None where the payload says nothing of them.
    """

    feature_id: str = ""
    feature_work_item_id: int | None = None
    requirement_ids: tuple[str, ...] | None = None


@dataclass(frozen=True)
class RecordPlan:
    """What a send does for one record. `work_item` is None where one has to be created.

    `is_old`: the payload was made before something that was synchronised since. `images` are those that are there
    before anything is uploaded.
    """

    record: Record
    family: Family
    work_item: WorkItem | None
    agreed: Mapping[Field, Agreement]
    decisions: tuple[FieldDecision, ...]
    files: Files
    moves_to_parent: bool = False
    is_old: bool = False
    images: Images = NO_IMAGES

    @property
    def creates(self) -> bool:
        """Whether a work item has to be created."""
        return self.work_item is None

    @property
    def writes(self) -> bool:
        """Whether Azure DevOps has to be written to."""
        changed = any(decision.outcome.writes for decision in self.decisions)
        moves_or_uploads = self.moves_to_parent or bool(self.files.to_upload)
        return self.creates or changed or moves_or_uploads or self.description_to_write({}) is not None

    def value_to_write(self, name: Field) -> str | None:
        """The new value of a field, None where it is left alone."""
        for decision in self.decisions:
            if decision.field is name and decision.outcome.writes:
                return decision.value
        return None

    def description_to_write(self, uploaded: Mapping[str, AttachedFile]) -> str | None:
        """The new description with its images, as far as they are there, None where it is left alone.

        A description that is left alone is written all the same if an image in it still leads to Aha! although its
        upload is there by now.
        """
        item, images = self.work_item, self.images.with_files(uploaded)
        html = self.value_to_write(Field.DESCRIPTION)
        if html is not None:
            return for_azure_devops(html, images, item.description if item else "")
        if item is None or item.description_is_markdown:
            return None
        repaired = for_azure_devops(item.description, images)
        return repaired if repaired != item.description else None

    @property
    def conflicts(self) -> tuple[Field, ...]:
        """The fields in which Aha!'s change overwrites one made in Azure DevOps."""
        return tuple(item.field for item in self.decisions if item.outcome is Outcome.CONFLICT)

    @property
    def left_alone(self) -> tuple[Field, ...]:
        """The fields in which a change made in Azure DevOps stays as it is."""
        return tuple(item.field for item in self.decisions if item.outcome is Outcome.LEAVE)


def plan_record(
    record: Record,
    link: Link | None,
    work_item: WorkItem | None,
    family: Family,
    *,
    base: Mapping[Field, Agreement] | None = None,
    images: Images = NO_IMAGES,
) -> RecordPlan:
    """Decide for one record.

    `link` is None for a record that is new or whose work item was found without one. `base` is what both sides
    agreed on when an earlier send, which did not live to note it, created that work item. `images` names the account
    that the record is of.
    """
    if work_item is None:
        files = files_of_new_item(record.attachments)
        decisions = decide_for_new_item(record, images)
        return RecordPlan(record, family, None, {}, decisions, files, images=images)
    agreed = link.agreed if link else base or {}
    files = sort_files(record.attachments, link, work_item)
    images = images.with_files({**(link.attachments if link else {}), **files.found_on_work_item})
    return RecordPlan(
        record=record,
        family=family,
        work_item=work_item,
        agreed=agreed,
        decisions=decide_for_item(record, link, agreed, work_item, images),
        files=files,
        moves_to_parent=not is_outdated(record, link) and _moves(link, base is not None, work_item, family),
        is_old=any(is_old_news(record, link, name, images) for name in (Field.NAME, Field.DESCRIPTION)),
        images=images,
    )


def _moves(link: Link | None, is_orphan: bool, work_item: WorkItem, family: Family) -> bool:
    """Whether a requirement has to go below another work item.

    Only a move in Aha! counts, or a feature whose work item is a new one: a parent that an engineer chose stays while
    the requirement is where it was. An orphan is below the feature that the interrupted send was about.
    """
    parent = work_item.parent_id
    is_there = family.feature_work_item_id is not None and parent == family.feature_work_item_id
    if not family.feature_id or is_there:
        return False
    if link is None:
        return parent is None or is_orphan
    feature_is_new = link.parent_work_item_id != family.feature_work_item_id
    return link.parent_aha_id != family.feature_id or (
        feature_is_new and parent in (None, link.parent_work_item_id)
    )


def removed_requirements(link: Link | None, family: Family) -> tuple[str, ...]:
    """The requirements that the feature had when it was last sent and has no more; their work items are left alone."""
    if link is None or family.requirement_ids is None:
        return ()
    return tuple(item for item in link.requirement_ids if item not in family.requirement_ids)


def link_after(
    plan: RecordPlan, link: Link | None, work_item: WorkItem, uploaded: Mapping[str, AttachedFile]
) -> Link:
    """The link once `work_item` is what the plan's execution left behind."""
    agreed = dict(plan.agreed)
    images = plan.images.with_files(uploaded)
    for decision in plan.decisions:
        agreement = decision.agreement(work_item, agreed.get(decision.field), images)
        if agreement is not None:
            agreed[decision.field] = agreement
    agreed.setdefault(Field.STATE, Agreement("", work_item.digest_of(Field.STATE)))
    record, family = plan.record, plan.family
    outdated = is_outdated(record, link)
    requirement_ids = family.requirement_ids
    if requirement_ids is None or outdated:
        requirement_ids = link.requirement_ids if link else ()
    result = Link(
        kind=record.kind,
        aha_id=record.id,
        reference=record.reference or (link.reference if link else ""),
        parent_aha_id=link.parent_aha_id if link and outdated else family.feature_id,
        work_item_id=work_item.id,
        work_item_url=work_item.page_url or (link.work_item_url if link else ""),
        work_item_type=work_item.type,
        agreed_revision=link.agreed_revision if link else 0,
        agreed=agreed,
        attachments={**(link.attachments if link else {}), **plan.files.found_on_work_item, **uploaded},
        parent_work_item_id=link.parent_work_item_id if link and outdated else family.feature_work_item_id,
        requirement_ids=requirement_ids,
        sent_as_of=_later(link.sent_as_of if link else None, record.updated_at),
        received_as_of=link.received_as_of if link else None,
    )
    return with_agreed_revision(result, work_item, images)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)


def with_agreed_revision(link: Link, work_item: WorkItem, images: Images = NO_IMAGES) -> Link:
    """The link, its agreed revision moved on to this one if every field of it is agreed with Aha!."""
    is_agreed = all(
        name in link.agreed and link.agreed[name].azure_devops == work_item.digest_of(name, images)
        for name in Field
    )
    if not is_agreed or work_item.revision <= link.agreed_revision:
        return link
    return replace(link, agreed_revision=work_item.revision)
