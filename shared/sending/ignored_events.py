"""Events of Aha! that are answered without doing anything."""

from __future__ import annotations

from typing import Any

from shared import log_events
from shared.domain.records import is_release_event
from shared.operation import Operation


def ignored(body: Any, operation: Operation) -> dict[str, str] | None:
    """The answer to an event that is ignored; None for any other body."""
    if not is_release_event(body):
        return None
    operation.log.add(log_events.EVENT_IGNORED, "The event is about a release. Only features are sent.")
    return {"status": "ignored", "reason": "release_event"}
