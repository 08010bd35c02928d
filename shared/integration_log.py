"""The integration log as the API shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timezone
from typing import Any

from shared.app import App
from shared.domain.json_input import Faults
from shared.journal import Entry, Level

_DEFAULT_LIMIT = 50
_HIGHEST_LIMIT = 500


@dataclass(frozen=True)
class LogQuery:
    """Which entries are wanted: at most `limit`, older than the place `before`, of one operation, of one level."""

    limit: int = _DEFAULT_LIMIT
    before: str | None = None
    operation_id: str | None = None
    level: Level | None = None


def read_query(parameters: Mapping[str, str]) -> LogQuery:
    """The query parameters of a request for the log. Raises InvalidRequest naming every fault."""
    faults = Faults()
    limit_text = parameters.get("limit", str(_DEFAULT_LIMIT))
    limit = int(limit_text) if limit_text.isascii() and limit_text.isdigit() and len(limit_text) < 5 else 0
    if not 1 <= limit <= _HIGHEST_LIMIT:
        faults.note("/limit", f"must be a whole number from 1 to {_HIGHEST_LIMIT}")
    level_text = parameters.get("level")
    levels = [level.value for level in Level]
    if level_text is not None and level_text not in levels:
        faults.note("/level", f"must be one of {', '.join(levels)}")
    faults.raise_if_any()
    return LogQuery(
        limit,
        parameters.get("before"),
        parameters.get("operation_id"),
        Level(level_text) if level_text is not None else None,
    )


def read_log(app: App, integration_id: str, query: LogQuery) -> dict[str, Any]:
    """A page of an integration's log, newest first.

    Raises:
        InvalidRequest: `before` is not the `next` of an earlier page.
    """
    page = app.log.read(
        integration_id,
        limit=query.limit,
        before=query.before,
        operation_id=query.operation_id,
        level=query.level,
    )
    return {"entries": [_shown(entry) for entry in page.entries], "next": page.next}


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "time": entry.time.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": entry.level.value,
        "operation_id": entry.operation_id,
        "event": entry.event,
        "message": entry.message,
        "detail": dict(entry.detail),
    }
