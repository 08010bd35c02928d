"""What a send has to change: decided from the records, their links and the work items as they are now.

Nothing here talks to anybody. Executing a plan is `shared.sending`'s work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from shared.domain.links import Agreement, AttachedFile, Field, Link, digest
from shared.domain.merge import Outcome, merge
from shared.domain.records import Attachment, Record
from shared.domain.titles import cut, one_line
from shared.domain.work_item import WorkItem, description_digest


@dataclass(frozen=True)
class FieldDecision:
    """What happens to one field. `value` is what the work item should say; `aha` is the digest of what Aha! says."""

    field: Field
    outcome: Outcome
    value: str
    aha: str

    def agreement(self, work_item: WorkItem, before: Agreement | None) -> Agreement | None:
        """What both sides agree on once `work_item` is the result; an engineer's change that stays agrees on nothing
        new."""
        if self.outcome is Outcome.LEAVE:
            return before
        if self.outcome is Outcome.UNCHANGED and before is not None:
            return before
        return Agreement(self.aha, work_item.digest_of(self.field))


@dataclass(frozen=True)
class Files:
    """A record's attachments, told apart by what is known of them."""

    to_upload: tuple[Attachment, ...] = ()
    sent_before: Mapping[str, AttachedFile] = field(default_factory=dict)
    found_on_work_item: Mapping[str, AttachedFile] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordPlan:
    """What a send does for one record. `work_item` is None where one has to be created."""

    record: Record
    work_item: WorkItem | None
    decisions: tuple[FieldDecision, ...]
    files: Files
    moves_to_parent: bool = False

    @property
    def creates(self) -> bool:
        """Whether a work item has to be created."""
        return self.work_item is None

    @property
    def writes(self) -> bool:
        """Whether Azure DevOps has to be written to."""
        changed = any(decision.outcome.writes for decision in self.decisions)
        return self.creates or changed or self.moves_to_parent or bool(self.files.to_upload)

    def value_to_write(self, name: Field) -> str | None:
        """The new value of a field, None where it is left alone."""
        for decision in self.decisions:
            if decision.field is name and decision.outcome.writes:
                return decision.value
        return None

    @property
    def conflicts(self) -> tuple[Field, ...]:
        """The fields in which Aha!'s change overwrites one made in Azure DevOps."""
        return tuple(item.field for item in self.decisions if item.outcome is Outcome.CONFLICT)

    @property
    def left_alone(self) -> tuple[Field, ...]:
        """The fields in which a change made in Azure DevOps stays as it is."""
        return tuple(item.field for item in self.decisions if item.outcome is Outcome.LEAVE)


@dataclass(frozen=True)
class Parent:
    """The feature of a requirement, and its work item where there is one. A feature's own parent is empty."""

    aha_id: str = ""
    work_item_id: int | None = None


def plan_record(
    record: Record,
    link: Link | None,
    work_item: WorkItem | None,
    parent: Parent,
    *,
    is_untouched: bool = False,
) -> RecordPlan:
    """Decide for one record.

    `link` is None for a record that is new or whose work item was adopted without one. `is_untouched` tells of an
    adopted work item that an earlier send created and nobody changed since: writing to it overwrites nobody.
    """
    if work_item is None:
        return RecordPlan(record, None, _fields_of_a_new_item(record), Files(to_upload=record.attachments))
    return RecordPlan(
        record=record,
        work_item=work_item,
        decisions=_decide_fields(record, link, work_item, is_untouched),
        files=sort_files(record.attachments, link, work_item),
        moves_to_parent=_moves(link, work_item, parent),
    )


def _fields_of_a_new_item(record: Record) -> tuple[FieldDecision, ...]:
    description = record.description or ""
    return (
        FieldDecision(Field.NAME, Outcome.WRITE, cut(record.title), title_digest(record)),
        FieldDecision(Field.DESCRIPTION, Outcome.WRITE, description, description_digest(description)),
    )


def _decide_fields(
    record: Record, link: Link | None, work_item: WorkItem, is_untouched: bool
) -> tuple[FieldDecision, ...]:
    agreed = link.agreed if link else {}
    if link is None and is_untouched:
        agreed = {name: Agreement("", work_item.digest_of(name)) for name in Field}
    decisions = []
    if record.name is not None:
        value = cut(record.title)
        decisions.append(
            _decide(Field.NAME, value, title_digest(record), work_item, agreed, same=value == work_item.title)
        )
    if record.description is not None:
        aha = description_digest(record.description)
        same = aha == work_item.digest_of(Field.DESCRIPTION)
        decisions.append(_decide(Field.DESCRIPTION, record.description, aha, work_item, agreed, same=same))
    return tuple(decisions)


