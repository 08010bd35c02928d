"""One call of the app from its first step to its answer."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from shared.deadline import Deadline
from shared.journal import Journal


@dataclass(frozen=True)
class Operation:
    """What every step of a call shares: its id (shown in the answer and the log), its deadline and its journal."""

    id: str
    deadline: Deadline
    journal: Journal

    @classmethod
    def start(cls, budget_seconds: float) -> Operation:
        """A new operation that may take `budget_seconds`."""
        operation_id = secrets.token_hex(16)
        return cls(operation_id, Deadline.after(budget_seconds), Journal(operation_id))
