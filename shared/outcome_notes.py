"""Derive the outcome of an operation from its log entries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.errors import System, shortened
from shared.log_events import Effect, Level, LogEvent
from shared.operation_outcome import (
    SEVERAL_FEATURES,
    OperationKind,
    OperationOutcome,
    Problem,
)

_MOST_PROBLEMS = 50
_LONGEST_DETAIL, _LONGEST_NAME = 1000, 100
_NEEDS_A_RECORD = frozenset((OperationKind.SEND, OperationKind.NOTIFICATION))
"""Kinds of operation that count only if they carried a record: not for a release event or a test notification."""


class OutcomeNotes:
    """The outcome from the entries so far. The caller makes sure that one thread at a time uses it."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._features: dict[str, str] = {}
        self._effects: dict[Effect, set[str]] = {effect: set() for effect in Effect}
        self._reached: set[System] = set()
        self._failing: set[str] = set()
        self._has_failed = False
        self._is_whole_feature = False

    def know_record(self, name: str, feature_id: str) -> None:
        """The operation is about a record. `name` is its reference, or else its Aha! id, as entries name it."""
        self._features[shortened(name, _LONGEST_NAME)] = feature_id

    def know_whole_feature(self) -> None:
        """No other record belongs to the feature that the operation is about."""
        self._is_whole_feature = True

    def note(self, at: datetime, event: LogEvent, message: str, detail: Mapping[str, Any]) -> None:
        """Add one entry. An error without a code follows from another error, which has the code."""
        name = shortened(str(detail.get("reference") or detail.get("aha_id") or ""), _LONGEST_NAME)
        if event.system is not None and event.level is Level.INFO:
            self._reached.add(event.system)
        if event.effect is not None:
            self._effects[event.effect].add(name)
        code = detail.get("code")
        if event.level is not Level.ERROR or not code:
            return
        problem = Problem(
            at,
            str(code),
            shortened(message, _LONGEST_DETAIL),
            name,
            self._features.get(name, ""),
        )
        self._failing.add(name)
        self._has_failed = self._has_failed or not problem.is_of_record
        if len(self._problems) < _MOST_PROBLEMS:
            self._problems.append(problem)

    def outcome(self, kind: OperationKind, operation_id: str, ended_at: datetime) -> OperationOutcome:
        """The outcome of the operation."""
        effects = self._effects
        done = effects[Effect.SENT] | effects[Effect.RECEIVED]
        # If only the link was read, the record was not checked: a late notification ends no problem.
        done |= effects[Effect.IN_SYNC] if self._reached else set()
        through = (done | effects[Effect.UNLINKED]) - self._failing - {""}
        features = {self._features.get(name, "") for name in through} - {""}
        return OperationOutcome(
            kind=kind,
            operation_id=operation_id,
            ended_at=ended_at,
            has_succeeded=not (self._has_failed or effects[Effect.STOPPED])
            and (kind not in _NEEDS_A_RECORD or bool(done)),
            problems=tuple(self._problems),
            through=frozenset(through),
            feature_id=SEVERAL_FEATURES if len(features) > 1 else next(iter(features), ""),
            reached=frozenset(self._reached),
            has_sent=bool(effects[Effect.SENT]),
            is_whole_feature=self._is_whole_feature
            and self._features.keys() <= through | self._failing
            and len(self._problems) < _MOST_PROBLEMS,
            has_received=bool(effects[Effect.RECEIVED] - self._failing),
        )
