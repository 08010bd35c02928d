"""The kinds of Aha! record."""

from __future__ import annotations

from enum import Enum


class Kind(str, Enum):
    """A kind of Aha! record that is sent."""

    FEATURE = "feature"
    REQUIREMENT = "requirement"
