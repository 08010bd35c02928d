"""Count each integration's open problems, for monitoring."""

from __future__ import annotations

from shared.app import App
from shared.domain.integration import StoredIntegration
from shared.operation import Operation
from shared.timer.job import Job


def open_problems_job(app: App, stored: StoredIntegration) -> Job | None:
    """The job that counts the open problems of an integration, for its line; None if the integration is disabled."""
    if not stored.integration.enabled:
        return None
    return Job(stored, stored.updated_at, lambda operation: _count(app, operation, stored))


def _count(app: App, operation: Operation, stored: StoredIntegration) -> None:
    # A run without integrations does not load it.
    from shared.api.health import read_health

    health = read_health(app.outcomes, stored.integration.integration_id)
    operation.log.know_open_problems(len(health.open_problems))
