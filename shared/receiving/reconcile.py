"""Reconcile: a timer that backfills, for each integration, what lost notifications did not bring."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

from shared import log_events
from shared.app import App
from shared.deadline import Deadline
from shared.domain.integration import StoredIntegration
from shared.errors import Defect, TimeSpent, Unavailable
from shared.isolation import isolated
from shared.operation import Operation
from shared.receiving.backfill import backfill
from shared.storage.integrations import UnreadableIntegration

logger = logging.getLogger(__name__)

BUDGET_SECONDS = 240.0
_LEAST_SECONDS = 10.0


def reconcile_all(app: App, budget_seconds: float = BUDGET_SECONDS) -> None:
    """Reconcile every enabled integration that receives, the one that waited longest first.

    One integration's failure does not stop the others, nor does one take the others' share of the time. What is not
    done in the time is done by the next run.

    Raises:
        Unavailable: Table Storage does not answer.
    """
    deadline = Deadline.after(budget_seconds)
    waiting = _waiting(app)
    for position, (since, stored) in enumerate(waiting):
        if deadline.remaining() < _LEAST_SECONDS:
            logger.warning("The time is over; the next run reconciles the remaining integrations.")
            return
        share = deadline.remaining() / (len(waiting) - position)
        operation = Operation.start(max(_LEAST_SECONDS, share))
        operation.log.write_to(app.log_of(stored))
        reconcile = isolated(partial(_reconcile, app, operation, since=since), operation, _name)
        failure = reconcile(stored)
        if failure is not None and not isinstance(failure, Defect):
            operation.log.add(
                log_events.RECONCILE_FAILED, failure.detail, code=failure.code, **failure.evidence
            )
        operation.log.flush()


def _waiting(app: App) -> list[tuple[datetime, StoredIntegration]]:
    """The integrations to reconcile, and since when. One whose rows cannot be read does not stop the others."""
    waiting = []
    for stored in app.integrations.each():
        if isinstance(stored, UnreadableIntegration):
            logger.error("Reconcile cannot read %s", stored.integration_id, exc_info=stored.error)
            continue
        if not (stored.integration.enabled and stored.integration.receives):
            continue
        operation = Operation.start(_LEAST_SECONDS)
        operation.log.write_to(app.log_of(stored))
        since = isolated(partial(since_of, app), operation, _name)(stored)
        if isinstance(since, datetime):
            waiting.append((since, stored))
        elif isinstance(since, Unavailable):
            raise since
        operation.log.flush()
    return sorted(waiting, key=lambda item: item[0])


def _name(stored: StoredIntegration) -> str:
    return f"Reconcile of {stored.integration.integration_id}"


def since_of(app: App, stored: StoredIntegration) -> datetime:
    """The moment from which changes have to be looked at."""
    return app.watermarks.get(stored.integration.integration_id) or stored.created_at


def _reconcile(app: App, operation: Operation, stored: StoredIntegration, *, since: datetime) -> None:
    integration = stored.integration
    done = backfill(app, operation, integration, since)
    for failure in done.failures:
        name = f" ({failure.reference})" if failure.reference else ""
        operation.log.add(
            log_events.RECONCILE_ITEM_FAILED,
            f"Work item {failure.work_item_id}{name} was not brought to Aha!. {failure.error.detail}",
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
            f"{done.updated} records were updated whose notifications had not arrived. If this happens again, look at "
            "the history of the service hook in Azure DevOps.",
            updated=done.updated,
        )
    if done.until > since:
        app.watermarks.advance(integration.integration_id, since, done.until)
    if done.stopped_by is not None and not isinstance(done.stopped_by, TimeSpent):
        raise done.stopped_by
