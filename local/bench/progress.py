"""Print progress to standard error, because standard output is for results."""

from __future__ import annotations

import sys


def progress(text: str) -> None:
    """Print a line at once."""
    print(text, file=sys.stderr, flush=True)
