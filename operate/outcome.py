"""How a command ends."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes."""

    DONE = 0
    """All is done, and nothing is left to do."""
    LEFT = 1
    """The command did what it can, and its report names what is left for a person."""
    WRONG_CALL = 2
    """An argument, a setting, a token or a right is wrong. Nothing was done, or not all."""
    FAILED = 3
    """A system was down or busy. Run the command again."""
    INTERRUPTED = 130
    """Somebody pressed Ctrl-C. Run the command again."""
