"""Late links: those that came after changes of their work items, which the watermark may have passed.

Reconcile asks what changed since the watermark among the work items that are linked. What an interrupted send created
is linked by a later send, and an import brings links from elsewhere: an engineer may have changed such a work item
before. No input or output.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

_RUN_LASTS = timedelta(minutes=5)
"""At most so long before its end, a run has read which work items are linked."""


@dataclass(frozen=True)
class LinkedItem:
    """What the row of a link says of its work item.

    `written_at` is when the row was written, by Table Storage's clock, and `synced_at` when a send or a notification
    last changed the link, by this app's clock; None if neither did.
    """

    work_item_id: int
    agreed_revision: int
    written_at: datetime | None
    synced_at: datetime | None


def late_items(linked: Iterable[LinkedItem], last_run_ended: datetime) -> list[int]:
    """The work items to look at whenever they changed. `last_run_ended` is by Table Storage's clock."""
    new = last_run_ended - _RUN_LASTS
    return [
        item.work_item_id
        for item in linked
        if (item.written_at is None or item.written_at >= new)
        and (item.agreed_revision == 0 or item.synced_at is None or item.synced_at < new)
    ]
