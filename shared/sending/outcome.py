"""The outcome of one record in one round of a send."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from shared.domain.unfinished_sends import is_left
from shared.domain.work_item import WorkItem
from shared.errors import ConcurrentChange, OperationFailed, Unavailable


class OutcomeKind(Enum):
    """The outcomes. A record has at most one in a round; none if another operation holds or changed its row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    """Nothing was created. An update that got no answer may have been done: its intention stays in the link."""
    UNKNOWN = "unknown"
    """It may have been created or changed, but no link says so: a create's claim stays, and the next send checks."""
    DEFERRED = "deferred"
    """Deferred: nothing was created, and this send or the next one continues with it."""


@dataclass(frozen=True)
class Outcome:
    """`work_item` is set for CREATED, UPDATED and UNCHANGED, `error` for the others.

    `was_found`: the create's answer was lost, and a search found the work item. `changed_nothing`: the only request of
    this write was refused, so it certainly changed nothing.
    """

    kind: OutcomeKind
    work_item: WorkItem | None = None
    error: OperationFailed | None = None
    was_found: bool = False
    changed_nothing: bool = False

    @property
    def is_retried_in_this_send(self) -> bool:
        """Whether this send reads the record again, because somebody else changed something at the same time."""
        return self.kind is OutcomeKind.DEFERRED and isinstance(self.error, ConcurrentChange)

    @property
    def is_pending(self) -> bool:
        """Whether the next send continues with the record, without a repair by a person."""
        if self.kind is OutcomeKind.UNKNOWN:
            return isinstance(self.error, Unavailable)
        return self.kind is OutcomeKind.DEFERRED

    def is_final(self, *, by_timer: bool) -> bool:
        """Whether nothing of the record is left to the timer. `by_timer`: the timer runs this send."""
        return not self.is_pending and not is_left(self.error, by_timer=by_timer)


def written(work_item: WorkItem, *, creates: bool, was_found: bool = False) -> Outcome:
    """The outcome of a write that was done."""
    kind = OutcomeKind.CREATED if creates else OutcomeKind.UPDATED
    return Outcome(kind, work_item, was_found=was_found)


def unchanged(work_item: WorkItem) -> Outcome:
    """The outcome of a record that needed no write."""
    return Outcome(OutcomeKind.UNCHANGED, work_item)


def failed(error: OperationFailed) -> Outcome:
    """The outcome of a create that was certainly not done, or of an update that was not confirmed."""
    return Outcome(OutcomeKind.FAILED, error=error)


def unknown(error: OperationFailed) -> Outcome:
    """The outcome of a write that may have been done although no link says so."""
    return Outcome(OutcomeKind.UNKNOWN, error=error)


def deferred(error: OperationFailed) -> Outcome:
    """The outcome of a deferred write."""
    return Outcome(OutcomeKind.DEFERRED, error=error)
