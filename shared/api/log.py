"""GET /api/integrations/{integration_id}/log: a page of an integration's log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timezone
from typing import Any

from shared.app import App
from shared.domain.json_input import InputErrors
from shared.log_events import Level
from shared.operation_log import LogEntry

_DEFAULT_LIMIT = 50
_HIGHEST_LIMIT = 500


@dataclass(frozen=True)
class LogQuery:
    """Which entries the caller wants.

    At most `limit`; those that follow the page whose `next` is `before`; of one operation; of one level.
    """

    limit: int = _DEFAULT_LIMIT
    before: str | None = None
    operation_id: str | None = None
    level: Level | None = None


def read_query(parameters: Mapping[str, str]) -> LogQuery:
    """Check the query parameters. Raises InvalidRequest, which names every invalid one."""
    errors = InputErrors()
    limit_text = parameters.get("limit", str(_DEFAULT_LIMIT))
    limit = int(limit_text) if limit_text.isascii() and limit_text.isdigit() and len(limit_text) < 5 else 0
    if not 1 <= limit <= _HIGHEST_LIMIT:
        errors.add("/limit", f"must be a whole number from 1 to {_HIGHEST_LIMIT}")
    level_text = parameters.get("level")
    levels = [level.value for level in Level]
    if level_text is not None and level_text not in levels:
        errors.add("/level", f"must be one of {', '.join(levels)}")
    errors.raise_if_any()
    return LogQuery(
        limit,
        parameters.get("before"),
        parameters.get("operation_id"),
        Level(level_text) if level_text is not None else None,
    )


def read_log(app: App, integration_id: str, query: LogQuery) -> dict[str, Any]:
    """The page as JSON, newest entry first: `{"entries": […], "next": text or None}`.

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
    return {"entries": [_entry_as_json(entry) for entry in page.entries], "next": page.next}


def _entry_as_json(entry: LogEntry) -> dict[str, Any]:
    return {
        "time": entry.time.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": entry.level.value,
        "operation_id": entry.operation_id,
        "event": entry.event,
        "message": entry.message,
        "detail": dict(entry.detail),
    }
