"""The operator's command, run from the clone with the settings of the running function app."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from local.system import LocalSystem
from operate.__main__ import main as run_command
from operate.exit_codes import ExitCode


@dataclass(frozen=True)
class Report:
    """What a command printed, and how it ended."""

    code: ExitCode
    text: str
    errors: str


def operate(system: LocalSystem, *arguments: str, **settings: str | None) -> Report:
    """Run a command. `settings` are in place of the function app's; None takes one away."""
    output, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        code = run_command(arguments, system.host_environment(settings))
    return Report(code, output.getvalue(), errors.getvalue())
