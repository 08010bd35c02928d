"""`python dev.py lint`: ruff's rules and format, mypy's and TypeScript's types. All run, even if the first fails."""

from __future__ import annotations

import argparse
import subprocess
import sys

from local.development.console import ROOT, say
from local.development.environment import development_environment
from local.extension.build import Workshop

_CHECKS = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])


def main() -> int:
    """Run the checks; 0 when all are clean."""
    parser = argparse.ArgumentParser(prog="python dev.py lint", description=__doc__)
    parser.add_argument("--fix", action="store_true", help="let ruff mend and format what it can first")
    arguments = parser.parse_args()
    checks = [["ruff", "check", "--fix", "--quiet", "."], ["ruff", "format", "."]] if arguments.fix else []
    failed = []
    for check in [*checks, *_CHECKS]:
        say(f"$ {' '.join(check)}")
        if subprocess.run([sys.executable, "-m", *check], cwd=ROOT, check=False).returncode != 0:
            failed.append(check[0])
    say("$ tsc, on the Aha! extension")
    if not Workshop(development_environment()).type_check():
        failed.append("tsc")
    if failed:
        say(f"Not clean: {', '.join(dict.fromkeys(failed))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
