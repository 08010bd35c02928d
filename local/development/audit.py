"""`python dev.py audit`: known vulnerabilities in the packages that requirements.txt pins, by pip-audit.

It asks the database of OSV (https://osv.dev). If it cannot be reached, the audit is skipped with a message.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import replace

from local.development.console import DEV_FOLDER, ROOT, CommandFailed, print_failure, say
from local.development.environment import (
    LOCK,
    VirtualEnvironment,
    development_environment,
    only_one_installer,
)

_DATABASE = "https://api.osv.dev"
_SECONDS = 3.0


def main() -> int:
    """Find vulnerabilities. 0 if there are none or the database cannot be reached, 1 if there are some."""
    argparse.ArgumentParser(prog="python dev.py audit", description=__doc__).parse_args()
    if (obstacle := why_unreachable(_DATABASE)) is not None:
        say(f"Skipped: {_DATABASE} cannot be reached from here ({obstacle}). {LOCK.name} was not audited.")
        return 0
    try:
        return _audit()
    except CommandFailed as failure:
        print_failure(failure)
        return 1


def why_unreachable(url: str, seconds: float = _SECONDS) -> str | None:
    """Why an address does not answer; None if it answers with anything. A proxy of the environment is used."""
    try:
        urllib.request.urlopen(url, timeout=seconds).close()
    except urllib.error.HTTPError as answer:
        answer.close()
    except OSError as error:
        return str(getattr(error, "reason", error))
    return None


def audit_environment() -> VirtualEnvironment:
    """The environment that pip-audit has to itself."""
    return replace(
        development_environment(),
        folder=DEV_FOLDER / "audit",
        requirements=(ROOT / "requirements-audit.txt",),
    )


def _audit() -> int:
    environment = audit_environment()
    with only_one_installer(environment.folder.name):
        environment.make_ready()
    command = [
        *(environment.python.parent / "pip-audit", "--requirement", LOCK),
        # The lock file names every package, so pip has nothing to resolve.
        *("--disable-pip", "--require-hashes", "--vulnerability-service", "osv", "--progress-spinner", "off"),
    ]
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
