"""The command line: `python -m operate --help` shows it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from operate import check, exporting, importing, rebuild, rotation
from operate.outcome import Exit
from operate.terminal import Terminal
from operate.workplace import Workplace

Run = Callable[[argparse.Namespace, Workplace, Terminal], Exit]

_SETTINGS = """\
settings, from the environment, as the function app has them:
  TABLES_ENDPOINT           https://ACCOUNT.table.core.windows.net, with your own sign-in (az login);
  TABLES_CONNECTION_STRING  or a connection string
  SECRETS_KEY, PUBLIC_URL   for commands that read or write tokens
  AZURE_DEVOPS_TOKEN, AHA_API_TOKEN   the tokens of an imported integration

exit codes: 0 nothing is left to do, 1 the report names what is left, 2 a wrong call, setting, token or right,
3 a system was down or busy
"""


def read_arguments(arguments: Sequence[str]) -> Any:
    """The chosen command, as `run`, with its options. Ends the process with exit code 2 if they are wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m operate",
        description="Look after the tables of the Aha! – Azure DevOps integration. See docs/operate.md.",
        epilog=_SETTINGS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Run, text: str, *, writes: bool = True) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        command.set_defaults(run=run)
        if writes:
            command.add_argument(
                "--dry-run", action="store_true", help="write nothing, say what would be done"
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
        help="give the subscriptions in Azure DevOps the webhook URLs of the first key",
    )
    out = add("export", exporting.run, "write an integration with its links to a file", writes=False)
    out.add_argument("integration_id", metavar="INTEGRATION")
    out.add_argument("--output", type=Path, metavar="FILE", help="without it, to standard output")
    into = add("import", importing.run, "put an exported integration with its links into this installation")
    into.add_argument("file", type=Path, metavar="FILE")
    into.add_argument(
        "--into",
        action="store_true",
        help="add the links to the integration that is here, and leave its configuration as it is",
    )
    checks = add("check", check.run, "look for faults in the tables and on the work items", writes=False)
    checks.add_argument("integration_id", nargs="*", metavar="INTEGRATION", help="these only; without, all")
    checks.add_argument("--mend", action="store_true", help="mend what is safe to mend")
    checks.add_argument("--tables-only", action="store_true", help="do not ask Azure DevOps for work items")
    checks.add_argument("--all", action="store_true", help="show every fault, not 20 of a kind")
    links = add("rebuild-links", rebuild.run, "link records again to the work items that carry their markers")
    links.add_argument("integration_id", metavar="INTEGRATION")
    links.add_argument(
        "--work-item", type=int, action="append", metavar="ID", help="only this one; may be repeated"
    )
    return parser.parse_args(arguments)
