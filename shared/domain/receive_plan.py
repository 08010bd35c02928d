"""What to write into the Aha! record of a changed work item, decided from both current states and the base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.agreed_revision import with_agreed_revision
from shared.domain.aha_record import AhaRecord
from shared.domain.contents import contents_of_status, description_content, name_content, status_content
from shared.domain.images import DescriptionForAha, Images, for_aha, inline_images
from shared.domain.intentions import AhaText, AhaTexts, fields_intended_for_aha, without_intentions_of
from shared.domain.links import Base, Field, Intention, Link, Side, digest
from shared.domain.merge import FieldOutcome, merge
from shared.domain.present_description import agreed_about
from shared.domain.titles import cut, full_title, one_line
from shared.domain.work_item import NO_IMAGES, WorkItem, description_digest


@dataclass(frozen=True)
class ReceivePlan:
    """What is written into Aha!; None leaves a field alone. `outcomes` has a decision for every field.

    `unmapped_state` is the work item's state if it changed and no status is mapped to it. `images` are those of the
    record, and `left_images` the names of those that the description only links to. `shows_source`: the description
    that is written shows Markdown, because it could not be rendered.
    """

    name: str | None
    description: str | None
    status: str | None
    outcomes: Mapping[Field, FieldOutcome]
    unmapped_state: str | None
    images: Images = NO_IMAGES
    left_images: tuple[str, ...] = ()
    shows_source: bool = False

    @property
    def values(self) -> dict[Field, str]:
        """The fields that are written, and their new texts."""
        values = {Field.NAME: self.name, Field.DESCRIPTION: self.description, Field.STATE: self.status}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def writes(self) -> bool:
        """Whether Aha! is written to."""
        return bool(self.values)

    @property
    def written_fields(self) -> frozenset[Field]:
        """The fields that are written."""
        return frozenset(self.values)

    @property
    def conflicts(self) -> tuple[Field, ...]:
        """The fields in which Azure DevOps' change overwrites one made in Aha!."""
        return tuple(name for name, outcome in self.outcomes.items() if outcome is FieldOutcome.CONFLICT)

    def intentions(
        self, link: Link, work_item: WorkItem, record: AhaRecord, operation_id: str, now: datetime
    ) -> tuple[Intention, ...]:
        """The intentions of the field updates. They are stored before the write to Aha!."""
        replaced = _digests(link, record, self.images)
        return tuple(
            Intention(
                field=name,
                side=Side.AHA,
                source=work_item.digest_of(name, self.images),
                written=_content(name, value, self.images),
                replaced=replaced[name],
                revision=work_item.revision,
                operation_id=operation_id,
                noted_at=now,
                replaced_as_of=record.updated_at,
            )
            for name, value in self.values.items()
        )


def plan_receive(
    link: Link,
    work_item: WorkItem,
    record: AhaRecord,
    status_mapping: Mapping[str, str],
    images: Images = NO_IMAGES,
) -> ReceivePlan:
    """Decide for the three fields that a notification carries. `images` are those of the record's Aha! account."""
    mapped = status_mapping.get(work_item.state)
    images = images.with_files(link.attachments)
    theirs = {name: work_item.digest_of(name, images) for name in Field}
    shown = _digests(link, record, images)
    same = {
        Field.NAME: work_item.title == cut(aha_title(record, link)),
        Field.DESCRIPTION: work_item.shows(shown[Field.DESCRIPTION], images),
        Field.STATE: mapped is not None and record.status.is_named_by(mapped),
    }
    outcomes = {
        name: _merge(name, link.base.get(name), theirs[name], shown[name], same[name]) for name in Field
    }
    writes_state = outcomes[Field.STATE].writes
    description = _html(link, work_item, record, images) if outcomes[Field.DESCRIPTION].writes else None
    return ReceivePlan(
        name=work_item.title if outcomes[Field.NAME].writes else None,
        description=description.html if description else None,
        status=mapped if writes_state else None,
        outcomes=outcomes,
        unmapped_state=work_item.state if writes_state and mapped is None else None,
        images=images,
        left_images=description.left_in_azure_devops if description else (),
        shows_source=description is not None and work_item.description_as_shown.is_source,
    )


