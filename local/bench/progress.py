"""What the bench is doing at the moment, on standard error: standard output is for results."""

from __future__ import annotations

import sys


def progress(text: str) -> None:
    """Print a line at once."""
    print(text, file=sys.stderr, flush=True)
