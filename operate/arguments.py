"""The command line: `python -m operate --help` shows it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from operate import check, exporting, importing, rebuild, rotation
from operate.context import CommandContext
from operate.exit_codes import ExitCode
from operate.terminal import Terminal

Run = Callable[[argparse.Namespace, CommandContext, Terminal], ExitCode]

_SETTINGS = """\
settings, from the environment, as the function app has them:
  TABLES_ENDPOINT           https://ACCOUNT.table.core.windows.net, with your own sign-in (az login);
  TABLES_CONNECTION_STRING  or a connection string
  SECRETS_KEY, PUBLIC_URL   for commands that read or write tokens
  AZURE_DEVOPS_TOKEN, AHA_API_TOKEN   the tokens of an imported integration

exit codes: 0 nothing is left to do, 1 the report lists what is left, 2 a wrong argument, setting, token or right,
3 a system was down or busy
"""


def read_arguments(arguments: Sequence[str]) -> Any:
    """The options, with the chosen command as `run`. Ends the process with exit code 2 if they are wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m operate",
        description="Maintain the tables of the Aha! – Azure DevOps integration. See docs/operate.md.",
        epilog=_SETTINGS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Run, text: str, *, writes: bool = True) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        command.set_defaults(run=run)
        if writes:
            command.add_argument(
                "--dry-run", action="store_true", help="write nothing; report what would be done"
            )
        return command

    rotate = add(
        "rotate-key",
        rotation.run,
        "encrypt all tokens with the first key of SECRETS_KEY, and list the webhook URLs that need an older one",
    )
    rotate.add_argument(
        "--renew-webhooks",
        action="store_true",
        help="change the subscriptions in Azure DevOps to the webhook URLs of the first key",
    )
    out = add("export", exporting.run, "write an integration with its links to a file", writes=False)
    out.add_argument("integration_id", metavar="INTEGRATION")
    out.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
    into = add(
        "import", importing.run, "import an exported integration with its links into this installation"
    )
    into.add_argument("file", type=Path, metavar="FILE")
    into.add_argument(
        "--into",
        action="store_true",
        help="add the links to the existing integration, and keep its configuration",
    )
    checks = add("check", check.run, "find faults in the tables and on the work items", writes=False)
    checks.add_argument("integration_id", nargs="*", metavar="INTEGRATION", help="only these (default: all)")
    checks.add_argument("--repair", action="store_true", help="repair what is safe to repair")
    checks.add_argument("--tables-only", action="store_true", help="do not ask Azure DevOps for work items")
    checks.add_argument("--all", action="store_true", help="show every fault, not 20 of a kind")
    links = add("rebuild-links", rebuild.run, "link records again to the work items that carry their markers")
    links.add_argument("integration_id", metavar="INTEGRATION")
    links.add_argument(
        "--work-item", type=int, action="append", metavar="ID", help="only this work item; may be repeated"
    )
    return parser.parse_args(arguments)
