"""Ends processes whose parent has ended, even if the parent was killed and could not clean up.

The parent writes `guard PID` and `release PID` lines to this program's standard input. When the input closes, which
happens however the parent ends, every guarded process is killed with its process group.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys


def main() -> int:
    """Read until the parent has ended, then kill the processes that it left."""
    for interrupt in (signal.SIGINT, signal.SIGTERM):
        signal.signal(interrupt, signal.SIG_IGN)
    guarded: set[int] = set()
    for line in sys.stdin:
        word, _, pid = line.strip().partition(" ")
        (guarded.add if word == "guard" else guarded.discard)(int(pid))
    for pid in guarded:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(pid, signal.SIGKILL)
            else:
                os.kill(pid, signal.SIGTERM)
    return 0


if __name__ == "__main__":
    sys.exit(main())
