"""Processor time and memory of a process, from Linux' /proc (https://man7.org/linux/man-pages/man5/proc.5.html)."""

from __future__ import annotations

import os
from pathlib import Path


def cpu_seconds(stat: str, ticks_per_second: int) -> float:
    """Processor time in user and system mode, of the text of /proc/PID/stat."""
    # The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
    fields = stat.rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / ticks_per_second


def number(status: str, name: str) -> int:
    """One of the numbers in the text of /proc/PID/status, such as Threads, or VmRSS and VmHWM in KiB."""
    line = next(line for line in status.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])


def mebibytes(status: str, name: str) -> float:
    """One of the sizes, such as VmRSS or VmHWM."""
    return number(status, name) / 1024


class Process:
    """A running process of this user."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")

    def cpu_seconds(self) -> float:
        """Processor time so far, in steps of 0.01 seconds."""
        return cpu_seconds((self._folder / "stat").read_text(), os.sysconf("SC_CLK_TCK"))

    def threads(self) -> int:
        """How many threads it has now."""
        return number((self._folder / "status").read_text(), "Threads")

    def resident_mebibytes(self) -> float:
        """Its present memory."""
        return mebibytes((self._folder / "status").read_text(), "VmRSS")

    def peak_mebibytes(self) -> float:
        """Its peak memory since `forget_peak`."""
        return mebibytes((self._folder / "status").read_text(), "VmHWM")

    def forget_peak(self) -> None:
        """Reset the peak to the present memory."""
        (self._folder / "clear_refs").write_text("5")
