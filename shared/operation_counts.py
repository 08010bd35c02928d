"""The counts of an operation's log entries and waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from shared.log_events import AHA_REQUEST, AZURE_DEVOPS_REQUEST, DOWNLOAD_REQUEST, LogEvent

_REQUESTS = {AZURE_DEVOPS_REQUEST.name, AHA_REQUEST.name, DOWNLOAD_REQUEST.name}


class OperationCounts:
    """Numbers of one operation. The caller makes sure that one thread at a time uses it.

    `events` and `codes`: how many entries there are of each event, and with each error code. `retries` are requests
    that were repeated. `throttled_seconds` is how long the operation's threads waited because another system limits
    requests; parallel waits of several threads are added up. `open_problems` is None where they were not counted.
    """

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.retries = 0
        self.throttled_seconds = 0.0
        self.open_problems: int | None = None

    def note(self, event: LogEvent, detail: Mapping[str, Any]) -> None:
        """Count one entry."""
        self.events[event.name] += 1
        if code := detail.get("code"):
            self.codes[str(code)] += 1
        if event.name in _REQUESTS and detail.get("attempt", 1) > 1:
            self.retries += 1

    def add(self, other: OperationCounts) -> None:
        """Add the counts of another operation to this one."""
        self.events += other.events
        self.codes += other.codes
        self.retries += other.retries
        self.throttled_seconds += other.throttled_seconds
        self.open_problems = other.open_problems if self.open_problems is None else self.open_problems

    @property
    def requests(self) -> int:
        """Requests to Azure DevOps, to Aha! and for files, repeated ones included."""
        return sum(self.events[name] for name in _REQUESTS)
