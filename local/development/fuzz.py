"""`python dev.py fuzz`: requests that schemathesis makes of openapi.yaml, for some minutes, to the app on this machine.

CI sends the same requests each time, for 20 seconds (tests/e2e/test_fuzz.py). This command sends different ones each
time. A failure shows the request as a curl command.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from local.development.console import ROOT


def main() -> int:
    """Send the requests; 0 if every answer was as openapi.yaml says."""
    parser = argparse.ArgumentParser(prog="python dev.py fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long to run (default: 5)")
    parser.add_argument("--only", metavar="OPERATION", help="one operation, by its operationId")
    arguments = parser.parse_args()
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment["FUZZ_SECONDS"] = str(arguments.minutes * 60)
    command = [sys.executable, "-m", "pytest", "tests/e2e/test_fuzz.py"]
    command += ["-k", f"[{arguments.only}]"] if arguments.only else []
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
