"""What kinds of Aha! record there are."""

from __future__ import annotations

from enum import Enum


class Kind(str, Enum):
    """The kinds of record that are sent."""

    FEATURE = "feature"
    REQUIREMENT = "requirement"
