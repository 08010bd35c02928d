"""The log of one operation: what it did, for the person who has to correct an error."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from shared.log_events import Level, LogEvent
from shared.operation_counts import OperationCounts
from shared.operation_outcome import OperationKind, OperationOutcome
from shared.outcome_notes import OutcomeNotes

logger = logging.getLogger(__name__)

_FLUSH_AT = 80
"""The number of entries that are stored together. A crash loses entries that are not stored yet."""

_NAMES_OF_RECORDS = ("reference", "references", "aha_id", "work_item_id")

_LOGGING_LEVELS = {Level.INFO: logging.DEBUG, Level.WARNING: logging.WARNING, Level.ERROR: logging.ERROR}
"""For the app's own log. It has no row for a successful step, only the operation's line (`shared.operation_line`)."""


@dataclass(frozen=True)
class LogEntry:
    """One step of an operation: a request that was answered, a decision, a result.

    `time` is in UTC. `event` is the name of a LogEvent, `message` a sentence for a person, `detail` JSON values without
    secrets. `kind` is what the operation is for, where that is known. The last entry of an operation also has the
    outcome of the operation.
    """

    time: datetime
    level: Level
    operation_id: str
    event: str
    message: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    kind: OperationKind | None = None
    outcome: OperationOutcome | None = field(default=None, compare=False)


LogSink = Callable[[Sequence[LogEntry]], None]
"""Stores entries, oldest first. Raises OperationFailed if it cannot."""


class OperationLog:
    """Collects the entries of one operation and gives them to a sink, up to 80 at a time.

    Several threads may use it. Entries wait in memory until `write_to` names a sink: an operation may begin before its
    integration is known.
    """

    def __init__(self, operation_id: str) -> None:
        self._operation_id = operation_id
        self._lock = threading.Lock()
        self._entries: list[LogEntry] = []
        self._sink: LogSink | None = None
        self._kind: OperationKind | None = None
        self._notes = OutcomeNotes()
        self._counts = OperationCounts()
        self._subject: dict[str, Any] = {}
        self._said: set[str] = set()

    def write_to(self, sink: LogSink, kind: OperationKind | None = None) -> None:
        """Name the sink that stores the entries, also those that were collected so far.

        `kind` says what the operation is for. Without it, the operation does not count for the integration's health.
        """
        self._sink = sink
        self._kind = kind

    @property
    def has_sink(self) -> bool:
        """Whether the entries are stored."""
        return self._sink is not None

    def name_subject(self, **detail: Any) -> None:
        """What the operation is about. Later entries that name no record have these details, too."""
        self._subject = {name: value for name, value in detail.items() if value}

    def know_record(self, name: str, feature_id: str) -> None:
        """A record of the operation: its reference, or else its Aha! id, and the Aha! id of its feature."""
        with self._lock:
            self._notes.know_record(name, feature_id)

    def know_whole_feature(self) -> None:
        """The operation's feature has no records besides the known ones."""
        with self._lock:
            self._notes.know_whole_feature()

    def know_wait(self, seconds: float) -> None:
        """The operation waited because another system limits requests."""
        with self._lock:
            self._counts.throttled_seconds += seconds

    def know_open_problems(self, number: int) -> None:
        """The operation counted the open problems of the integration."""
        with self._lock:
            self._counts.open_problems = number

    def count_in(self, other: OperationLog) -> None:
        """Add the counts of another operation to this one."""
        counts = other.counts
        with self._lock:
            self._counts.add(counts)

    @property
    def counts(self) -> OperationCounts:
        """The counts of the entries and waits so far."""
        so_far = OperationCounts()
        with self._lock:
            so_far.add(self._counts)
        return so_far

    def add_once(self, event: LogEvent, message: str, /, **detail: Any) -> None:
        """Add an entry, unless the operation already has one with this message."""
        with self._lock:
            is_said = message in self._said
            self._said.add(message)
        if not is_said:
            self.add(event, message, **detail)

    def add(self, event: LogEvent, message: str, /, **detail: Any) -> None:
        """Add an entry. `message` is a sentence for a person; `detail` holds JSON values without secrets."""
        # JSON input can carry half of a surrogate pair, which UTF-8 cannot encode.
        message = message.encode("utf-8", "replace").decode()
        names_record = any(detail.get(name) for name in _NAMES_OF_RECORDS)
        entry = LogEntry(
            datetime.now(timezone.utc),
            event.level,
            self._operation_id,
            event.name,
            message,
            detail if names_record else {**detail, **self._subject},
        )
        logger.log(_LOGGING_LEVELS[event.level], "%s [%s] %s", _label(entry), self._operation_id, message)
        with self._lock:
            self._notes.note(entry.time, event, message, entry.detail)
            self._counts.note(event, entry.detail)
            self._entries.append(entry)
            # The last entry waits for the end, because the operation's outcome is stored with it.
            is_full = len(self._entries) > _FLUSH_AT and self._sink is not None
            full = self._entries[:_FLUSH_AT] if is_full else []
            del self._entries[: len(full)]
        self._store(full)

    def flush(self) -> None:
        """Store the entries that are left, at the end of the operation. If the sink fails, they are lost."""
        if self._sink is None:
            return
        with self._lock:
            entries, self._entries = self._entries, []
            if entries and self._kind is not None:
                outcome = self._notes.outcome(self._kind, self._operation_id, entries[-1].time)
                entries[-1] = replace(entries[-1], outcome=outcome)
        self._store(entries)

    def _store(self, entries: Sequence[LogEntry]) -> None:
        """Give entries to the sink. If it fails, they are lost, and the operation continues."""
        if self._sink is None or not entries:
            return
        try:
            # An operation may begin before its kind is known.
            self._sink([replace(entry, kind=self._kind) for entry in entries])
        except Exception:
            logger.exception("The integration log of operation %s could not be written", self._operation_id)


def _label(entry: LogEntry) -> str:
    """How the entry begins in the function app's own log: the event, and the error code if there is one."""
    code = entry.detail.get("code")
    return f"{entry.event} ({code})" if code else entry.event
