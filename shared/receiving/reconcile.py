"""Reconcile: a timer that backfills, for each integration, what lost notifications did not bring."""

from __future__ import annotations

import logging
from datetime import datetime

from shared import log_events
from shared.app import App
from shared.deadline import Deadline
from shared.domain.integration import StoredIntegration
from shared.errors import OperationFailed
from shared.operation import Operation
from shared.receiving.backfill import backfill

logger = logging.getLogger(__name__)

BUDGET_SECONDS = 240.0
_LEAST_SECONDS = 10.0


def reconcile_all(app: App, budget_seconds: float = BUDGET_SECONDS) -> None:
    """Reconcile every enabled integration that receives, the one that waited longest first.

    One integration's failure does not stop the others. What is not done in the time is done by the next run.

    Raises:
        Unavailable: Table Storage does not answer.
    """
    deadline = Deadline.after(budget_seconds)
    waiting = [
        (since_of(app, stored), stored)
        for stored in app.integrations.all()
        if stored.integration.enabled and stored.integration.receives
    ]
    for since, stored in sorted(waiting, key=lambda item: item[0]):
        if deadline.remaining() < _LEAST_SECONDS:
            logger.warning("The time is over; the next run reconciles the remaining integrations.")
            return
        operation = Operation.start(deadline.remaining())
        operation.log.write_to(app.log_of(stored))
        try:
            _reconcile(app, operation, stored, since)
        except OperationFailed as error:
            operation.log.add(log_events.RECONCILE_FAILED, error.detail, code=error.code, **error.evidence)
        except Exception as error:
            logger.exception("A defect ended the reconciliation of %s", stored.integration.integration_id)
            operation.log.add(
                log_events.RECONCILE_FAILED,
                f"A defect of this app ended the run: {type(error).__name__}. The app's own log has the trace.",
            )
        finally:
            operation.log.flush()


def since_of(app: App, stored: StoredIntegration) -> datetime:
    """The moment from which changes have to be looked at."""
    return app.watermarks.get(stored.integration.integration_id) or stored.created_at


def _reconcile(app: App, operation: Operation, stored: StoredIntegration, since: datetime) -> None:
    integration = stored.integration
    done = backfill(app, operation, integration, since)
    for failure in done.failures:
        operation.log.add(
            log_events.RECONCILE_ITEM_FAILED, failure.detail, code=failure.code, **failure.evidence
        )
    if done.updated:
        operation.log.add(
            log_events.RECONCILE_UPDATED,
            f"{done.updated} records were updated whose notifications had not arrived. If this happens again, look at "
            "the history of the service hook in Azure DevOps.",
            updated=done.updated,
        )
    if done.until > since:
        app.watermarks.set(integration.integration_id, done.until)
