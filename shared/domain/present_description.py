"""The description of a work item as it is now, whichever type an engineer gave it since.

A change of type, or of the configuration, changes the field that a form shows. The text is then still in the field that
both sides last agreed on, and an empty new field does not mean that a person cleared the description.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.domain.description_field import SYSTEM_DESCRIPTION, other_description_field
from shared.domain.html_text import is_blank
from shared.domain.links import Field, Link, digest
from shared.domain.work_item import WorkItem


@dataclass(frozen=True)
class AgreedDescription:
    """The field in which both sides last agreed on the description, and the digests at that time.

    `digest` is that of the description, `other` that of the other field's text; it is empty if there was none.
    """

    field: str = SYSTEM_DESCRIPTION
    digest: str = ""
    other: str = ""

    @classmethod
    def of(cls, link: Link) -> AgreedDescription:
        """The agreement that a link stores."""
        base = link.base.get(Field.DESCRIPTION)
        return cls(link.description_field, base.azure_devops if base else "", link.other_text)


def described(item: WorkItem, shown_field: str, agreed: AgreedDescription | None) -> WorkItem:
    """The work item with the description that counts.

    That is the text of the field that its form shows. If that field has no new text since the agreement, and the
    agreement was about the other field, it is the other field's text. If that is gone too, the description counts as
    unchanged.
    """
    if agreed is None or agreed.field == shown_field:
        return _read(item, shown_field, shown_field)
    shown = _read(item, shown_field, shown_field)
    if not is_blank(shown.description) and digest(shown.description) != agreed.other:
        return shown
    hidden = _read(item, agreed.field, shown_field)
    return replace(hidden, lost_description=agreed.digest) if is_blank(hidden.description) else hidden


def described_after(item: WorkItem, before: WorkItem, *, is_written: bool) -> WorkItem:
    """A work item after an update of `before`; `is_written`: the update wrote the description."""
    if is_written:
        return described(item, before.shown_field, None)
    digest_before = before.digest_of(Field.DESCRIPTION)
    return described(
        item,
        before.shown_field,
        AgreedDescription(before.description_field, digest_before, other_text_digest(before)),
    )


def agreed_about(link: Link, item: WorkItem) -> Link:
    """The link, with the field that the description was read from."""
    return replace(link, description_field=item.description_field, other_text=other_text_digest(item))


def other_text_digest(item: WorkItem) -> str:
    """The digest of the text in the field that is not read; empty if there is none."""
    return "" if is_blank(item.other_description) else digest(item.other_description)


def _read(item: WorkItem, field: str, shown_field: str) -> WorkItem:
    """The work item with the description of one field."""
    item = replace(item, shown_field=shown_field, lost_description="")
    if field == item.description_field:
        return item
    return replace(
        item,
        description=item.other_description,
        description_is_markdown=item.other_is_markdown,
        description_field=other_description_field(item.description_field),
        other_description=item.description,
        other_is_markdown=item.description_is_markdown,
    )
