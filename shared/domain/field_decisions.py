"""What a send does to each field of one work item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.contents import description_content, name_content
from shared.domain.html_text import is_blank
from shared.domain.images import Images
from shared.domain.intentions import AhaText, AhaTexts, is_being_replaced
from shared.domain.links import Base, Field, Intention, Link, Side, digest
from shared.domain.merge import FieldOutcome, merge
from shared.domain.records import Record
from shared.domain.titles import cut, one_line
from shared.domain.work_item import NO_IMAGES, WorkItem, description_digest


@dataclass(frozen=True)
class FieldDecision:
    """What happens to one field. `value` is the new text of the work item, `aha` the digest of the text in Aha!."""

    field: Field
    outcome: FieldOutcome
    value: str
    aha: str

    def base_after(self, work_item: WorkItem, before: Base | None, images: Images) -> Base | None:
        """The field's base once `work_item` is the result. A field that is left alone keeps its old base."""
        if self.outcome.keeps_base(has_base=before is not None):
            return before
        theirs = work_item.digest_of(self.field, images)
        return replace(before or Base("", ""), aha=self.aha, azure_devops=theirs)

    def intention(self, work_item: WorkItem, images: Images, operation_id: str, now: datetime) -> Intention:
        """The intention to update this field. It is stored before the update is requested."""
        is_name = self.field is Field.NAME
        return Intention(
            field=self.field,
            side=Side.AZURE_DEVOPS,
            source=self.aha,
            written=name_content(self.value) if is_name else description_content(self.value, images),
            replaced=work_item.digest_of(self.field, images),
            revision=work_item.revision + 1,
            operation_id=operation_id,
            noted_at=now,
        )


def decide_for_new_item(record: Record, images: Images) -> tuple[FieldDecision, ...]:
    """The fields of a work item that is created."""
    description = record.description or ""
    intended = intended_digests(record, images)
    return (
        FieldDecision(Field.NAME, FieldOutcome.WRITE, cut(record.title), intended[Field.NAME]),
        FieldDecision(Field.DESCRIPTION, FieldOutcome.WRITE, description, intended[Field.DESCRIPTION]),
    )


def intended_digests(record: Record, images: Images = NO_IMAGES) -> dict[Field, str]:
    """The digests of the texts in Aha!: the title before any cut, and the description."""
    return {
        Field.NAME: digest(one_line(record.title)),
        Field.DESCRIPTION: description_digest(record.description or "", images.of_aha),
    }


def payload_texts(record: Record, images: Images) -> AhaTexts:
    """The texts of Aha! in the payload, for settling intentions."""
    digests = intended_digests(record, images)
    texts: dict[Field, AhaText] = {}
    if record.name is not None:
        texts[Field.NAME] = AhaText(digests[Field.NAME], frozenset((name_content(record.title),)))
    if record.description is not None:
        content = description_content(record.description, images)
        texts[Field.DESCRIPTION] = AhaText(digests[Field.DESCRIPTION], frozenset((content,)))
    return AhaTexts(texts, record.updated_at)


def decide_for_item(
    record: Record,
    link: Link | None,
    base: Mapping[Field, Base],
    work_item: WorkItem,
    images: Images,
    now: datetime,
) -> tuple[FieldDecision, ...]:
    """The payload's fields, each merged with the work item's current text.

    A field with an outdated text in the payload is left out, so that it does not undo later changes.
    """
    intended = intended_digests(record, images)
    carried: list[tuple[Field, str, bool]] = []
    if record.name is not None:
        title = cut(record.title)
        carried.append((Field.NAME, title, title == work_item.title))
    if record.description is not None:
        same = work_item.shows(intended[Field.DESCRIPTION], images)
        carried.append((Field.DESCRIPTION, record.description, same))
    decisions = (
        FieldDecision(
            name,
            _merge(base.get(name), intended[name], work_item.digest_of(name, images), same),
            value,
            intended[name],
        )
        for name, value, same in carried
        if not is_outdated_text(record, link, name, now, images)
    )
    return tuple(_shown(decision, work_item) for decision in decisions)


def _shown(decision: FieldDecision, work_item: WorkItem) -> FieldDecision:
    """The decision. An agreed description is still written if the work item's form does not show it."""
    is_moved = (
        decision.field is Field.DESCRIPTION
        and decision.outcome is FieldOutcome.UNCHANGED
        and work_item.description_is_hidden
        and not is_blank(decision.value)
    )
    return replace(decision, outcome=FieldOutcome.WRITE) if is_moved else decision


def _merge(base: Base | None, ours: str, theirs: str, same: bool) -> FieldOutcome:
    if base is None or not base.aha:
        # The sides were never in sync: an empty field counts as unchanged on either side.
        return merge(source_changed=ours != digest(""), target_changed=theirs != digest(""), same=same)
    return merge(source_changed=ours != base.aha, target_changed=theirs != base.azure_devops, same=same)


def is_older_payload(record: Record, link: Link | None) -> bool:
    """Whether a newer payload of the record was sent already."""
    if link is None or link.sent_as_of is None or record.updated_at is None:
        return False
    return record.updated_at < link.sent_as_of


def is_outdated_text(
    record: Record, link: Link | None, name: Field, now: datetime, images: Images = NO_IMAGES
) -> bool:
    """Whether the payload's text of a field was overtaken by something that was synced since.

    Either a newer payload was sent already, or a notification writes the field into Aha! now, or has done so since. All
    compared times are of Aha!'s own clock.
    """
    if link is None:
        return False
    if is_older_payload(record, link):
        return True
    base = link.base.get(name)
    text = intended_digests(record, images)[name]
    if base is not None and text == base.aha:
        return False
    if is_being_replaced(link, name, text, record.updated_at, now):
        return True
    if base is None or base.received_as_of is None or record.updated_at is None:
        return False
    return record.updated_at < base.received_as_of
