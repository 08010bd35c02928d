"""Three-way merge of one field: the current text of each side, compared with the base.

A change is carried from the source to the target: a send carries from Aha! to Azure DevOps, a notification the other
way round.
"""

from __future__ import annotations

from enum import Enum


class FieldOutcome(str, Enum):
    """What happens to the field in the target."""

    UNCHANGED = "unchanged"
    """Neither side changed."""
    AGREED = "agreed"
    """Both sides already have the same text: nothing is written, and the base is updated."""
    WRITE = "write"
    """Only the source changed."""
    LEAVE = "leave"
    """Only the target changed; its change is kept."""
    CONFLICT = "conflict"
    """Both changed: the source wins, and the overwritten text is reported."""

    @property
    def writes(self) -> bool:
        """Whether the field is written."""
        return self in (FieldOutcome.WRITE, FieldOutcome.CONFLICT)

    def keeps_base(self, *, has_base: bool) -> bool:
        """Whether the base stays as it is: the target's change is kept, or nothing changed since the base."""
        return self is FieldOutcome.LEAVE or (self is FieldOutcome.UNCHANGED and has_base)


def merge(*, source_changed: bool, target_changed: bool, same: bool) -> FieldOutcome:
    """Decide for one field. A side changed if it differs from the base; `same`: writing would change nothing."""
    if not source_changed and not target_changed:
        return FieldOutcome.UNCHANGED
    if same:
        return FieldOutcome.AGREED
    if not source_changed:
        return FieldOutcome.LEAVE
    return FieldOutcome.CONFLICT if target_changed else FieldOutcome.WRITE
