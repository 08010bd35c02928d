"""Runs one command. The exit codes are those of `operate.exit_codes.ExitCode`."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Mapping, Sequence

from operate.arguments import read_arguments
from operate.context import CommandContext
from operate.exit_codes import ExitCode
from operate.terminal import Terminal
from shared.errors import (
    IntegrationUnusable,
    InvalidInput,
    InvalidRequest,
    OperationFailed,
    Refused,
    SettingInvalid,
    System,
    Unavailable,
)

_OWN_IDENTITY = (
    "With TABLES_ENDPOINT, this command signs in as you: run `az login`. You need the role Storage Table Data "
    "Contributor on the storage account, and its firewall must let your machine in."
)

_ENVIRONMENT = "This command reads each setting from the environment variable of the same name."


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> ExitCode:
    """Run the command that the arguments name. An interrupted command can be run again."""
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    chosen = read_arguments(arguments)
    terminal = Terminal()
    try:
        code: ExitCode = chosen.run(chosen, CommandContext(environment), terminal)
        return code
    except KeyboardInterrupt:
        terminal.error("Interrupted. Run the same command again: it continues where it stopped.")
        return ExitCode.INTERRUPTED
    except OperationFailed as error:
        terminal.error(_explained(error))
        return _code_of(error)
    except BrokenPipeError:
        # The reader of the report, such as `head`, has closed the pipe. Without this, Python reports an error at exit.
        sys.stdout = None
        return ExitCode.FAILED
    except Exception as error:
        # A library's error message may contain a URL with a SAS.
        trace = "".join(traceback.format_tb(error.__traceback__))
        terminal.error(f"{trace}{type(error).__name__}: a defect of this command. Please report it.")
        return ExitCode.FAILED


def _explained(error: OperationFailed) -> str:
    lines = [error.detail]
    if isinstance(error, InvalidRequest):
        lines += [f"  {one.pointer or '/'}: {one.detail}" for one in error.errors]
    if isinstance(error, SettingInvalid):
        lines.append(_ENVIRONMENT)
    if isinstance(error, Unavailable) and error.system is System.STORAGE:
        lines.append(_OWN_IDENTITY)
    return "\n".join(lines)


def _code_of(error: OperationFailed) -> ExitCode:
    needs_a_person = (SettingInvalid, InvalidInput, IntegrationUnusable, Refused)
    return ExitCode.WRONG_CALL if isinstance(error, needs_a_person) else ExitCode.FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
