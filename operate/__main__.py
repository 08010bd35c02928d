"""Runs one command. The exit codes are those of `operate.outcome.Exit`."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Mapping, Sequence

from operate.arguments import read_arguments
from operate.outcome import Exit
from operate.terminal import Terminal
from operate.workplace import Workplace
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

_ENVIRONMENT = "This command reads settings from environment variables of the same names."


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> Exit:
    """Run the command that the arguments name. An interrupted command can be run again."""
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    chosen = read_arguments(arguments)
    terminal = Terminal()
    try:
        code: Exit = chosen.run(chosen, Workplace(environment), terminal)
        return code
    except KeyboardInterrupt:
        terminal.error("Interrupted. Run the same command again: it goes on where it stopped.")
        return Exit.INTERRUPTED
    except OperationFailed as error:
        terminal.error(_explained(error))
        return _code_of(error)
    except BrokenPipeError:
        # Whoever read the report, such as `head`, has seen enough. Python would complain at its end.
        sys.stdout = None
        return Exit.FAILED
    except Exception as error:
        # The message of a library's error may show a URL with a SAS.
        trace = "".join(traceback.format_tb(error.__traceback__))
        terminal.error(f"{trace}{type(error).__name__}: a defect of this command. Please report it.")
        return Exit.FAILED


def _explained(error: OperationFailed) -> str:
    lines = [error.detail]
    if isinstance(error, InvalidRequest):
        lines += [f"  {one.pointer or '/'}: {one.detail}" for one in error.errors]
    if isinstance(error, SettingInvalid):
        lines.append(_ENVIRONMENT)
    if isinstance(error, Unavailable) and error.system is System.STORAGE:
        lines.append(_OWN_IDENTITY)
    return "\n".join(lines)


def _code_of(error: OperationFailed) -> Exit:
    needs_a_person = (SettingInvalid, InvalidInput, IntegrationUnusable, Refused)
    return Exit.WRONG_CALL if isinstance(error, needs_a_person) else Exit.FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
