"""`python dev.py lock`: pin the packages of requirements.in and their dependencies in requirements.txt, with hashes.

The pins hold for every Python from 3.10 on and every platform. A pin stays as it is while requirements.in allows it;
with --upgrade the newest releases are taken. uv asks the package index that it is set up for.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from local.development.console import DEV_FOLDER, ROOT, CommandFailed, print_failure, run_logged, say, step
from local.development.environment import (
    LOCK,
    WANTED,
    VirtualEnvironment,
    development_environment,
    only_one_installer,
)

_OLDEST_PYTHON = "3.10"


def main() -> int:
    """Write requirements.txt again."""
    parser = argparse.ArgumentParser(prog="python dev.py lock", description=__doc__)
    parser.add_argument(
        "--upgrade", action="store_true", help="take the newest releases that requirements.in allows"
    )
    arguments = parser.parse_args()
    try:
        with step(f"Resolving {WANTED.name}"):
            _resolve(upgrade=arguments.upgrade)
    except CommandFailed as failure:
        print_failure(failure)
        return 1
    say(f"{LOCK.name} is written. `python dev.py` installs it, and `python dev.py lint` checks that it fits.")
    return 0


def lock_environment() -> VirtualEnvironment:
    """The environment that uv has to itself."""
    return replace(
        development_environment(),
        folder=DEV_FOLDER / "lock",
        requirements=(ROOT / "requirements-lock.txt",),
    )


def _resolve(*, upgrade: bool) -> None:
    environment = lock_environment()
    with only_one_installer():
        environment.make_ready()
    run_logged(
        [
            environment.python.parent / "uv",
            *("pip", "compile", WANTED.name, "--output-file", LOCK.name),
            *("--universal", "--python-version", _OLDEST_PYTHON, "--generate-hashes"),
            # The person who installs decides where packages come from.
            *("--no-emit-index-url", "--no-emit-find-links", "--quiet"),
            *("--custom-compile-command", "python dev.py lock"),
            *(("--upgrade",) if upgrade else ()),
        ],
        "lock",
        remedy="It needs a package index. Once that is reachable, start again.",
    )


if __name__ == "__main__":
    sys.exit(main())
