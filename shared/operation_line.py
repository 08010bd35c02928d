"""The line that each operation writes into the app's own log, for monitoring.

In Azure, the line is a row of `AppTraces` with JSON in `Message`. docs/watch.md says what each field means;
infra/queries and infra/alerts.bicep read them. Nothing in a line is a secret, an address or a record's name.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum

from shared.errors import Defect, OperationFailed, TooBusy
from shared.operation import Operation
from shared.operation_outcome import OperationKind
from shared.statuses import CALLERS_MISTAKES

logger = logging.getLogger(__name__)

SCHEMA = "operation/1"
"""The first field of each line. Queries look for it."""

_REFUSED = CALLERS_MISTAKES | {410}
_MOST_CODES = 20
_CODE = re.compile("[a-z_]{1,60}")


class Outcome(str, Enum):
    """How an operation ended, for statistics."""

    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    """Some records or files of a feature failed."""
    IN_PROGRESS = "in_progress"
    """The time ended before everything was done."""
    REFUSED = "refused"
    """The caller must change the request."""
    SHED = "shed"
    """The worker was full."""
    FAILED = "failed"
    DEFECT = "defect"


_OUTCOMES = {outcome.value: outcome for outcome in (Outcome.PARTIAL, Outcome.IN_PROGRESS)}


@dataclass(frozen=True)
class OperationLine:
    """The facts about an operation when it ends. docs/watch.md describes each field."""

    operation_id: str
    trace_id: str
    function: str
    integration: str
    kind: str
    outcome: Outcome
    status: int | None
    code: str
    result: str
    reason: str
    milliseconds: int
    requests: int
    retries: int
    throttled_milliseconds: int
    open_problems: int | None
    events: Mapping[str, int]
    codes: Mapping[str, int]

    def to_json(self) -> str:
        """The line. Its first field distinguishes it from other rows of the log."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, separators=(",", ":"))


@dataclass(frozen=True)
class End:
    """How an operation ended, as its function knows it.

    `result` and `reason` are words of the answer. `status` is None for an operation that answers nobody.
    """

    integration_id: str = ""
    kind: OperationKind | None = None
    status: int | None = None
    code: str = ""
    result: str = ""
    reason: str = ""

    @property
    def outcome(self) -> Outcome:
        """The outcome of the operation."""
        if self.code == TooBusy.code:
            return Outcome.SHED
        if self.code == Defect.code:
            return Outcome.DEFECT
        if self.status in _REFUSED:
            return Outcome.REFUSED
        if self.code or (self.status or 0) >= 400:
            return Outcome.FAILED
        return _OUTCOMES.get(self.result, Outcome.SUCCEEDED)


def code_of(failure: OperationFailed | None) -> str:
    """The error code of a failure; empty for None."""
    return failure.code if failure is not None else ""


def line_of(operation: Operation, end: End) -> OperationLine:
    """The line of an operation that ended now."""
    counts = operation.log.counts
    codes = [code for code in sorted(counts.codes) if _CODE.fullmatch(code)]
    return OperationLine(
        operation_id=operation.id,
        trace_id=operation.trace.trace_id,
        function=operation.function,
        integration=end.integration_id,
        kind=end.kind.value if end.kind else "",
        outcome=end.outcome,
        status=end.status,
        code=end.code,
        result=end.result,
        reason=end.reason,
        milliseconds=round((time.monotonic() - operation.started) * 1000),
        requests=counts.requests,
        retries=counts.retries,
        throttled_milliseconds=round(counts.throttled_seconds * 1000),
        open_problems=counts.open_problems,
        events=dict(sorted(counts.events.items())),
        codes={code: counts.codes[code] for code in codes[:_MOST_CODES]},
    )


def write_line(operation: Operation, end: End) -> None:
    """Write the line of an operation that ended now."""
    logger.info("%s", line_of(operation, end).to_json())
