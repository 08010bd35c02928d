"""Reconcile: sync the changes whose notifications were lost."""

from __future__ import annotations

from datetime import timedelta

from shared import log_events
from shared.app import App
from shared.domain.integration import StoredIntegration
from shared.errors import TimeSpent
from shared.operation import Operation
from shared.receiving.backfill import backfill
from shared.storage.watermarks import Watermark
from shared.timer.job import Job

_CLOCK_MARGIN = timedelta(hours=1)
"""How far before the integration's creation the first query begins: that time is by a host's clock, which may be ahead.

Table Storage refuses a host whose clock is wrong by more than 15 minutes.
"""


def reconcile_job(app: App, stored: StoredIntegration) -> Job | None:
    """The job that syncs changes in Azure DevOps since the watermark; None if the integration does not receive."""
    integration = stored.integration
    if not (integration.enabled and integration.receives):
        return None
    found = app.watermarks.get(integration.integration_id)
    watermark = found or Watermark(stored.created_at - _CLOCK_MARGIN, stored.created_at)
    return Job(stored, watermark.seen_until, lambda operation: _reconcile(app, operation, stored, watermark))


def _reconcile(app: App, operation: Operation, stored: StoredIntegration, watermark: Watermark) -> None:
    integration, since = stored.integration, watermark.seen_until
    done = backfill(app, operation, integration, since, watermark.written_at)
    for failure in done.failures:
        name = f" ({failure.reference})" if failure.reference else ""
        operation.log.add(
            log_events.RECONCILE_ITEM_FAILED,
            f"Work item {failure.work_item_id}{name} was not synced to Aha!. {failure.error.detail}",
            **{
                **failure.error.evidence,
                "code": failure.error.code,
                "work_item_id": failure.work_item_id,
                "reference": failure.reference,
            },
        )
    if done.updated:
        operation.log.add(
            log_events.RECONCILE_UPDATED,
            f"{done.updated} records were updated whose notifications had not arrived. If this happens again, check "
            "the history of the service hook in Azure DevOps.",
            updated=done.updated,
        )
    if done.until > since:
        app.watermarks.advance(integration.integration_id, since, done.until)
    if done.stopped_by is not None and not isinstance(done.stopped_by, TimeSpent):
        raise done.stopped_by
