"""What a changed work item means for its Aha! record: decided from both as they are now and what was last agreed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.domain.aha_record import AhaRecord
from shared.domain.html_text import text_as_html
from shared.domain.images import DescriptionForAha, Images, for_aha, inline_images
from shared.domain.links import Agreement, Field, Link, digest
from shared.domain.merge import Outcome, merge
from shared.domain.send_plan import with_agreed_revision
from shared.domain.titles import cut, full_title, one_line
from shared.domain.work_item import NO_IMAGES, WorkItem, description_digest


@dataclass(frozen=True)
class ReceivePlan:
    """What is to be written into Aha!; None leaves a field alone. `outcomes` has a decision for every field.

    `unmapped_state` is the work item's state where it changed and no status is mapped to it. `images` are those of the
    record, and `left_images` the names of those that the description only links to.
    """

    name: str | None
    description: str | None
    status: str | None
    outcomes: Mapping[Field, Outcome]
    unmapped_state: str | None
    images: Images = NO_IMAGES
    left_images: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether Aha! has to be written to."""
        return any(value is not None for value in (self.name, self.description, self.status))

    @property
    def written_fields(self) -> frozenset[Field]:
        """The fields that are written."""
        values = {Field.NAME: self.name, Field.DESCRIPTION: self.description, Field.STATE: self.status}
        return frozenset(name for name, value in values.items() if value is not None)

    @property
    def conflicts(self) -> tuple[Field, ...]:
        """The fields in which Azure DevOps' change overwrites one made in Aha!."""
        return tuple(name for name, outcome in self.outcomes.items() if outcome is Outcome.CONFLICT)


def plan_receive(
    link: Link,
    work_item: WorkItem,
    record: AhaRecord,
    status_mapping: Mapping[str, str],
    rewritten: frozenset[Field] = frozenset(),
    images: Images = NO_IMAGES,
) -> ReceivePlan:
    """Decide for the three fields that come back. `images` names the account that the record is of.

    `rewritten`: fields that this notification wrote before it found that another one had got ahead of it. What it wrote
    may have been older, so for them the work item is taken to have changed.
    """
    mapped = status_mapping.get(work_item.state)
    images = images.with_files(link.attachments)
    theirs = {name: work_item.digest_of(name, images) for name in Field}
    shown = _digests(link, record, images)
    same = {
        Field.NAME: work_item.title == cut(aha_title(record, link)),
        Field.DESCRIPTION: theirs[Field.DESCRIPTION] == shown[Field.DESCRIPTION],
        Field.STATE: mapped is not None and record.status.is_named_by(mapped),
    }
    outcomes = {
        name: _merge(link.agreed.get(name), theirs[name], shown[name], same[name], name in rewritten)
        for name in Field
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
    )


def _html(link: Link, work_item: WorkItem, record: AhaRecord, images: Images) -> DescriptionForAha:
    """The description for Aha!, which knows HTML only: one kept in Markdown is shown as the text it is."""
    if work_item.description_is_markdown:
        return DescriptionForAha(text_as_html(work_item.description))
    sources = {**record.attachments, **inline_images(record.description, images.aha_host)}
    return for_aha(work_item.description, images, sources, work_item.page_url or link.work_item_url)


def _digests(link: Link, record: AhaRecord, images: Images) -> dict[Field, str]:
    """The digests of what Aha! says."""
    return {
        Field.NAME: digest(aha_title(record, link)),
        Field.DESCRIPTION: description_digest(record.description, Images(images.aha_host)),
        Field.STATE: digest(record.status.id),
    }


def aha_title(record: AhaRecord, link: Link) -> str:
    """What Aha! says the title is: for a record without a name, what a send would make of its description."""
    return one_line(full_title(record.name, record.description, link.kind.value))


def _merge(agreed: Agreement | None, theirs: str, aha: str, same: bool, is_rewritten: bool) -> Outcome:
    if agreed is None or is_rewritten:
        return merge(carried_changed=True, other_changed=False, same=same)
    # A send does not ask what the status is in Aha!; where it is not known, it has not changed.
    aha_changed = bool(agreed.aha) and aha != agreed.aha
    return merge(carried_changed=theirs != agreed.azure_devops, other_changed=aha_changed, same=same)


def link_after(
    plan: ReceivePlan,
    link: Link,
    work_item: WorkItem,
    before: AhaRecord,
    after: AhaRecord,
    refused: frozenset[Field] = frozenset(),
) -> Link:
    """The link once Aha! says `after`, where it said `before`.

    A field that Aha! refused counts as seen: the same notification must not knock at the same door for ever, and
    a later change of the field is carried again.
    """
    replaced, shown = _digests(link, before, plan.images), _digests(link, after, plan.images)
    agreed = dict(link.agreed)
    received_as_of = after.updated_at if plan.written_fields - refused else link.received_as_of
    for name, outcome in plan.outcomes.items():
        known = agreed.get(name)
        if outcome is Outcome.LEAVE or (outcome is Outcome.UNCHANGED and known is not None):
            continue
        theirs = work_item.digest_of(name, plan.images)
        if name in refused and known is not None:
            agreed[name] = replace(known, azure_devops=theirs)
        elif name in plan.written_fields:
            known = known or Agreement("", "")
            agreed[name] = known.after_write_to_aha(shown[name], theirs, replaced[name])
        elif known is not None and known.aha and known.aha != shown[name]:
            # Another notification has just brought it and not yet noted what it replaced.
            agreed[name] = known.after_write_to_aha(shown[name], theirs, known.aha)
            received_as_of = after.updated_at
        else:
            agreed[name] = Agreement(shown[name], theirs, known.replaced_in_aha if known else ())
    new_link = replace(link, agreed=agreed, received_as_of=received_as_of)
    return with_agreed_revision(new_link, work_item, plan.images)
