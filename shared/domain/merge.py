"""Three-way merge of one field: what each side says now, against what both last agreed on."""

from __future__ import annotations

from enum import Enum


class Outcome(str, Enum):
    """What happens to one field of the side that is written to."""

    UNCHANGED = "unchanged"
    """Neither side changed."""
    AGREED = "agreed"
    """Both sides say the same already: nothing to write, but the agreement is noted."""
    WRITE = "write"
    """Only the side whose change is carried changed."""
    LEAVE = "leave"
    """Only the side that would be written to changed: its change stays."""
    CONFLICT = "conflict"
    """Both changed: the side whose change is carried wins, and what it overwrites is reported."""

    @property
    def writes(self) -> bool:
        """Whether the field is written."""
        return self in (Outcome.WRITE, Outcome.CONFLICT)


def merge(*, carried_changed: bool, other_changed: bool, same: bool) -> Outcome:
    """Decide for one field.

    `carried_changed`: the side whose change is being carried differs from the agreement; `other_changed`: the side that
    would be written to does; `same`: writing would change nothing.
    """
    if not carried_changed and not other_changed:
        return Outcome.UNCHANGED
    if same:
        return Outcome.AGREED
    if not carried_changed:
        return Outcome.LEAVE
    return Outcome.CONFLICT if other_changed else Outcome.WRITE
