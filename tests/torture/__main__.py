"""`python dev.py torture`: random sequences for as long as is asked for, each replayed by its seed."""

from __future__ import annotations

import argparse
import itertools
import logging
import math
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

_EVERY_SO_MANY_BY_PROCESS = 25


def main() -> int:
    """Run sequences and print what they found; 1 if a law was broken."""
    parser = argparse.ArgumentParser(
        prog="python dev.py torture",
        description="Random sequences of edits, sends, notifications, faults and deaths, against both sandboxes and "
        "Azurite; after each, the laws of tests/torture/laws.py are checked. One in 25 runs on three real hosts, which "
        "are killed while the storage restarts, answers are late and one clock is 90 s ahead. A violation prints its "
        "seed and its steps.",
    )
    parser.add_argument("--minutes", type=float, default=10, help="how long to run (default: 10)")
    parser.add_argument("--sequences", type=int, help="stop after so many sequences, however long they take")
    parser.add_argument("--seed", type=int, help="run this one sequence again and stop")
    parser.add_argument(
        "--processes", action="store_true", help="every sequence on real hosts; with --seed: that one"
    )
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    # The sandboxes' server tells of every connection that is cut on purpose.
    sys.stderr = open("/dev/null", "w")  # noqa: SIM115, PTH123
    with _Arena() as arena:
        if arguments.seed is not None:
            return arena.run(arguments.seed, by_process=arguments.processes)
        seconds = math.inf if arguments.sequences else arguments.minutes * 60
        return arena.run_for(seconds, arguments.sequences, by_process=arguments.processes)


class _Arena:
    """Everything that sequences run on, and what has come of them."""

    def __init__(self) -> None:
        from local.system import LocalSystem, SystemOptions
        from tests.torture.processes import HostProcesses, SystemStage
        from tests.torture.stage import LocalStage
        from tests.torture.workers import LocalWorkers

        # The tables outlive a restart of the storage.
        self._folder = tempfile.TemporaryDirectory()
        self._system = LocalSystem(SystemOptions(storage_folder=Path(self._folder.name)))
        self._system.start()
        self._stage = LocalStage(self._system.tables_connection_string)
        self._workers = LocalWorkers(self._stage)
        self._system_stage = SystemStage(self._system)
        self._processes = HostProcesses(self._system, self._system_stage)
        self._sequences: Counter[str] = Counter()
        self._violations = 0

    def __enter__(self) -> _Arena:
        return self

    def __exit__(self, *_: object) -> None:
        self._stage.close()
        self._processes.close()
        self._system_stage.close()
        self._system.stop()
        self._folder.cleanup()

    def run_for(self, seconds: float, sequences: int | None, *, by_process: bool) -> int:
        """Sequences of seeds that follow a random one, until the time is over or so many were run."""
        end, told = time.monotonic() + seconds, time.monotonic()
        for number, seed in enumerate(_seeds()):
            if time.monotonic() > end or number == sequences:
                break
            has_its_turn = number % _EVERY_SO_MANY_BY_PROCESS == _EVERY_SO_MANY_BY_PROCESS - 1
            self.run(seed, by_process=by_process or has_its_turn)
            if time.monotonic() - told > 30:
                told = time.monotonic()
                self._tell()
        self._tell()
        return 1 if self._violations else 0

    def run(self, seed: int, *, by_process: bool) -> int:
        """One sequence; 1 if it broke a law."""
        from tests.torture.laws import violations
        from tests.torture.sequences import run_sequence
        from tests.torture.world import World

        world = (
            World(self._system_stage, self._processes) if by_process else World(self._stage, self._workers)
        )

        def sequence() -> list[str]:
            run_sequence(world, seed)
            return violations(world)

        found = _report(sequence)
        self._sequences["on three hosts" if by_process else "in this process"] += 1
        self._violations += bool(found)
        if found:
            replay = f"python dev.py torture --seed {seed}{' --processes' if by_process else ''}"
            lines = [f"\nVIOLATION, again by: {replay}", *world.steps, *(f"!! {line}" for line in found)]
            print("\n".join(lines), flush=True)
        return 1 if found else 0

    def _tell(self) -> None:
        faults = dict(sorted((self._workers.faults + self._processes.faults).items()))
        counts = f"sequences: {dict(self._sequences)}; faults: {faults}; violations: {self._violations}"
        print(counts, flush=True)


def _report(check: Callable[[], list[str]]) -> list[str]:
    """What a check found; a defect that ended it is a finding, too."""
    try:
        return check()
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


def _seeds() -> Iterator[int]:
    return itertools.count(random.SystemRandom().randrange(10**6) * 1000)


if __name__ == "__main__":
    sys.exit(main())
