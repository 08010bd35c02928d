"""Print messages, and run programs with their output in a log file."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEV_FOLDER = ROOT / ".dev"
LOGS = DEV_FOLDER / "logs"

_LAST_LINES = 25


class CommandFailed(Exception):
    """A command of dev.py cannot continue. The text says why and what to do."""


def say(text: str) -> None:
    """Print a line without buffering."""
    print(text, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Print what is being done, and then how long it took."""
    say(f"{text} ...")
    start = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - start:.1f} s")


def run_logged(
    command: Sequence[str | Path],
    log_name: str,
    *,
    folder: Path = ROOT,
    worth_showing: Callable[[str], bool] = lambda line: False,
    remedy: str = "",
) -> None:
    """Run a program with its whole output in .dev/logs/LOG_NAME.log, and only its important lines on the console.

    Raises CommandFailed with the last lines of the output and the remedy when the program fails.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    log_path = LOGS / f"{log_name}.log"
    recent: list[str] = []
    with log_path.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        assert process.stdout is not None  # noqa: S101
        try:
            for line in process.stdout:
                log.write(line)
                recent = [*recent[-_LAST_LINES:], line]
                if worth_showing(line):
                    say(f"  {line.split(' (')[0].strip()[:100]}")
        except BaseException:
            process.kill()
            raise
        finally:
            process.wait()
    if process.returncode != 0:
        tail = "".join(recent)
        raise CommandFailed(
            f"{Path(command[0]).name} ended with exit code {process.returncode}. Its last lines:\n"
            f"{tail}\nWhole log: {log_path}\n{remedy}".rstrip()
        )


def print_failure(failure: CommandFailed) -> None:
    """Print why a command stopped."""
    print(f"\n{failure}", file=sys.stderr, flush=True)
