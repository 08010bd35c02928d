"""What a command prints: its report to standard output, progress and errors to standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

_EVERY_SECONDS = 5.0


class Terminal:
    """Where a command writes to."""

    def __init__(
        self,
        output: TextIO | None = None,
        errors: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.output = output or sys.stdout
        self._errors = errors or sys.stderr
        self._clock = clock
        self._progress_at = clock()

    def say(self, text: str = "") -> None:
        """A line of the report."""
        print(text, file=self.output)

    def error(self, text: str) -> None:
        """Why the command stops."""
        self.output.flush()
        print(text, file=self._errors, flush=True)

    def progress(self, text: str) -> None:
        """The progress of slow work. Printed every five seconds at most."""
        if self._clock() - self._progress_at >= _EVERY_SECONDS:
            self._progress_at = self._clock()
            print(f"… {text}", file=self._errors, flush=True)


def counted(number: int, thing: str, things: str = "") -> str:
    """A number with its noun: `1 link`, `12,000 links`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
