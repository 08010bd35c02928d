"""How a command ends."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes."""

    DONE = 0
    """Everything is done."""
    LEFT = 1
    """The command did what it can. Its report lists what a person has to do."""
    WRONG_CALL = 2
    """An argument, a setting, a token or a right is wrong. Nothing was done, or not everything."""
    FAILED = 3
    """A system was down or busy. Run the command again."""
    INTERRUPTED = 130
    """Somebody pressed Ctrl-C. Run the command again."""
