"""Backfill: sync every linked work item that changed since a moment.

For changes whose notifications were lost, or did not say which work item they were about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.app import App
from shared.concurrency import in_parallel
from shared.domain.backfill_progress import BackfillProgress, LookedAt
from shared.domain.integration import Integration
from shared.domain.notifications import Notification
from shared.domain.work_item import WorkItem
from shared.errors import CredentialsRejected, OperationFailed, System, TimeSpent
from shared.isolation import isolated
from shared.operation import Operation
from shared.receiving.changed_items import ChangedPage, changed_items
from shared.receiving.inbound_sync import InboundSync, Received
from shared.storage.links import StoredLink

_AT_ONCE = 4
_LEAST_SECONDS = 5.0
_OUTAGE = 8
"""When so many records of a page failed and none was synced, a system is down rather than a record at fault."""


@dataclass(frozen=True)
class RecordFailed:
    """A work item that could not be synced now. `reference` is its record's, empty if it is not known."""

    work_item_id: int
    reference: str
    error: OperationFailed


@dataclass(frozen=True)
class Backfilled:
    """What was synced.

    `until`: every change up to this moment, by Azure DevOps' clock, was looked at, and none of them has to be looked
    at again. `stopped_by`: why not everything was looked at; TimeSpent if only the time was over.
    """

    until: datetime
    updated: int = 0
    failures: tuple[RecordFailed, ...] = ()
    stopped_by: OperationFailed | None = None


@dataclass
class _Synced:
    """What became of the work items of a page."""

    updated: int = 0
    succeeded: int = 0
    failures: list[RecordFailed] = field(default_factory=list)
    time_spent: list[int] = field(default_factory=list)


def backfill(app: App, operation: Operation, integration: Integration, since: datetime) -> Backfilled:
    """Sync every linked work item that changed since a moment, oldest change first.

    A record that fails does not stop the others. Near the end of the operation's time, the rest is left for the next
    call.
    """
    azure_devops = app.azure_devops(integration.azure_devops, operation)
    inbound = InboundSync(app, operation, integration)
    progress = BackfillProgress.from_moment(since)
    done = Backfilled(since)
    try:
        linked = app.links.work_item_ids(integration.integration_id)
        for page in changed_items(azure_devops, linked, since):
            if operation.deadline.remaining() < _LEAST_SECONDS:
                raise _time_spent()
            items = list(azure_devops.work_items(page.ids).values()) if page.ids else []
            synced = _sync_page(app, operation, inbound, items)
            progress = progress.after(_looked_at(page, items, synced, since))
            done = replace(
                done,
                until=progress.until,
                updated=done.updated + synced.updated,
                failures=(*done.failures, *synced.failures),
            )
            _raise_if_hopeless(synced)
    except OperationFailed as error:
        return replace(done, stopped_by=error)
    return done


def _sync_page(app: App, operation: Operation, inbound: InboundSync, items: Sequence[WorkItem]) -> _Synced:
    """Sync the linked work items whose present revision is neither in sync with Aha! nor refused by it."""

    def read_link(item: WorkItem) -> StoredLink | None:
        return app.links.by_work_item(inbound.integration_id, item.id)

    def sync(linked: tuple[WorkItem, StoredLink]) -> Received:
        item, stored = linked
        return inbound.sync(Notification(item.id, None), stored)

    synced = _Synced()
    linked: list[tuple[WorkItem, StoredLink]] = []
    links = in_parallel(isolated(read_link, operation, _name), items)
    for item, link in zip(items, links, strict=True):
        if isinstance(link, OperationFailed):
            _count(synced, item, "", link)
        elif link is not None and not _is_settled(item, link):
            linked.append((item, link))
    received = in_parallel(isolated(sync, operation, lambda pair: _name(pair[0])), linked, _AT_ONCE)
    for (item, link), outcome in zip(linked, received, strict=True):
        _count(synced, item, link.link.reference, outcome)
    return synced


def _name(item: WorkItem) -> str:
    return f"work item {item.id}"


def _is_settled(item: WorkItem, stored: StoredLink) -> bool:
    return stored.link.is_agreed(item.revision) or stored.link.is_refused(item.revision)


def _count(synced: _Synced, item: WorkItem, reference: str, outcome: Received | OperationFailed) -> None:
    if isinstance(outcome, TimeSpent):
        synced.time_spent.append(item.id)
    elif isinstance(outcome, OperationFailed):
        synced.failures.append(RecordFailed(item.id, reference, outcome))
    else:
        synced.succeeded += 1
        synced.updated += outcome.result == "updated"


def _looked_at(page: ChangedPage, items: Sequence[WorkItem], synced: _Synced, since: datetime) -> LookedAt:
    failed = {*synced.time_spent, *(failure.work_item_id for failure in synced.failures)}
    changed = {item.id: item.changed_at or since for item in items}
    return LookedAt(
        page.complete_to,
        tuple(changed.values()),
        tuple(moment for number, moment in changed.items() if number in failed),
        page.is_last,
    )


def _raise_if_hopeless(synced: _Synced) -> None:
    """Raise the error that would stop the work items of further pages too."""
    if synced.time_spent:
        raise _time_spent()
    errors = [failure.error for failure in synced.failures]
    refused = next((error for error in errors if isinstance(error, CredentialsRejected)), None)
    if refused is not None:
        raise refused
    if len(errors) >= _OUTAGE and not synced.succeeded:
        raise errors[0]


def _time_spent() -> TimeSpent:
    return TimeSpent(
        System.AZURE_DEVOPS,
        "The time was over before every changed work item was looked at. The next call looks at the rest.",
        retry_after=1,
    )
