"""Which attachments of a record are sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shared.domain.attachment_urls import is_same_upload
from shared.domain.links import AttachedFile, Link
from shared.domain.records import Attachment
from shared.domain.work_item import Relation, WorkItem

MOST_FILES = 100
"""The most attachments that a work item can have (https://learn.microsoft.com/azure/devops/organizations/settings/work/object-limits)."""

_COMMENT = "Sent from Aha!, attachment "


def comment_of(attachment_id: str) -> str:
    """The comment of the relation to a file. It tells a later send which attachment the file is."""
    return f"{_COMMENT}{attachment_id}"


@dataclass(frozen=True)
class Files:
    """A record's attachments: those to upload, those that the work item has although the link does not know them, and
    those that would exceed the work item's limit.
    """

    to_upload: tuple[Attachment, ...] = ()
    found_on_work_item: Mapping[str, AttachedFile] = field(default_factory=dict)
    over_limit: tuple[Attachment, ...] = ()


def files_of_new_item(attachments: tuple[Attachment, ...]) -> Files:
    """The attachments of a record whose work item is created."""
    return Files(attachments[:MOST_FILES], over_limit=attachments[MOST_FILES:])


def sent_files(work_item: WorkItem) -> dict[str, AttachedFile]:
    """The files of a work item that this app sent, as their comments say, by attachment id."""
    return {
        item.comment[len(_COMMENT) :]: _file(item)
        for item in work_item.attached_files
        if item.comment.startswith(_COMMENT)
    }


def sort_files(attachments: Iterable[Attachment], link: Link | None, work_item: WorkItem) -> Files:
    """Sort a record's attachments.

    An attachment that was sent before is left alone, even if an engineer removed it. Otherwise it counts as sent if a
    file's comment names it, or if a file has its name and size; each file counts for one attachment.
    """
    sent = link.attachments if link else {}
    named = sent_files(work_item)
    on_work_item = [
        item
        for item in work_item.attached_files
        if not item.comment.startswith(_COMMENT)
        and not any(is_same_upload(item.url, known.url) for known in sent.values())
    ]
    to_upload: list[Attachment] = []
    found: dict[str, AttachedFile] = {}
    for attachment in attachments:
        if attachment.id in sent:
            continue
        match = next((item for item in on_work_item if _is_same(item, attachment)), None)
        if attachment.id in named:
            found[attachment.id] = named[attachment.id]
        elif match is None:
            to_upload.append(attachment)
        else:
            on_work_item.remove(match)
            found[attachment.id] = AttachedFile(match.url, attachment.file_name, attachment.size)
    room = max(0, MOST_FILES - len(work_item.attached_files))
    return Files(tuple(to_upload[:room]), found, tuple(to_upload[room:]))


def _file(relation: Relation) -> AttachedFile:
    size = relation.attributes.get("resourceSize")
    return AttachedFile(
        relation.url, str(relation.attributes.get("name") or ""), size if isinstance(size, int) else None
    )


def _is_same(relation: Relation, attachment: Attachment) -> bool:
    return (
        attachment.size is not None
        and relation.attributes.get("name") == attachment.file_name
        and relation.attributes.get("resourceSize") == attachment.size
    )