def _decide(
    name: Field,
    value: str,
    aha: str,
    work_item: WorkItem,
    agreed: Mapping[Field, Agreement],
    *,
    same: bool,
) -> FieldDecision:
    before = agreed.get(name)
    theirs = work_item.digest_of(name)
    if before is None:
        # Nothing was ever agreed: an empty field is no change of anybody's.
        outcome = merge(carried_changed=True, other_changed=theirs != digest(""), same=same)
    else:
        outcome = merge(
            carried_changed=aha != before.aha, other_changed=theirs != before.azure_devops, same=same
        )
    return FieldDecision(name, outcome, value, aha)


def title_digest(record: Record) -> str:
    """The digest of what Aha! says the title is, before any cut."""
    return digest(one_line(record.title))


def sort_files(attachments: Iterable[Attachment], link: Link | None, work_item: WorkItem) -> Files:
    """Which attachments still have to be sent.

    One that was sent before is left alone, even when an engineer removed it since. Otherwise a file of the same name
    and size on the work item is taken to be the attachment, each for one attachment only.
    """
    sent = link.attachments if link else {}
    known_urls = {item.url for item in sent.values()}
    on_work_item = [item for item in work_item.attached_files if item.url not in known_urls]
    to_upload: list[Attachment] = []
    sent_before: dict[str, AttachedFile] = {}
    found: dict[str, AttachedFile] = {}
    for attachment in attachments:
        if attachment.id in sent:
            sent_before[attachment.id] = sent[attachment.id]
            continue
        match = next(
            (
                item
                for item in on_work_item
                if attachment.size is not None
                and item.attributes.get("name") == attachment.file_name
                and item.attributes.get("resourceSize") == attachment.size
            ),
            None,
        )
        if match is None:
            to_upload.append(attachment)
        else:
            on_work_item.remove(match)
            found[attachment.id] = AttachedFile(match.url, attachment.file_name, attachment.size)
    return Files(tuple(to_upload), sent_before, found)


def _moves(link: Link | None, work_item: WorkItem, parent: Parent) -> bool:
    """Whether a requirement has to go below another work item.

    Only a move in Aha! counts: a parent that an engineer chose stays while the requirement is where it was.
    """
    if not parent.aha_id or (parent.work_item_id is not None and work_item.parent_id == parent.work_item_id):
        return False
    if link is None:
        return work_item.parent_id is None
    return link.parent_aha_id != parent.aha_id


def link_after(
    plan: RecordPlan,
    link: Link | None,
    work_item: WorkItem,
    parent_aha_id: str,
    uploaded: Mapping[str, AttachedFile],
) -> Link:
    """The link once `work_item` is what the plan's execution left behind."""
    agreed = dict(link.agreed) if link else {}
    for decision in plan.decisions:
        agreement = decision.agreement(work_item, agreed.get(decision.field))
        if agreement is not None:
            agreed[decision.field] = agreement
    agreed.setdefault(Field.STATE, Agreement("", work_item.digest_of(Field.STATE)))
    attachments = {**(link.attachments if link else {}), **plan.files.found_on_work_item, **uploaded}
    record = plan.record
    result = Link(
        kind=record.kind,
        aha_id=record.id,
        reference=record.reference or (link.reference if link else ""),
        parent_aha_id=parent_aha_id,
        work_item_id=work_item.id,
        work_item_url=work_item.page_url or (link.work_item_url if link else ""),
        work_item_type=work_item.type,
        agreed_revision=link.agreed_revision if link else 0,
        agreed=agreed,
        attachments=attachments,
    )
    return with_agreed_revision(result, work_item)


def with_agreed_revision(link: Link, work_item: WorkItem) -> Link:
    """The link, its agreed revision moved on to this one if every field of it is agreed with Aha!."""
    is_agreed = all(
        name in link.agreed and link.agreed[name].azure_devops == work_item.digest_of(name) for name in Field
    )
    if not is_agreed or work_item.revision <= link.agreed_revision:
        return link
    return replace(link, agreed_revision=work_item.revision)
