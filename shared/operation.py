"""One call of the app, from its first step to its answer."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field, replace

from shared.deadline import Deadline
from shared.operation_log import OperationLog
from shared.trace_context import TraceContext, continued


@dataclass(frozen=True)
class Caller:
    """Who began an operation: the function that was called, and the W3C trace headers that came with the call."""

    function: str = ""
    trace_parent: str = ""
    trace_state: str = ""


NOBODY = Caller()


def _new_trace() -> TraceContext:
    return continued("", "", secrets.token_hex)


@dataclass(frozen=True)
class Operation:
    """What all steps of a call share. `id` is shown in the answer and in the log.

    `function` is the one that was called. `trace` is sent with each request to Azure DevOps and Aha!. `started` is of
    the monotonic clock.
    """

    id: str
    deadline: Deadline
    log: OperationLog
    function: str = ""
    trace: TraceContext = field(default_factory=_new_trace)
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def start(cls, budget_seconds: float, caller: Caller = NOBODY) -> Operation:
        """Begin an operation that may take `budget_seconds`."""
        trace = continued(caller.trace_parent, caller.trace_state, secrets.token_hex)
        return cls._begin(budget_seconds, caller.function, trace)

    def another(self, budget_seconds: float) -> Operation:
        """Begin a further operation of the same call: with an id, a log and a span of its own, in the same trace."""
        trace = replace(self.trace, span_id=secrets.token_hex(8))
        return self._begin(budget_seconds, self.function, trace)

    @classmethod
    def _begin(cls, budget_seconds: float, function: str, trace: TraceContext) -> Operation:
        operation_id = secrets.token_hex(16)
        return cls(operation_id, Deadline.after(budget_seconds), OperationLog(operation_id), function, trace)

    def within(self, seconds: float | None) -> Operation:
        """The same operation with at most this many seconds left; None leaves its time as it is."""
        return self if seconds is None else replace(self, deadline=self.deadline.within(seconds))
