"""GET /api/integrations/{integration_id}/log: a page of an integration's log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.app import App
from shared.domain.json_input import InputErrors
from shared.domain.times import time_text
from shared.log_events import Level, remedy_of
from shared.log_filter import EVERYTHING, LogFilter
from shared.operation_log import LogEntry

_DEFAULT_LIMIT = 50
_HIGHEST_LIMIT = 500
_LONGEST_TEXT = 200


@dataclass(frozen=True)
class LogQuery:
    """Which entries the caller wants: at most `limit` of `only`, after the page whose `next` is `before`."""

    limit: int = _DEFAULT_LIMIT
    before: str | None = None
    only: LogFilter = EVERYTHING


def read_query(parameters: Mapping[str, str]) -> LogQuery:
    """Check the query parameters. Raises InvalidRequest, which names every invalid one."""
    errors = InputErrors()
    limit = _number(parameters.get("limit", str(_DEFAULT_LIMIT)))
    if not 1 <= limit <= _HIGHEST_LIMIT:
        errors.add("/limit", f"must be a whole number from 1 to {_HIGHEST_LIMIT}")
    level = parameters.get("level")
    levels = [level.value for level in Level]
    if level is not None and level not in levels:
        errors.add("/level", f"must be one of {', '.join(levels)}")
    work_item_id = parameters.get("work_item_id")
    if work_item_id is not None and _number(work_item_id) < 1:
        errors.add("/work_item_id", "must be the id of a work item")
    for name in ("event", "reference", "text"):
        if not 0 < len(parameters.get(name, name)) <= _LONGEST_TEXT:
            errors.add(f"/{name}", f"must have 1 to {_LONGEST_TEXT} characters")
    errors.raise_if_any()
    return LogQuery(
        limit,
        parameters.get("before"),
        LogFilter(
            operation_id=parameters.get("operation_id"),
            level=Level(level) if level is not None else None,
            event=parameters.get("event"),
            reference=parameters.get("reference"),
            work_item_id=_number(work_item_id) if work_item_id is not None else None,
            text=parameters.get("text"),
        ),
    )


def _number(text: str) -> int:
    """A whole number of at most ten digits; -1 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else -1


def read_log(app: App, integration_id: str, query: LogQuery) -> dict[str, Any]:
    """The page as JSON, newest entry first: `{"entries": […], "next": text or None}`.

    Raises:
        InvalidRequest: `before` is not the `next` of an earlier page.
    """
    page = app.log.read(integration_id, limit=query.limit, before=query.before, only=query.only)
    return {"entries": [_entry_as_json(entry) for entry in page.entries], "next": page.next}


def _entry_as_json(entry: LogEntry) -> dict[str, Any]:
    return {
        "time": time_text(entry.time),
        "level": entry.level.value,
        "operation_id": entry.operation_id,
        "operation_kind": entry.kind.value if entry.kind else None,
        "event": entry.event,
        "message": entry.message,
        "detail": dict(entry.detail),
        "remedy": remedy_of(entry.event, entry.level, str(entry.detail.get("code", ""))) or None,
    }
