"""Which attachments of a record still have to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shared.domain.attachment_urls import is_same_upload
from shared.domain.links import AttachedFile, Link
from shared.domain.records import Attachment
from shared.domain.work_item import Relation, WorkItem


@dataclass(frozen=True)
class Files:
    """A record's attachments: those to send, and those found on the work item although they were not sent from here."""

    to_upload: tuple[Attachment, ...] = ()
    found_on_work_item: Mapping[str, AttachedFile] = field(default_factory=dict)


def sort_files(attachments: Iterable[Attachment], link: Link | None, work_item: WorkItem) -> Files:
    """Tell a record's attachments apart.

    One that was sent before is left alone, even when an engineer removed it since. Otherwise a file of the same name
    and size on the work item is taken to be the attachment, each for one attachment only.
    """
    sent = link.attachments if link else {}
    on_work_item = [
        item
        for item in work_item.attached_files
        if not any(is_same_upload(item.url, known.url) for known in sent.values())
    ]
    to_upload: list[Attachment] = []
    found: dict[str, AttachedFile] = {}
    for attachment in attachments:
        if attachment.id in sent:
            continue
        match = next((item for item in on_work_item if _is_same(item, attachment)), None)
        if match is None:
            to_upload.append(attachment)
        else:
            on_work_item.remove(match)
            found[attachment.id] = AttachedFile(match.url, attachment.file_name, attachment.size)
    return Files(tuple(to_upload), found)


def _is_same(relation: Relation, attachment: Attachment) -> bool:
    return (
        attachment.size is not None
        and relation.attributes.get("name") == attachment.file_name
        and relation.attributes.get("resourceSize") == attachment.size
    )
