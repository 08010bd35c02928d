"""What a send or a notification would change for one record now, decided from both sides and the link."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import Enum

from shared.domain.aha_record import AhaRecord
from shared.domain.images import Images
from shared.domain.links import Link
from shared.domain.merge import FieldOutcome
from shared.domain.receive_plan import plan_receive
from shared.domain.records import Record
from shared.domain.send_plan import Family, plan_record
from shared.domain.work_item import WorkItem


class Difference(str, Enum):
    """How a record and its work item differ."""

    NONE = "none"
    AHA = "aha"
    """The next send would change the work item."""
    AZURE_DEVOPS = "azure_devops"
    """A notification would change the record."""
    BOTH = "both"
    NOT_SENT = "not_sent"
    GONE = "gone"
    """The work item is in the recycle bin."""
    UNREADABLE = "unreadable"
    """The token's user cannot read the work item."""


def without_work_item(link: Link | None, deleted: Collection[int]) -> Difference:
    """The state of a record whose work item was not read. `deleted` are the work items in the recycle bin."""
    if link is None:
        return Difference.NOT_SENT
    return Difference.GONE if link.work_item_id in deleted else Difference.UNREADABLE


def difference_of(
    record: Record,
    in_aha: AhaRecord,
    link: Link,
    work_item: WorkItem,
    family: Family,
    status_mapping: Mapping[str, str],
    images: Images,
    now: datetime,
) -> Difference:
    """Compare a record as Aha! shows it now with its work item. Files and the parent count too."""
    send = plan_record(record, link, work_item, family, now=now, images=images)
    receive = plan_receive(link, work_item, in_aha, status_mapping, images)
    is_conflict = any(item.outcome is FieldOutcome.CONFLICT for item in send.decisions)
    if is_conflict or (send.writes and receive.writes):
        return Difference.BOTH
    if send.writes:
        return Difference.AHA
    return Difference.AZURE_DEVOPS if receive.writes else Difference.NONE
