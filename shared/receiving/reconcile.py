"""Every now and then: bring in what missed notifications lost, for each integration that receives."""

from __future__ import annotations

import logging
from datetime import datetime

from shared.app import App
from shared.deadline import Deadline
from shared.domain.integration import StoredIntegration
from shared.errors import OperationFailed
from shared.operation import Operation
from shared.receiving.catching_up import catch_up

logger = logging.getLogger(__name__)

BUDGET_SECONDS = 240.0
_LEAST_SECONDS = 10.0


def reconcile_all(app: App, budget_seconds: float = BUDGET_SECONDS) -> None:
    """Reconcile every enabled integration, the one that has waited longest first.

    One integration's failure does not stop the others. What there is no time for goes on the next time.

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
            logger.warning("The time is over; the remaining integrations are reconciled the next time.")
            return
        operation = Operation.start(deadline.remaining())
        operation.journal.write_to(app.log_of(stored))
        try:
            _reconcile(app, operation, stored, since)
        except OperationFailed as error:
            operation.journal.error("reconcile.failed", error.detail, code=error.code, **error.evidence)
        except Exception as error:
            logger.exception("A defect ended the reconciliation of %s", stored.integration.integration_id)
            operation.journal.error(
                "reconcile.failed",
                f"A defect of this app ended it: {type(error).__name__}. Its own log has the trace.",
            )
        finally:
            operation.journal.flush()


def since_of(app: App, stored: StoredIntegration) -> datetime:
    """From when on changes have to be looked at: all before has been seen to."""
    return app.watermarks.get(stored.integration.integration_id) or stored.created_at


def _reconcile(app: App, operation: Operation, stored: StoredIntegration, since: datetime) -> None:
    integration = stored.integration
    caught_up = catch_up(app, operation, integration, since)
    for failure in caught_up.failures:
        operation.journal.error(
            "reconcile.item-failed", failure.detail, code=failure.code, **failure.evidence
        )
    if caught_up.updated:
        operation.journal.warning(
            "reconcile.updated",
            f"{caught_up.updated} records were brought up to date whose notifications had not arrived. Look at the "
            "history of the service hook in Azure DevOps if this happens again.",
            updated=caught_up.updated,
        )
    if caught_up.until > since:
        app.watermarks.set(integration.integration_id, caught_up.until)
