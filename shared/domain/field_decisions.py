"""What a send does to the fields of one work item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.images import Images
from shared.domain.links import Agreement, Field, Link, digest
from shared.domain.merge import Outcome, merge
from shared.domain.records import Record
from shared.domain.titles import cut, one_line
from shared.domain.work_item import NO_IMAGES, WorkItem, description_digest


@dataclass(frozen=True)
class FieldDecision:
    """What happens to one field. `value` is what the work item should say; `aha` is the digest of what Aha! says."""

    field: Field
    outcome: Outcome
    value: str
    aha: str

    def agreement(self, work_item: WorkItem, before: Agreement | None, images: Images) -> Agreement | None:
        """What both sides agree on once `work_item` is the result; a change that stays agrees on nothing new."""
        if self.outcome is Outcome.LEAVE or (self.outcome is Outcome.UNCHANGED and before is not None):
            return before
        theirs = work_item.digest_of(self.field, images)
        return Agreement(self.aha, theirs, before.replaced_in_aha if before else ())


def decide_for_new_item(record: Record, images: Images) -> tuple[FieldDecision, ...]:
    """The fields of a work item that is created."""
    description = record.description or ""
    intended = intended_digests(record, images)
    return (
        FieldDecision(Field.NAME, Outcome.WRITE, cut(record.title), intended[Field.NAME]),
        FieldDecision(Field.DESCRIPTION, Outcome.WRITE, description, intended[Field.DESCRIPTION]),
    )


def intended_digests(record: Record, images: Images = NO_IMAGES) -> dict[Field, str]:
    """The digests of what Aha! says: of the title before any cut, and of the description."""
    return {
        Field.NAME: digest(one_line(record.title)),
        Field.DESCRIPTION: description_digest(record.description or "", Images(images.aha_host)),
    }


def decide_for_item(
    record: Record,
    link: Link | None,
    agreed: Mapping[Field, Agreement],
    work_item: WorkItem,
    images: Images,
) -> tuple[FieldDecision, ...]:
    """The fields that the payload carries, each merged with what the work item says now.

    A field of which the payload only has old news is left out: it must not undo what came after.
    """
    intended = intended_digests(record, images)
    carried: list[tuple[Field, str, bool]] = []
    if record.name is not None:
        title = cut(record.title)
        carried.append((Field.NAME, title, title == work_item.title))
    if record.description is not None:
        same = intended[Field.DESCRIPTION] == work_item.digest_of(Field.DESCRIPTION, images)
        carried.append((Field.DESCRIPTION, record.description, same))
    return tuple(
        FieldDecision(
            name,
            _merge(agreed.get(name), intended[name], work_item.digest_of(name, images), same),
            value,
            intended[name],
        )
        for name, value, same in carried
        if not is_old_news(record, link, name, images)
    )


def _merge(before: Agreement | None, ours: str, theirs: str, same: bool) -> Outcome:
    if before is None:
        # Nothing was ever agreed: an empty field is no change of anybody's, on either side.
        return merge(carried_changed=ours != digest(""), other_changed=theirs != digest(""), same=same)
    return merge(carried_changed=ours != before.aha, other_changed=theirs != before.azure_devops, same=same)


def is_outdated(record: Record, link: Link | None) -> bool:
    """Whether a newer payload of the record was sent already."""
    if link is None or link.sent_as_of is None or record.updated_at is None:
        return False
    return record.updated_at < link.sent_as_of


def is_old_news(record: Record, link: Link | None, name: Field, images: Images = NO_IMAGES) -> bool:
    """Whether the payload was made before something that has reached the link since.

    Either a newer payload was sent already, or the field is what a notification has replaced in Aha! after the payload
    was made. All times are of Aha!'s own clock.
    """
    if link is None or record.updated_at is None:
        return False
    if is_outdated(record, link):
        return True
    agreed = link.agreed.get(name)
    if agreed is None or not agreed.replaced_in_aha or link.received_as_of is None:
        return False
    intended = intended_digests(record, images)[name]
    return intended in agreed.replaced_in_aha and record.updated_at < link.received_as_of
