"""`python dev.py lint`: ruff's rules and format, mypy's and TypeScript's types, the lock, Checkov's rules for infra/.

All run, even if the first fails.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor

from local.development.console import ROOT, CommandFailed, print_failure, say
from local.development.environment import LOCK, development_environment
from local.development.infra import check_infra
from local.extension.build import BuildFolder

_CHECKS = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])


def main() -> int:
    """Run the checks; 0 when all are clean."""
    parser = argparse.ArgumentParser(prog="python dev.py lint", description=__doc__)
    parser.add_argument("--fix", action="store_true", help="first let ruff fix and format what it can")
    arguments = parser.parse_args()
    checks = [["ruff", "check", "--fix", "--quiet", "."], ["ruff", "format", "."]] if arguments.fix else []
    # The other checks leave one of two processors free, and Checkov may have to be installed.
    infra = ThreadPoolExecutor(1).submit(check_infra)
    failed = []
    for check in [*checks, *_CHECKS]:
        say(f"$ {' '.join(check)}")
        if subprocess.run([sys.executable, "-m", *check], cwd=ROOT, check=False).returncode != 0:
            failed.append(check[0])
    say("$ tsc, on the Aha! extension")
    if not BuildFolder(development_environment()).type_check():
        failed.append("tsc")
    say(f"$ what {LOCK.name} pins")
    if not _lock_fits():
        failed.append("lock")
    say("$ checkov, on infra/")
    if not _is_clean(infra):
        failed.append("checkov")
    if failed:
        say(f"Not clean: {', '.join(dict.fromkeys(failed))}")
    return 1 if failed else 0


def _lock_fits() -> bool:
    # Imported here, because --help is answered before anything is installed.
    from local.development.lock_check import lock_faults

    found = lock_faults()
    for fault in found:
        say(fault)
    return not found


def _is_clean(infra: Future[list[str]]) -> bool:
    """Print what Checkov found, or why it could not run."""
    try:
        found = infra.result()
    except CommandFailed as failure:
        print_failure(failure)
        return False
    for fault in found:
        say(fault)
    return not found


if __name__ == "__main__":
    sys.exit(main())
