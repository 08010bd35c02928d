"""One job of a timer's run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared.domain.integration import StoredIntegration
from shared.operation import Operation
from shared.operation_outcome import OperationKind


@dataclass(frozen=True)
class Job:
    """Something to do for one integration. `since`: since when it has waited. `run` may raise OperationFailed.

    `runs_own_operations`: the job starts an operation for each thing that it does, and each has its own line. `kind`
    says for which operations a failure of the job counts. A job that logs nothing when it succeeds counts as Reconcile,
    whose next run closes the problem.
    """

    stored: StoredIntegration
    since: datetime
    run: Callable[[Operation], None]
    kind: OperationKind = OperationKind.RECONCILE
    runs_own_operations: bool = False
