"""The requests of the batch protocol. Each one describes its answer."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from shared.clients.capabilities import Capability
from shared.errors import OperationFailed
from shared.log_events import LogEvent
from shared.sending.outcome import Outcome
from shared.sending.work_item_write import WorkItemWrite


@dataclass(frozen=True)
class Refusals:
    """The capabilities that the organization is known to refuse."""

    batches: bool = False
    temporary_ids: bool = False


@dataclass(frozen=True)
class SendBatch:
    """Send these writes as one batch. Answer: a BatchAnswer, NotSendable, or the OperationFailed that was raised.

    `parent_id` is the feature's work item; None if the first write creates it.
    """

    writes: tuple[WorkItemWrite, ...]
    parent_id: int | None


@dataclass(frozen=True)
class SendOne:
    """Send this write alone. Answer: the WorkItem, NotSendable, or the OperationFailed that was raised."""

    write: WorkItemWrite
    parent_id: int | None


@dataclass(frozen=True)
class NotSendable:
    """The answer of a request that was not sent: the documents of these writes could not be built.

    `errors`: why, by record id. They are defects of this app.
    """

    errors: Mapping[str, OperationFailed]


@dataclass(frozen=True)
class HoldClaims:
    """Make sure that the claims of these creates last long enough. Answer: the record ids of lost claims."""

    writes: tuple[WorkItemWrite, ...]


@dataclass(frozen=True)
class FindCreated:
    """Search for work items of these creates. Answer: those found, by record id, or the OperationFailed."""

    writes: tuple[WorkItemWrite, ...]


@dataclass(frozen=True)
class Pause:
    """Wait. Answer: false, at once, if the operation has no time for it."""

    seconds: float


@dataclass(frozen=True)
class Start:
    """Start these in parallel with each other and with what follows. Answer: nothing."""

    branches: tuple[Steps[None], ...]


@dataclass(frozen=True)
class Report:
    """Commit these outcomes, by record id: they are final."""

    outcomes: Mapping[str, Outcome]


@dataclass(frozen=True)
class RememberRefusal:
    """Remember that the organization refuses a capability."""

    capability: Capability


@dataclass(frozen=True)
class Log:
    """Log an event, of one record if there is a `record_id`."""

    event: LogEvent
    message: str
    record_id: str = ""


Request = SendBatch | SendOne | HoldClaims | FindCreated | Pause | Start | Report | RememberRefusal | Log

Result = TypeVar("Result")
Steps = Generator[Request, Any, Result]
