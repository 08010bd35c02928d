"""The outcome of an operation, as properties of the last row that it writes to the table Log, and back.

Rows of operations that do not count for health, and rows of old versions, have no `kind`. Properties that are false or
empty are left out, so that a row stays small.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from shared.errors import System
from shared.operation_outcome import OperationKind, OperationOutcome, Problem
from shared.storage.rows import Row, Value, long_text

_MOST_TEXT = 60_000
"""Characters of one list: it fits into four properties."""
_PIECES = 4

NAMES = (
    *("PartitionKey", "RowKey", "schema", "operation_id", "kind", "feature_id", "is_whole_feature"),
    *("has_succeeded", "has_problems", "has_sent", "has_received", "reached_azure_devops", "reached_aha"),
    *(f"{name}_{number}" for name in ("problems", "through") for number in range(_PIECES)),
)
"""The properties that `outcome_of` reads."""


def reached_property(system: System) -> str:
    """The name of the property that is true if a system answered."""
    return f"reached_{system.value}"


def outcome_properties(outcome: OperationOutcome) -> dict[str, Value]:
    """The properties that `outcome_of` reads."""
    flags = {
        "has_succeeded": outcome.has_succeeded,
        "has_problems": bool(outcome.problems),
        "has_sent": outcome.has_sent,
        "has_received": outcome.has_received,
        "is_whole_feature": outcome.is_whole_feature,
        **{reached_property(system): True for system in outcome.reached},
    }
    return {
        "kind": outcome.kind.value,
        **{name: True for name, is_set in flags.items() if is_set},
        **({"feature_id": outcome.feature_id} if outcome.feature_id else {}),
        **_list("problems", [_problem_json(problem) for problem in outcome.problems]),
        **_list("through", sorted(outcome.through)),
    }


def outcome_of(row: Row, ended_at: datetime) -> OperationOutcome | None:
    """The outcome of a row's operation; None if the row has none, or has it in the form of a newer version."""
    try:
        kind = OperationKind(row.text("kind"))
    except ValueError:
        return None
    return OperationOutcome(
        kind=kind,
        operation_id=row.text("operation_id"),
        ended_at=ended_at,
        has_succeeded=row.flag("has_succeeded"),
        problems=tuple(_problem(item) for item in json.loads(row.long_text("problems") or "[]")),
        through=frozenset(json.loads(row.long_text("through") or "[]")),
        feature_id=row.text("feature_id"),
        reached=frozenset(system for system in System if row.flag(reached_property(system))),
        has_sent=row.flag("has_sent"),
        has_received=row.flag("has_received"),
        is_whole_feature=row.flag("is_whole_feature"),
    )


def _list(name: str, items: Iterable[Any]) -> dict[str, Value]:
    """A list as JSON in pieces, without the items that do not fit."""
    texts: list[str] = []
    length = 2
    for text in (json.dumps(item, ensure_ascii=False) for item in items):
        length += len(text) + 1
        if length > _MOST_TEXT:
            break
        texts.append(text)
    return long_text(name, f"[{','.join(texts)}]") if texts else {}


def _problem_json(problem: Problem) -> dict[str, str]:
    return {
        "at": problem.at.isoformat(),
        "code": problem.code,
        "detail": problem.detail,
        "record": problem.record,
        "feature_id": problem.feature_id,
    }


def _problem(item: Mapping[str, Any]) -> Problem:
    return Problem(
        datetime.fromisoformat(item["at"]),
        str(item["code"]),
        str(item["detail"]),
        str(item["record"]),
        str(item["feature_id"]),
    )
