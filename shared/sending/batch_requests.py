"""What the batch protocol can ask for. Each request says what answers it."""

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
    """What the organization that is written to is known to refuse."""

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
    """The answer of a request that was not sent: the documents of these writes could not be made.

    `errors`: why, by record id. They are defects of this app.
    """

    errors: Mapping[str, OperationFailed]


@dataclass(frozen=True)
class HoldClaims:
    """Make sure that the claims of these creates hold long enough. Answer: the record ids of claims that were lost."""

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
    """Carry these out side by side, and beside what follows. Answer: nothing."""

    branches: tuple[Steps[None], ...]


@dataclass(frozen=True)
class Report:
    """Commit these outcomes, by record id: they are final."""

    outcomes: Mapping[str, Outcome]


@dataclass(frozen=True)
class NoteRefusal:
    """Remember that the organization refuses something."""

    capability: Capability


@dataclass(frozen=True)
class Log:
    """Log an event, of one record if there is a `record_id`."""

    event: LogEvent
    message: str
    record_id: str = ""


Request = SendBatch | SendOne | HoldClaims | FindCreated | Pause | Start | Report | NoteRefusal | Log

Result = TypeVar("Result")
Steps = Generator[Request, Any, Result]
