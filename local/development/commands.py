"""The commands of dev.py, and what each needs before it can start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.development.console import ROOT, CommandFailed, print_failure, say
from local.development.environment import (
    development_environment,
    make_azurite_ready,
    make_extension_ready,
    only_one_installer,
)


@dataclass(frozen=True)
class Command:
    """A command of dev.py: a module that is run by .venv's Python with the arguments after the name.

    The module's own argument parser answers --help, and must do so with the standard library alone.
    """

    summary: str
    module: str
    needs_azurite: bool = True
    needs_extension: bool = False


COMMANDS = {
    "run": Command("start the whole system on this machine and show how to use it", "local.development.run"),
    "test": Command("run every test; arguments go to pytest", "local.development.test", needs_extension=True),
    "bench": Command("measure sends, notifications and cold starts", "local.bench"),
    "torture": Command(
        "random sequences with faults and killed processes, then the invariants", "tests.torture"
    ),
    "fuzz": Command(
        "requests that schemathesis generates from openapi.yaml, for some minutes", "local.development.fuzz"
    ),
    "mutations": Command(
        "put defects into a copy of the product and check that tests fail", "tests.mutations"
    ),
    "lint": Command(
        "check style, format, types, the pinned packages and infra/",
        "local.development.lint",
        needs_azurite=False,
        needs_extension=True,
    ),
    "extension": Command(
        "check, test and build the Aha! extension",
        "local.development.extension",
        needs_azurite=False,
        needs_extension=True,
    ),
    "lock": Command(
        "pin the packages of requirements.in in requirements.txt, with hashes",
        "local.development.lock",
        needs_azurite=False,
    ),
    "audit": Command(
        "look for known vulnerabilities in the pinned packages",
        "local.development.audit",
        needs_azurite=False,
    ),
    "pictures": Command("take the README's pictures again, with Chromium", "local.development.pictures"),
}


def main(arguments: Sequence[str]) -> int:
    """Run the command in the arguments. Without one, only install what is needed. Returns the exit code."""
    name, rest = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    if name in ("-h", "--help", "help"):
        say(_help())
        return 0
    if name and name not in COMMANDS:
        print(f"dev.py has no command {name!r}.\n\n{_help()}", file=sys.stderr)
        return 2
    if name and {"-h", "--help"} & set(rest):
        return _run_module(Path(sys.executable), COMMANDS[name].module, ["--help"])
    try:
        return _set_up_and_run(name, rest)
    except CommandFailed as failure:
        print_failure(failure)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The next start continues from here.", file=sys.stderr)
        return 130


def _set_up_and_run(name: str, rest: list[str]) -> int:
    environment = development_environment()
    with only_one_installer():
        environment.make_ready()
        if not name or COMMANDS[name].needs_azurite:
            make_azurite_ready(environment)
        if not name or COMMANDS[name].needs_extension:
            make_extension_ready(environment)
    if not name:
        say("Everything is installed. Next: python dev.py run, or python dev.py --help")
        return 0
    return _run_module(environment.python, COMMANDS[name].module, rest)


def _run_module(python: Path, module: str, arguments: list[str]) -> int:
    command = [str(python), "-m", module, *arguments]
    os.chdir(ROOT)
    if os.name == "posix":
        # The command replaces this process, so that it gets the signals and returns its own exit code.
        sys.stdout.flush()
        os.execv(command[0], command)  # noqa: S606
    return subprocess.run(command, check=False).returncode


def _help() -> str:
    width = max(map(len, COMMANDS))
    table = "\n".join(f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items())
    return (
        "Usage: python dev.py [COMMAND [ARGUMENT ...]]\n\n"
        "Without a command: install what is needed below this folder (.venv, .dev), nothing else.\n"
        "With a command: first the same, if needed, then\n\n"
        f"{table}\n\n"
        "python dev.py COMMAND --help describes a command."
    )
