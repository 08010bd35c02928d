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
    """Something to do for one integration. `since`: how long it has waited. `run` may raise OperationFailed.

    `consists_of_operations`: the job begins an operation for each thing that it does, and each has a line of its own.
    `kind` says for which operations a failure of the job counts. One that writes no log when it succeeds counts as
    Reconcile, the next run of which ends the problem.
    """

    stored: StoredIntegration
    since: datetime
    run: Callable[[Operation], None]
    kind: OperationKind = OperationKind.RECONCILE
    consists_of_operations: bool = False
