"""The health of integrations: the key `health` of their answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import Any

from shared.concurrency import in_parallel
from shared.domain.health import (
    FailingRecord,
    Health,
    OpenProblem,
    by_features,
    failing_records,
    followed_up,
    last_error,
    open_problems,
    wanted_proofs,
    with_problem,
)
from shared.domain.integration import Integration
from shared.domain.times import time_text
from shared.domain.token_end import token_end
from shared.errors import OperationFailed
from shared.operation import Operation
from shared.operation_outcome import OperationOutcome
from shared.storage.outcomes import MOST_FEATURES, MOST_ROWS, OutcomeStore

logger = logging.getLogger(__name__)


def health_json(
    store: OutcomeStore, operation: Operation, integration: Integration, now: datetime
) -> dict[str, Any]:
    """The health of an integration. If its log cannot be read, that is its open problem."""
    integration_id = integration.integration_id
    try:
        health = with_problem(read_health(store, integration_id), token_end(integration.azure_devops, now))
    except OperationFailed as error:
        logger.warning("The health of %s is not known: %s", integration_id, error.detail)
        health = _unknown(operation, error.code, f"The log of the integration cannot be read. {error.detail}")
    except Exception:
        # One integration's defect must not hide the others in the list.
        logger.exception(
            "A defect stopped reading the health of %s in operation %s", integration_id, operation.id
        )
        health = _unknown(
            operation,
            "internal_error",
            "A defect of this app stopped reading the log of the integration. Give the person who operates the app "
            f"this operation id: {operation.id}.",
        )
    return _as_json(health)


def read_health(store: OutcomeStore, integration_id: str) -> Health:
    """The health of an integration.

    Without failures, this takes three parallel requests to Table Storage. With failures, further parallel requests look
    for their ends: one for each failed kind of operation, and one for each twelve features.

    Raises:
        Unavailable: Table Storage does not answer.
    """
    reads: tuple[Callable[[], Any], ...] = (
        lambda: store.failed(integration_id),
        lambda: store.last_sent_at(integration_id),
        lambda: store.last_received_at(integration_id),
    )
    failed, sent_at, received_at = in_parallel(lambda read: read(), reads)
    return Health(sent_at, received_at, last_error(failed), _open_problems(store, integration_id, failed))


def _open_problems(
    store: OutcomeStore, integration_id: str, failed: Sequence[OperationOutcome]
) -> tuple[OpenProblem, ...]:
    since = min((operation.ended_at for operation in failed), default=None)
    if since is None:
        return ()
    proofs = sorted(wanted_proofs(failed), key=str)
    families = by_features(failing_records(failed), MOST_FEATURES)
    reads: list[Callable[[], Any]] = [
        *(partial(store.last_success, integration_id, proof, since) for proof in proofs),
        *(partial(_went_through, store, integration_id, records) for records in families),
    ]
    found = in_parallel(lambda read: read(), reads)
    succeeded_at = {proof: moment for proof, moment in zip(proofs, found, strict=False) if moment is not None}
    followed = {name: moment for part in found[len(proofs) :] for name, moment in part.items()}
    return open_problems(failed, succeeded_at, followed)


def _went_through(
    store: OutcomeStore, integration_id: str, records: Sequence[FailingRecord]
) -> dict[str, datetime | None]:
    """The outcomes of the records of some features since they failed."""
    features = sorted({record.feature_id for record in records})
    since = min(record.failed_at for record in records)
    operations = store.about_features(integration_id, features, since=since)
    return followed_up(records, operations, is_complete=len(operations) < MOST_ROWS)


def _unknown(operation: Operation, code: str, detail: str) -> Health:
    problem = OpenProblem(datetime.now(timezone.utc), code, detail, operation.id)
    return Health(open_problems=(problem,))


def _as_json(health: Health) -> dict[str, Any]:
    return {
        "last_sent_at": time_text(health.last_sent_at),
        "last_received_at": time_text(health.last_received_at),
        "last_error": _error_json(health.last_error) if health.last_error else None,
        "open_problems": [
            {**_error_json(problem), "records": list(problem.records)} for problem in health.open_problems
        ],
    }


def _error_json(problem: OpenProblem) -> dict[str, Any]:
    return {
        "time": time_text(problem.at),
        "code": problem.code,
        "detail": problem.detail,
        "operation_id": problem.operation_id,
    }
