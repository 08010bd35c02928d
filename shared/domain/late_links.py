"""Late links: links that were created after a change of their work item, which the watermark may have passed.

Reconcile asks what changed since the watermark among the work items that are linked. What an interrupted send created
is linked by a later send, and an import brings links from elsewhere: an engineer may have changed such a work item
before. No input or output.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

_RUN_LASTS = timedelta(minutes=5)
"""A run reads the list of linked work items at most this long before it ends."""


@dataclass(frozen=True)
class LinkedItem:
    """When a link was written, and its work item.

    `written_at` is when the row was written, by Table Storage's clock, and `synced_at` when a send or a notification
    last changed the link, by this app's clock; None if neither did.
    """

    work_item_id: int
    agreed_revision: int
    written_at: datetime | None
    synced_at: datetime | None


def late_items(linked: Iterable[LinkedItem], last_run_ended: datetime) -> list[int]:
    """The work items to check, whenever they changed. `last_run_ended` is by Table Storage's clock."""
    new = last_run_ended - _RUN_LASTS
    return [
        item.work_item_id
        for item in linked
        if (item.written_at is None or item.written_at >= new)
        and (item.agreed_revision == 0 or item.synced_at is None or item.synced_at < new)
    ]
