"""Backfill: sync every linked work item that changed since a moment.

For changes whose notifications were lost, or did not say which work item they were about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.app import App
from shared.clients.azure_devops import MOST_IDS_PER_READ, AzureDevOps
from shared.concurrency import in_parallel
from shared.domain.integration import Integration
from shared.domain.notifications import Notification
from shared.domain.wiql import changed_between
from shared.domain.work_item import WorkItem
from shared.errors import OperationFailed, RuleViolation
from shared.operation import Operation
from shared.receiving.inbound_sync import InboundSync

_AT_ONCE = 4
_LEAST_SECONDS = 5.0
_TOO_MANY_MATCHES = "VS402337"
"""VS402337: the query returns more than 20,000 work items."""
_SHORTEST_WINDOW = timedelta(minutes=1)
_CLOCK_MARGIN = timedelta(minutes=2)
"""A query may miss a change for a short time after the change's own time."""


@dataclass
class Backfilled:
    """What was synced. `until`: every change up to this moment, by Azure DevOps' clock, was looked at."""

    until: datetime
    updated: int = 0
    failures: list[OperationFailed] = field(default_factory=list)


def backfill(app: App, operation: Operation, integration: Integration, since: datetime) -> Backfilled:
    """Sync every linked work item that changed since a moment, oldest change first.

    A failure does not stop the others, but `until` does not move past it. Near the end of the operation's time, the
    rest is left for the next call.

    Raises:
        Refused, Unavailable: Azure DevOps did not say what changed.
    """
    azure_devops = app.azure_devops(integration.azure_devops, operation)
    inbound = InboundSync(app, operation, integration)
    done = Backfilled(since)

    def sync(item: WorkItem) -> OperationFailed | bool:
        try:
            return inbound.sync(Notification(item.id, None)).result == "updated"
        except OperationFailed as error:
            return error

    for ids, seen_until in _changed(azure_devops, integration, since):
        if operation.deadline.remaining() < _LEAST_SECONDS:
            return done
        items = list(azure_devops.work_items(ids).values()) if ids else []
        unsynced = _unsynced(app, integration, items)
        outcomes = in_parallel(sync, unsynced, _AT_ONCE)
        done.updated += sum(outcome is True for outcome in outcomes)
        up_to = seen_until or max((item.changed_at for item in items if item.changed_at), default=since)
        failed = [
            (item, outcome)
            for item, outcome in zip(unsynced, outcomes, strict=True)
            if isinstance(outcome, OperationFailed)
        ]
        if failed:
            done.failures += [error for _, error in failed]
            first = min((item.changed_at for item, _ in failed if item.changed_at), default=since)
            done.until = max(since, min(first, up_to))
            return done
        done.until = max(since, up_to)
    return done


def _changed(
    azure_devops: AzureDevOps, integration: Integration, since: datetime
) -> Iterator[tuple[Sequence[int], datetime | None]]:
    """Ids in the order of their changes, 200 at a time; the last ones with the moment that they are complete to."""
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
        end = until or (found.as_of or since)
        for start in range(0, len(found.ids), MOST_IDS_PER_READ):
            is_last = start + MOST_IDS_PER_READ >= len(found.ids)
            yield found.ids[start : start + MOST_IDS_PER_READ], end - _CLOCK_MARGIN if is_last else None
        if not found.ids:
            yield (), end - _CLOCK_MARGIN
        if until is None:
            return
        since, until = until, None


def _unsynced(app: App, integration: Integration, items: Sequence[WorkItem]) -> list[WorkItem]:
    """The linked work items whose present revision is not in sync with Aha! for certain."""
    links = in_parallel(lambda item: app.links.by_work_item(integration.integration_id, item.id), items)
    return [
        item
        for item, stored in zip(items, links, strict=True)
        if stored is not None and (item.revision > stored.link.agreed_revision or stored.link.intentions)
    ]
