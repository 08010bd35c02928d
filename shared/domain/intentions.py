"""Intention before effect: how the app recognises its own writes, even if it died before it could record them.

Before an operation updates a field on either side, it stores an intention in the link. When the write is done, the
intention becomes the base. Before that, the next operation (a notification of the write itself, a send, Reconcile)
settles the intention: a text that matches it is the app's own, not a person's change.

An update of a work item tests `/rev`, so a write that intended revision 8 made revision 8 or nothing: that revision
decides, whatever came after it. Aha! has no revisions: there, the present text decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.domain.contents import description_content, name_content
from shared.domain.images import Images
from shared.domain.links import Base, Field, Intention, Link, Side
from shared.domain.work_item import WorkItem

PENDING = timedelta(minutes=10)
"""How long an intended write may still happen: longer than any operation, plus the difference of clocks."""

_MOST = 24


@dataclass(frozen=True)
class AhaText:
    """The text of one field in Aha!: its digest, and the content digests that an intention for it may have."""

    digest: str
    contents: frozenset[str]


@dataclass(frozen=True)
class AhaTexts:
    """The texts of a record in Aha!.

    `texts` has the known fields, `updated_at` is when Aha! last changed the record. `is_current`: Aha! was just read. A
    payload may be older than a write that it does not show.
    """

    texts: Mapping[Field, AhaText] = field(default_factory=dict)
    updated_at: datetime | None = None
    is_current: bool = False


@dataclass(frozen=True)
class Seen:
    """Both sides as one operation sees them at one moment.

    `earlier` are the revisions that `intended_revisions` names, by number. `operation_id` is the calling operation,
    whose own writes to Aha! have ended.
    """

    work_item: WorkItem
    earlier: Mapping[int, WorkItem]
    aha: AhaTexts
    images: Images
    operation_id: str
    now: datetime


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
    """The earlier revisions of the work item that `settle` needs."""
    return frozenset(
        item.revision
        for item in link.intentions
        if item.side is Side.AZURE_DEVOPS and item.revision < work_item.revision
    )


def fields_intended_for_aha(link: Link) -> frozenset[Field]:
    """The fields whose texts in Aha! `settle` needs."""
    return frozenset(item.field for item in link.intentions if item.side is Side.AHA)


def settle(link: Link, seen: Seen) -> Settled:
    """Turn intentions whose writes can be seen into bases, drop those that did not happen, keep the others."""
    base = dict(link.base)
    recognised: set[Field] = set()
    kept: list[Intention] = []
    for item in sorted(link.intentions, key=_order):
        known = base.get(item.field, Base("", ""))
        result = (
            _result_in_azure_devops(item, known, seen)
            if item.side is Side.AZURE_DEVOPS
            else _result_in_aha(item, known, link, seen)
        )
        if result.base is not None:
            base[item.field] = result.base
            recognised.add(item.field)
        if result.is_kept:
            kept.append(item)
    return Settled(replace(link, base=base, intentions=tuple(kept)), frozenset(recognised))


@dataclass(frozen=True)
class _WriteResult:
    """The result of an intended write: the base after it, if it is recognised, and whether the intention is kept."""

    base: Base | None = None
    is_kept: bool = False


def _result_in_azure_devops(item: Intention, known: Base, seen: Seen) -> _WriteResult:
    present = seen.work_item
    made = {**seen.earlier, present.revision: present}.get(item.revision)
    if made is not None and _made_revision(item, made, seen.images):
        return _WriteResult(
            replace(known, aha=item.source, azure_devops=made.digest_of(item.field, seen.images))
        )
    return _WriteResult(is_kept=present.revision < item.revision and _may_happen(item, seen.now))


def _result_in_aha(item: Intention, known: Base, link: Link, seen: Seen) -> _WriteResult:
    aha = seen.aha
    is_over = aha.is_current and (item.operation_id == seen.operation_id or not _may_happen(item, seen.now))
    # An outdated payload shows what was written before the base was recorded.
    is_outdated = any(
        _is_older(aha.updated_at, recorded) for recorded in (link.sent_as_of, known.received_as_of)
    )
    shown = aha.texts.get(item.field)
    if shown is None or is_outdated or not _shows_write(item, shown, known):
        return _WriteResult(is_kept=not is_over)
    base = Base(shown.digest, item.source, aha.updated_at or known.received_as_of)
    return _WriteResult(base, is_kept=not is_over and _has_equal(item, link))


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
    """A sort key: a send makes a revision before a notification carries it."""
    return (item.revision, item.side is Side.AHA, item.noted_at)


def _may_happen(item: Intention, now: datetime) -> bool:
    return now - item.noted_at < PENDING


def _shows_write(item: Intention, shown: AhaText, known: Base) -> bool:
    """Whether Aha! shows the intended text. If the base has it already, another operation may have written it."""
    return shown.digest not in (item.replaced, known.aha) and item.written in shown.contents


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
