"""The steps of one operation, written down for the person who has to repair what went wrong."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from shared.log_events import Level as Level
from shared.log_events import LogEvent

logger = logging.getLogger(__name__)

_FLUSH_AT = 80
"""Entries kept in memory before they are written together: what a crash may take along."""


_LOGGING_LEVELS = {Level.INFO: logging.INFO, Level.WARNING: logging.WARNING, Level.ERROR: logging.ERROR}


@dataclass(frozen=True)
class Entry:
    """One step: a request made, an answer got, a decision taken.

    `event` is a stable name such as `work-item.created`, `message` a sentence for a person, `detail` JSON values
    without secrets.
    """

    time: datetime
    level: Level
    operation_id: str
    event: str
    message: str
    detail: Mapping[str, Any] = field(default_factory=dict)


Sink = Callable[[Sequence[Entry]], None]
"""Stores entries; raises OperationFailed when it cannot."""


class Journal:
    """Collects the entries of one operation and hands them to a sink a few dozen at a time.

    Usable from several threads. Until `write_to` names a sink (the integration may not be known yet) entries wait.
    """

    def __init__(self, operation_id: str) -> None:
        self._operation_id = operation_id
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._sink: Sink | None = None

    def write_to(self, sink: Sink) -> None:
        """Name the place that keeps the entries."""
        self._sink = sink

    def log(self, event: LogEvent, message: str, /, **detail: Any) -> None:
        """Add an entry. `message` is a sentence for a person; `detail` holds JSON values without secrets."""
        self.note(event.level, event.name, message, **detail)

    def note(self, level: Level, event: str, message: str, **detail: Any) -> None:
        """Add an entry."""
        # Half a character, which JSON can carry, can be written nowhere.
        message = message.encode("utf-8", "replace").decode()
        entry = Entry(datetime.now(timezone.utc), level, self._operation_id, event, message, detail)
        logger.log(_LOGGING_LEVELS[level], "%s [%s] %s", event, self._operation_id, message)
        with self._lock:
            self._entries.append(entry)
            full = len(self._entries) >= _FLUSH_AT
        if full:
            self.flush()

    def info(self, event: str, message: str, **detail: Any) -> None:
        """Add an entry about something that went as it should."""
        self.note(Level.INFO, event, message, **detail)

    def warning(self, event: str, message: str, **detail: Any) -> None:
        """Add an entry about something that somebody may want to look at."""
        self.note(Level.WARNING, event, message, **detail)

    def error(self, event: str, message: str, **detail: Any) -> None:
        """Add an entry about something that somebody has to repair."""
        self.note(Level.ERROR, event, message, **detail)

    def flush(self) -> None:
        """Hand over what has been collected. A log that cannot be written never fails the operation it is about."""
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
