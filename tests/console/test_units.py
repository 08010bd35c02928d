"""The pure functions of the configuration page: grouping the log, and reading what is searched for. Node runs them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from local.development.environment import development_environment


def test_the_pure_functions_do_what_their_tests_say() -> None:
    tests = sorted(Path(__file__).parent.glob("*.test.mjs"))
    command: list[str | Path] = [development_environment().node, "--test", "--test-reporter=dot", *tests]

    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120)

    assert run.returncode == 0, run.stdout + run.stderr