def aha_texts(link: Link, record: AhaRecord, images: Images) -> AhaTexts:
    """The current texts in Aha! of the fields for which the link has an intention in Aha!."""
    noted = fields_intended_for_aha(link)
    if not noted:
        return AhaTexts(updated_at=record.updated_at, is_current=True)
    images = images.with_files(link.attachments)
    digests = _digests(link, record, images)
    texts = {name: AhaText(digests[name], _shown_contents(name, link, record, images)) for name in noted}
    return AhaTexts(texts, record.updated_at, is_current=True)


def _shown_contents(name: Field, link: Link, record: AhaRecord, images: Images) -> frozenset[str]:
    """The `_content` digests of the text that Aha! shows in a field. A status may have been written by name or id."""
    if name is Field.STATE:
        return contents_of_status(record.status)
    return frozenset(
        (_content(name, aha_title(record, link) if name is Field.NAME else record.description, images),)
    )


def _html(link: Link, work_item: WorkItem, record: AhaRecord, images: Images) -> DescriptionForAha:
    """The description for Aha!."""
    sources = {**record.attachments, **inline_images(record.description, images.aha_host)}
    return for_aha(work_item.description_html, images, sources, work_item.page_url or link.work_item_url)


def _digests(link: Link, record: AhaRecord, images: Images) -> dict[Field, str]:
    """The digests of the texts in Aha!."""
    return {
        Field.NAME: digest(aha_title(record, link)),
        Field.DESCRIPTION: description_digest(record.description, images.of_aha),
        Field.STATE: digest(record.status.id),
    }


def aha_title(record: AhaRecord, link: Link) -> str:
    """The record's title in Aha!; for a record without a name, what a send makes of its description."""
    return one_line(full_title(record.name, record.description, link.kind.value))


def _merge(name: Field, base: Base | None, theirs: str, aha: str, same: bool) -> FieldOutcome:
    if base is None:
        return merge(source_changed=True, target_changed=False, same=same)
    aha_before = base.aha
    if not aha_before:
        # The sides were never in sync: an empty text counts as unchanged, and so does a status: no send carries it.
        aha_before = aha if name is Field.STATE else digest("")
    return merge(source_changed=theirs != base.azure_devops, target_changed=aha != aha_before, same=same)


def kept_fields(plan: ReceivePlan, link: Link, before: AhaRecord, after: AhaRecord) -> frozenset[Field]:
    """The fields that Aha! did not change although it answered a write with success.

    Aha! cleans up HTML, so a field counts as changed if it shows the written text or any new text.
    """
    old, new = _digests(link, before, plan.images), _digests(link, after, plan.images)
    return frozenset(
        name
        for name, value in plan.values.items()
        if old[name] == new[name]
        and _content(name, value, plan.images) not in _shown_contents(name, link, after, plan.images)
    )


def _content(name: Field, value: str, images: Images) -> str:
    """The digest of what a reader sees of a field's new value."""
    if name is Field.DESCRIPTION:
        return description_content(value, images)
    return name_content(value) if name is Field.NAME else status_content(value)


def link_after_receive(
    plan: ReceivePlan,
    link: Link,
    work_item: WorkItem,
    after: AhaRecord,
    *,
    not_taken: frozenset[Field],
    operation_id: str,
) -> Link:
    """The link once Aha! has `after`, and the operation's intentions have become the base.

    A field that Aha! did not take keeps its base, and the revision is noted, so that nothing tries it again before the
    work item's next change.
    """
    shown = _digests(link, after, plan.images)
    base = dict(link.base)
    for name, outcome in plan.outcomes.items():
        known = base.get(name)
        if name in not_taken or outcome.keeps_base(has_base=known is not None):
            continue
        theirs = work_item.digest_of(name, plan.images)
        received_as_of = known.received_as_of if known else None
        if name in plan.written_fields:
            received_as_of = after.updated_at or received_as_of
        base[name] = Base(shown[name], theirs, received_as_of)
    # An error of a send is kept until a send, or a notification that writes, succeeds.
    went_through = not not_taken and (plan.writes or link.refused_revision > 0)
    new_link = replace(
        link,
        name=after.name or link.name,
        base=base,
        refused_revision=work_item.revision if not_taken else 0,
        last_error=None if went_through else link.last_error,
    )
    if Field.DESCRIPTION not in not_taken:
        new_link = agreed_about(new_link, work_item)
    return with_agreed_revision(without_intentions_of(new_link, operation_id), work_item, plan.images)
