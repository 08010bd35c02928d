"""What a send knows of one record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.links import Base, Field, Link
from shared.domain.records import Record
from shared.domain.work_item import WorkItem
from shared.errors import OperationFailed
from shared.storage.links import StoredLink


@dataclass(frozen=True)
class RecordState:
    """One record at one look.

    `stored` is its link as it was read, `link` the same with settled intentions; both are None for a record without a
    link. `work_item` is None if there is none, or if it was deleted. `base` is set for a work item that an interrupted
    send created: what both sides said then. `is_claimed_elsewhere`: another send is about to create its work item.
    `error`: nothing is done for the record. Its work item cannot be read, or a defect of this app stopped it.
    `unread_work_item_id`: the work item of a record whose link cannot be read.
    """

    record: Record
    stored: StoredLink | None = None
    link: Link | None = None
    work_item: WorkItem | None = None
    base: Mapping[Field, Base] | None = None
    is_claimed_elsewhere: bool = False
    error: OperationFailed | None = None
    unread_work_item_id: int | None = None


def name_of(record: Record) -> str:
    """The record in words, for the log."""
    return f"{record.kind.value} {record.reference or record.id}"
