"""Backfill: sync every linked work item that changed since a moment.

For changes whose notifications were lost, or did not say which work item they were about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.app import App
from shared.clients.azure_devops import MOST_IDS_PER_READ, AzureDevOps
from shared.concurrency import in_parallel
from shared.domain.backfill_progress import BackfillProgress, LookedAt
from shared.domain.integration import Integration
from shared.domain.notifications import Notification
from shared.domain.wiql import changed_between
from shared.domain.work_item import WorkItem
from shared.errors import CredentialsRejected, OperationFailed, RuleViolation, System, TimeSpent
from shared.isolation import isolated
from shared.operation import Operation
from shared.receiving.inbound_sync import InboundSync, Received
from shared.storage.links import StoredLink

_AT_ONCE = 4
_LEAST_SECONDS = 5.0
_TOO_MANY_MATCHES = "VS402337"
"""VS402337: the query returns more than 20,000 work items."""
_SHORTEST_WINDOW = timedelta(minutes=1)
_CLOCK_MARGIN = timedelta(minutes=2)
"""A query may miss a change for a short time after the change's own time."""
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


@dataclass(frozen=True)
class _Page:
    """Ids in the order of their changes; see LookedAt for the rest."""

    ids: Sequence[int]
    complete_to: datetime
    is_last: bool


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
        for page in _changed(azure_devops, integration, since):
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
    """Sync the linked work items whose present revision is not in sync with Aha! for certain."""

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
        elif link is not None and not _is_synced(item, link):
            linked.append((item, link))
    received = in_parallel(isolated(sync, operation, lambda pair: _name(pair[0])), linked, _AT_ONCE)
    for (item, link), outcome in zip(linked, received, strict=True):
        _count(synced, item, link.link.reference, outcome)
    return synced


def _name(item: WorkItem) -> str:
    return f"work item {item.id}"


def _is_synced(item: WorkItem, stored: StoredLink) -> bool:
    return item.revision <= stored.link.agreed_revision and not stored.link.intentions


def _count(synced: _Synced, item: WorkItem, reference: str, outcome: Received | OperationFailed) -> None:
    if isinstance(outcome, TimeSpent):
        synced.time_spent.append(item.id)
    elif isinstance(outcome, OperationFailed):
        synced.failures.append(RecordFailed(item.id, reference, outcome))
    else:
        synced.succeeded += 1
        synced.updated += outcome.result == "updated"


def _looked_at(page: _Page, items: Sequence[WorkItem], synced: _Synced, since: datetime) -> LookedAt:
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


def _changed(azure_devops: AzureDevOps, integration: Integration, since: datetime) -> Iterator[_Page]:
    """What changed, in the order of the changes, 200 at a time."""
    types = {integration.feature.work_item_type, integration.requirement.work_item_type}
    project = integration.azure_devops.project
    until: datetime | None = None
    while True:
        try:
            found = azure_devops.query(project, changed_between(types, since, until))
        except RuleViolation as error:
            # Azure DevOps refuses more than 20,000 matches: ask for half the time.
            window = (until - since) / 2 if until else timedelta(days=1)
            if error.evidence.get("azure_devops_code") != _TOO_MANY_MATCHES or window < _SHORTEST_WINDOW:
                raise
            until = since + window
            continue
        indexed = (found.as_of or since) - _CLOCK_MARGIN
        complete_to = indexed if until is None else min(until, indexed)
        starts = range(0, len(found.ids), MOST_IDS_PER_READ) or range(1)
        for start in starts:
            ids = found.ids[start : start + MOST_IDS_PER_READ]
            yield _Page(ids, complete_to, is_last=start == starts[-1])
        if until is None:
            return
        since, until = until, None
