"""The log of one operation: what it did, for the person who has to correct what went wrong."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from shared.log_events import Level, LogEvent

logger = logging.getLogger(__name__)

_FLUSH_AT = 80
"""Entries that are stored together. A crash loses those that are not stored yet."""

_LOGGING_LEVELS = {Level.INFO: logging.INFO, Level.WARNING: logging.WARNING, Level.ERROR: logging.ERROR}


@dataclass(frozen=True)
class LogEntry:
    """One step of an operation: a request that was answered, a decision, a result.

    `time` is in UTC. `event` is the name of a LogEvent, `message` a sentence for a person, `detail` JSON values
    without secrets.
    """

    time: datetime
    level: Level
    operation_id: str
    event: str
    message: str
    detail: Mapping[str, Any] = field(default_factory=dict)


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

    def write_to(self, sink: LogSink) -> None:
        """Name the sink that stores the entries, also those that were collected so far."""
        self._sink = sink

    def add(self, event: LogEvent, message: str, /, **detail: Any) -> None:
        """Add an entry. `message` is a sentence for a person; `detail` holds JSON values without secrets."""
        # JSON input can carry half of a surrogate pair, which UTF-8 cannot encode.
        message = message.encode("utf-8", "replace").decode()
        entry = LogEntry(
            datetime.now(timezone.utc), event.level, self._operation_id, event.name, message, detail
        )
        logger.log(_LOGGING_LEVELS[event.level], "%s [%s] %s", _label(entry), self._operation_id, message)
        with self._lock:
            self._entries.append(entry)
            is_full = len(self._entries) >= _FLUSH_AT
        if is_full:
            self.flush()

    def flush(self) -> None:
        """Store the entries collected so far. If the sink fails, they are lost, and the operation goes on."""
        if self._sink is None:
            return
        with self._lock:
            entries, self._entries = self._entries, []
        if not entries:
            return
        try:
            self._sink(entries)
        except Exception:
            logger.exception("The integration log of operation %s could not be written", self._operation_id)


def _label(entry: LogEntry) -> str:
    """How the line in the function app's own log begins: the event, and the error code if there is one.

    The alert rules in infra/alerts.bicep search for both.
    """
    code = entry.detail.get("code")
    return f"{entry.event} ({code})" if code else entry.event
