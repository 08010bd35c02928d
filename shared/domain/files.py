"""Which attachments of a record are sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.domain.attachment_urls import is_same_upload
from shared.domain.file_names import legal_file_name
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
    """A record's attachments: those to upload, those that the work item has although they are not in the link, and
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
    file's comment names it, or if a file has its name and one of its sizes, or its name where a size is unknown and no
    other attachment or file has that name; each file counts for one attachment.
    """
    attachments = tuple(attachments)
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
        match = _match(attachment, attachments, on_work_item)
        if attachment.id in named:
            found[attachment.id] = named[attachment.id]
        elif match is None:
            to_upload.append(attachment)
        else:
            on_work_item.remove(match)
            found[attachment.id] = AttachedFile(
                match.url, legal_file_name(attachment.file_name), _size(match) or attachment.size
            )
    room = max(0, MOST_FILES - len(work_item.attached_files))
    return Files(tuple(to_upload[:room]), found, tuple(to_upload[room:]))


def _file(relation: Relation) -> AttachedFile:
    return AttachedFile(relation.url, _name(relation), _size(relation))


def _match(
    attachment: Attachment, attachments: Sequence[Attachment], on_work_item: Sequence[Relation]
) -> Relation | None:
    """The file that another integration sent for an attachment."""
    names = (attachment.file_name, legal_file_name(attachment.file_name))
    of_this_name = [item for item in on_work_item if _name(item) in names]
    sizes = {attachment.size, attachment.original_size} - {None}
    for item in of_this_name:
        if _size(item) in sizes:
            return item
    same_names = [one for one in attachments if one.file_name == attachment.file_name]
    if len(of_this_name) == len(same_names) == 1 and (not sizes or _size(of_this_name[0]) is None):
        return of_this_name[0]
    return None


def _name(relation: Relation) -> str:
    return str(relation.attributes.get("name") or "")


def _size(relation: Relation) -> int | None:
    size = relation.attributes.get("resourceSize")
    return size if isinstance(size, int) else None
