"""One call of the app, from its first step to its answer."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from shared.deadline import Deadline
from shared.operation_log import OperationLog


@dataclass(frozen=True)
class Operation:
    """What all steps of a call share. `id` is shown in the answer and in the log."""

    id: str
    deadline: Deadline
    log: OperationLog

    @classmethod
    def start(cls, budget_seconds: float) -> Operation:
        """Begin an operation that may take `budget_seconds`."""
        operation_id = secrets.token_hex(16)
        return cls(operation_id, Deadline.after(budget_seconds), OperationLog(operation_id))

    def within(self, seconds: float | None) -> Operation:
        """The same operation with at most this many seconds left; None leaves its time as it is."""
        return self if seconds is None else replace(self, deadline=self.deadline.within(seconds))
