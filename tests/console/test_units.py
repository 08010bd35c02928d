"""What the configuration page decides without a browser: drafts, proposals, the log, repeated sends."""

from __future__ import annotations

import subprocess
from pathlib import Path

from local.development.environment import development_environment


def test_the_modules_do_what_their_tests_say() -> None:
    tests = sorted(Path(__file__).parent.glob("*.test.mjs"))
    # One process for all files: starting one costs more than running it.
    options = ("--test", "--test-isolation=none", "--test-reporter=dot")
    command: list[str | Path] = [development_environment().node, *options, *tests]

    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120)

    assert run.returncode == 0, run.stdout + run.stderr
