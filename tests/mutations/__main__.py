"""`python dev.py mutations`: put each defect into a copy of the product, and see that the named tests fail."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.mutations.catalogue import MUTATIONS, ROOT, Mutation

_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", ".dev", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"
)
_SECONDS = 900


@dataclass(frozen=True)
class Verdict:
    """What became of one mutation. `by` is the first test that failed, empty if none did."""

    mutation: Mutation
    by: str
    seconds: float


def main() -> int:
    """Run the mutations and print a table; 1 if one was not caught or cannot be applied."""
    parser = argparse.ArgumentParser(
        prog="python dev.py mutations",
        description="Puts defects into a copy of the product, one at a time, and runs the tests that must notice. "
        "Prints which test caught each.",
    )
    parser.add_argument("words", nargs="*", help="only mutations whose name has one of these words")
    parser.add_argument("--list", action="store_true", help="name the mutations and their tests")
    arguments = parser.parse_args()
    chosen = [one for one in MUTATIONS if _is_chosen(one, arguments.words)]
    if arguments.list:
        print("\n".join(f"{one.name}: {' '.join(one.tests)}" for one in chosen))
        return 0
    faults = [f"{one.name}: {fault}" for one in chosen if (fault := one.fault()) is not None]
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 1
    verdicts = [_run(one) for one in chosen]
    caught = sum(bool(one.by) for one in verdicts)
    print(f"\n{caught} of {len(verdicts)} mutations were caught.")
    return 0 if caught == len(verdicts) else 1


def _is_chosen(mutation: Mutation, words: list[str]) -> bool:
    return not words or any(word.casefold() in mutation.name.casefold() for word in words)


def _run(mutation: Mutation) -> Verdict:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "product"
        shutil.copytree(ROOT, copy, ignore=_LEFT_OUT)
        for name in (".venv", ".dev"):
            (copy / name).symlink_to(ROOT / name)
        mutation.apply(copy)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "--no-header",
            "-p",
            "no:cacheprovider",
            *mutation.tests,
        ]
        done = subprocess.run(
            command, cwd=copy, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    by = found[1] if found and done.returncode == 1 else ""
    verdict = Verdict(mutation, by, time.monotonic() - started)
    print(
        f"{'caught' if by else 'NOT CAUGHT'}  {verdict.seconds:5.0f} s  {mutation.name}\n            {by}",
        flush=True,
    )
    return verdict


if __name__ == "__main__":
    sys.exit(main())
