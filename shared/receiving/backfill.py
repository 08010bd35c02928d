"""Backfill: sync every linked work item that changed since a moment.

For changes whose notifications were lost, or did not say which work item they were about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from shared.app import App
from shared.concurrency import in_parallel
from shared.domain.backfill_progress import BackfillProgress
from shared.domain.integration import Integration
from shared.domain.notifications import Notification
from shared.domain.received import Received
from shared.domain.synced_page import (
    RecordFailed,
    SyncedPage,
    looks_like_outage,
    needs_sync,
    processed_page,
    stops_backfill,
    time_spent,
)
from shared.domain.work_item import WorkItem
from shared.errors import OperationFailed
from shared.isolation import done_and_failed, isolated
from shared.operation import Operation
from shared.receiving.changed_items import changed_items, late_pages
from shared.receiving.inbound_sync import InboundSync
from shared.storage.links import StoredLink

_AT_ONCE = 4
_LEAST_SECONDS = 5.0


@dataclass(frozen=True)
class Backfilled:
    """What was synced.

    `until`: every change up to this moment, by Azure DevOps' clock, was processed, and none of them needs a retry.
    `stopped_by`: why not every change was processed; TimeSpent if only the time ended.
    """

    until: datetime
    updated: int = 0
    failures: tuple[RecordFailed, ...] = ()
    stopped_by: OperationFailed | None = None

    @property
    def error(self) -> OperationFailed | None:
        """Why not everything that changed was synced; None if it was."""
        return self.failures[0].error if self.failures else self.stopped_by


def backfill(
    app: App,
    operation: Operation,
    integration: Integration,
    since: datetime,
    last_run_ended: datetime | None = None,
) -> Backfilled:
    """Sync every linked work item that changed since a moment, oldest change first.

    `last_run_ended`: also check work items that were linked after that, because they may have changed before. A record
    that fails does not stop the others. Near the end of the operation's time, the rest is left to the next call.
    """
    azure_devops = app.azure_devops(integration.azure_devops, operation)
    inbound = InboundSync(app, operation, integration)
    progress = BackfillProgress.from_moment(since)
    done = Backfilled(since)
    outage: OperationFailed | None = None
    try:
        linked = app.links.linked_items(integration.integration_id)
        ids = [item.work_item_id for item in linked]
        late = late_pages(linked, since, last_run_ended) if last_run_ended else ()
        pages = changed_items(azure_devops, ids, since)
        # The first query runs before the late links are synced. If it ran later, `until` would pass changes of work
        # items that were linked meanwhile.
        first = next(pages)
        for page in chain(late, (first,), pages):
            if operation.deadline.remaining() < _LEAST_SECONDS:
                raise time_spent()
            # A work item that failed among the late links holds the watermark, and is not tried twice.
            failed = {failure.work_item_id for failure in done.failures}
            wanted = [number for number in page.ids if number not in failed]
            items = list(azure_devops.work_items(wanted).values()) if wanted else []
            synced = _sync_page(app, operation, inbound, items, tries_one_first=outage is not None)
            changed = {item.id: item.changed_at or since for item in items}
            progress = progress.after(processed_page(synced, changed, page.complete_to, is_last=page.is_last))
            done = replace(
                done,
                until=progress.until,
                updated=done.updated + synced.updated,
                failures=(*done.failures, *synced.failures),
            )
            if (hopeless := stops_backfill(synced)) is not None:
                raise hopeless
            outage = looks_like_outage(synced)
    except OperationFailed as error:
        return replace(done, stopped_by=error)
    return replace(done, stopped_by=outage)


def _sync_page(
    app: App, operation: Operation, inbound: InboundSync, items: Sequence[WorkItem], *, tries_one_first: bool
) -> SyncedPage:
    """Sync the linked work items whose present revision needs it.

    Raises:
        Unavailable: the work item that is tried first fails because of an outage, so the others are not tried.
    """

    def read_link(item: WorkItem) -> StoredLink | None:
        return app.links.by_work_item(inbound.integration_id, item.id)

    def sync(linked: tuple[WorkItem, StoredLink]) -> Received:
        item, stored = linked
        return inbound.sync(Notification(item.id, None), stored)

    links, unread = done_and_failed(items, in_parallel(isolated(read_link, operation, _name), items))
    linked = [
        (item, stored)
        for item, stored in links
        if stored is not None and needs_sync(stored.link, item.revision)
    ]
    attempt = isolated(sync, operation, lambda pair: _name(pair[0]))
    first = [attempt(pair) for pair in linked[:1]] if tries_one_first else []
    errors = [error for _, error in unread] if tries_one_first else []
    errors += [one for one in first if isinstance(one, OperationFailed)]
    if (outage := next((error for error in errors if error.is_outage), None)) is not None:
        raise outage
    received = [*first, *in_parallel(attempt, linked[len(first) :], _AT_ONCE)]
    synced, unsynced = done_and_failed(linked, received)
    return SyncedPage(
        [answer for _, answer in synced],
        [RecordFailed(item.id, "", error) for item, error in unread]
        + [RecordFailed(item.id, stored.link.reference, error) for (item, stored), error in unsynced],
        settled=sum(stored is not None for _, stored in links) - len(linked),
    )


def _name(item: WorkItem) -> str:
    return f"work item {item.id}"
