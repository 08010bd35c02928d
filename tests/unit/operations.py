"""Operations on a clock that tests turn."""

from __future__ import annotations

from shared.deadline import Deadline
from shared.operation import Operation
from shared.operation_log import LogEntry, OperationLog


class Clock:
    """A clock that stands still, but for those who sleep."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.slept.append(round(seconds, 6))
        self.now += seconds


class Log(list[LogEntry]):
    """The entries of an operation, once its log is flushed."""

    def of(self, event: str) -> list[LogEntry]:
        """The entries of one event."""
        return [entry for entry in self if entry.event == event]


def an_operation(seconds: float = 60, clock: Clock | None = None) -> tuple[Operation, Log]:
    """An operation that may take `seconds`, and the entries of its log."""
    operation_log = OperationLog("op-1")
    entries = Log()
    operation_log.write_to(entries.extend)
    deadline = Deadline.after(seconds, clock) if clock else Deadline.after(seconds)
    return Operation("op-1", deadline, operation_log), entries
