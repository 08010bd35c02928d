"""Intention before effect: how the app recognises its own writes, even if it died before it could record them.

Before an operation updates a field on either side, it stores an intention in the link. When the write is done, the
intention becomes the base. Between the two, whoever looks next (a notification of the write itself, the next send,
Reconcile) settles the intention: a text that matches it is the app's own, not a person's change.

An update of a work item tests `/rev`, so a write that intended revision 8 made revision 8 or nothing: that revision
decides, whatever came after it. Aha! has no revisions: there, the present text decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain.contents import description_content, name_content
from shared.domain.images import Images
from shared.domain.links import Base, Field, Intention, Link, Side
from shared.domain.work_item import WorkItem

PENDING = timedelta(minutes=10)
"""How long an intended write may still happen: longer than any operation runs, and than clocks differ."""

_MOST = 24


@dataclass(frozen=True)
class AhaText:
    """What Aha! says in one field: its digest, and the content digests that an intention for it may have."""

    digest: str
    contents: Callable[[], frozenset[str]]


@dataclass(frozen=True)
class Settled:
    """A link whose intentions were settled as far as possible, and the fields of which a write was recognised."""

    link: Link
    recognised: frozenset[Field] = frozenset()


def with_intentions(link: Link, intentions: Iterable[Intention]) -> Link:
    """The link with further intentions; it keeps the newest few."""
    return replace(link, intentions=(*link.intentions, *intentions)[-_MOST:])


def without_intentions_of(link: Link, operation_id: str) -> Link:
    """The link once an operation has recorded what it wrote."""
    others = tuple(item for item in link.intentions if item.operation_id != operation_id)
    return replace(link, intentions=others)


def intended_revisions(link: Link, work_item: WorkItem) -> frozenset[int]:
    """The revisions of the work item that `settle` has to see, apart from the present one."""
    return frozenset(
        item.revision
        for item in link.intentions
        if item.side is Side.AZURE_DEVOPS and item.revision < work_item.revision
    )


def settle(
    link: Link,
    work_item: WorkItem,
    earlier: Mapping[int, WorkItem],
    aha: Mapping[Field, AhaText],
    images: Images,
    *,
    aha_is_current: bool,
    aha_updated_at: datetime | None,
    operation_id: str,
    now: datetime,
) -> Settled:
    """Turn intentions whose writes can be seen into bases, drop those that did not happen, keep the others.

    Args:
        earlier: the revisions that `intended_revisions` names, by number.
        aha: what Aha! says, for the fields that are known.
        aha_is_current: Aha! was just asked. A payload may be older than a write that it does not show.
        aha_updated_at: when Aha! last changed the record.
        operation_id: the operation that looks. Its own writes to Aha! are over.
    """
    if not link.intentions:
        return Settled(link)
    base = dict(link.base)
    recognised: set[Field] = set()
    kept: list[Intention] = []
    revisions = {**earlier, work_item.revision: work_item}
    for item in sorted(link.intentions, key=_order):
        known = base.get(item.field, Base("", ""))
        if item.side is Side.AZURE_DEVOPS:
            made = revisions.get(item.revision)
            if made is not None and _made_revision(item, made, images):
                base[item.field] = replace(
                    known, aha=item.source, azure_devops=made.digest_of(item.field, images)
                )
                recognised.add(item.field)
            elif work_item.revision < item.revision and _may_happen(item, now):
                kept.append(item)
            continue
        shown = aha.get(item.field)
        is_over = aha_is_current and (item.operation_id == operation_id or not _may_happen(item, now))
        # An outdated payload shows what was written before the base was recorded.
        is_outdated = any(
            _is_older(aha_updated_at, recorded) for recorded in (link.sent_as_of, known.received_as_of)
        )
        if shown is not None and not is_outdated and _shows_write(item, shown, known):
            base[item.field] = Base(shown.digest, item.source, aha_updated_at or known.received_as_of)
            recognised.add(item.field)
            is_over = is_over or not _has_equal(item, link)
        if not is_over:
            kept.append(item)
    settled = replace(link, base=base, intentions=tuple(kept))
    return Settled(settled, frozenset(recognised))


def is_being_replaced(
    link: Link, name: Field, digest: str, updated_at: datetime | None, now: datetime
) -> bool:
    """Whether a text of Aha! is one that a notification is about to overwrite there, or an older one.

    `updated_at` is that of the payload that has the text.
    """
    return any(
        item.field is name
        and item.side is Side.AHA
        and _may_happen(item, now)
        and (item.replaced == digest or _is_older(updated_at, item.replaced_as_of))
        for item in link.intentions
    )


def _is_older(updated_at: datetime | None, as_of: datetime | None) -> bool:
    return updated_at is not None and as_of is not None and updated_at < as_of


def _order(item: Intention) -> tuple[int, bool, datetime]:
    """A notification carries a revision after a send made it."""
    return (item.revision, item.side is Side.AHA, item.noted_at)


def _may_happen(item: Intention, now: datetime) -> bool:
    return now - item.noted_at < PENDING


def _shows_write(item: Intention, shown: AhaText, known: Base) -> bool:
    """Whether Aha! shows the intended text. If the base has it already, another operation may have written it."""
    return shown.digest not in (item.replaced, known.aha) and item.written in shown.contents()


def _has_equal(item: Intention, link: Link) -> bool:
    """Whether another operation intends the same text, so that it is not known which of them wrote it."""
    return any(
        other.side is item.side
        and other.field is item.field
        and other.written == item.written
        and other.operation_id != item.operation_id
        for other in link.intentions
    )


def _made_revision(item: Intention, made: WorkItem, images: Images) -> bool:
    if made.digest_of(item.field, images) == item.replaced:
        return False
    if item.field is Field.NAME:
        return name_content(made.title) == item.written
    return description_content(made.description_html, images) == item.written
