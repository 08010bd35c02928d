"""`import`: import an exported integration with its links into this installation.

The integration is disabled until all its links are stored, because an earlier send would create work items again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from operate.context import CommandContext, reading
from operate.exit_codes import ExitCode
from operate.import_rows import say_counts, store_rows
from operate.terminal import Terminal, counted
from operate.transfer import (
    Exported,
    Header,
    read_header,
    read_integration_line,
    read_rows,
)
from shared.api.product_owner import check_product_is_free
from shared.app import App
from shared.domain.accounts import is_same_account
from shared.domain.integration import Integration, StoredIntegration
from shared.domain.integration_input import INTEGRATION_ID, UrlRules, read_integration
from shared.errors import InvalidInput
from shared.storage.rows import Row

AZURE_DEVOPS_TOKEN = "AZURE_DEVOPS_TOKEN"  # noqa: S105 (the name of a variable)
AHA_API_TOKEN = "AHA_API_TOKEN"  # noqa: S105


@dataclass(frozen=True)
class File:
    """An export, read line by line, as often as needed."""

    path: Path

    def start(self) -> tuple[Header, Exported]:
        """The header. Raises InvalidInput."""
        lines = self._lines()
        header = read_header(next(lines, ""))
        if not INTEGRATION_ID.fullmatch(header.integration_id):
            raise InvalidInput("The file has no valid integration id.")
        return header, read_integration_line(next(lines, ""))

    def rows(self, integration_id: str) -> Iterator[Row]:
        """Its rows, each checked. Raises InvalidInput."""
        return read_rows(islice(self._lines(), 2, None), integration_id)

    def _lines(self) -> Iterator[str]:
        try:
            with self.path.open(encoding="utf-8") as file:
                yield from file
        except OSError as error:
            raise InvalidInput(f"{self.path} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise InvalidInput(f"{self.path} is not text in UTF-8.") from None


def run(arguments: argparse.Namespace, context: CommandContext, terminal: Terminal) -> ExitCode:
    """Check the whole file, then store it."""
    app, file = context.app, File(arguments.file)
    header, exported = file.start()
    integration_id = header.integration_id
    rows = sum(1 for _ in file.rows(integration_id))
    terminal.say(f"{integration_id}, exported at {header.exported_at}: {counted(rows, 'row')} in the file")
    found = app.integrations.find(integration_id)
    present = found if isinstance(found, StoredIntegration) else None
    wanted: Integration | None = None
    if arguments.into:
        _check_target(integration_id, exported, present)
    else:
        wanted = _wanted(app, context, integration_id, exported, present)
        _check_absent(integration_id, wanted, exported, present)
    if arguments.dry_run:
        counts = store_rows(
            app.tables.links, file.rows(integration_id), integration_id, terminal, is_dry_run=True
        )
        say_counts(counts, terminal, would=True)
        return ExitCode.LEFT if counts.stored or counts.kept else ExitCode.DONE
    if wanted is not None and present is None:
        start = replace(wanted, enabled=False)
        check_product_is_free(app, reading(), start, None)
        app.integrations.save(start, None, webhook_generation=exported.webhook_generation)
        terminal.say(
            f"{integration_id}: its configuration is stored; it is disabled until its links are stored"
        )
    counts = store_rows(app.tables.links, file.rows(integration_id), integration_id, terminal)
    say_counts(counts, terminal)
    is_ready = wanted is None or _enable(app, integration_id, wanted, exported, terminal)
    return ExitCode.DONE if is_ready and not counts.kept else ExitCode.LEFT


def _wanted(
    app: App,
    context: CommandContext,
    integration_id: str,
    exported: Exported,
    present: StoredIntegration | None,
) -> Integration:
    """The integration of the file, with the tokens from the environment. Without tokens, it cannot be enabled yet."""
    body: dict[str, Any] = {**exported.body, "enabled": False}
    tokens = {
        ("azure_devops", "personal_access_token"): context.environment.get(AZURE_DEVOPS_TOKEN),
        ("aha", "api_token"): context.environment.get(AHA_API_TOKEN),
    }
    for (part, name), token in tokens.items():
        if token and isinstance(body.get(part), dict):
            body[part] = {**body[part], name: token}
    rules = UrlRules(app.settings.azure_devops_url, app.settings.allow_local_addresses)
    known = present.integration if present else None
    integration, _ = read_integration(integration_id, body, known, rules)
    is_enabled = exported.body.get("enabled") is True and not integration.missing()
    return replace(integration, enabled=is_enabled)


def _check_absent(
    integration_id: str, wanted: Integration, exported: Exported, present: StoredIntegration | None
) -> None:
    """Refuse an integration that already exists here, unless an earlier run of the same import created it."""
    if present is None:
        return
    is_own = present.integration in (wanted, replace(wanted, enabled=False))
    if not is_own or present.webhook_generation != exported.webhook_generation:
        raise InvalidInput(
            f"The integration {integration_id} already exists here. Nothing was done. With --into, its configuration "
            "is kept, and only missing links are added. Or delete it first."
        )


def _check_target(integration_id: str, exported: Exported, present: StoredIntegration | None) -> None:
    """Refuse links to another organization than that of the existing integration."""
    if present is None:
        raise InvalidInput(f"There is no integration {integration_id} here. Leave out --into.")
    part = exported.body.get("azure_devops")
    there = str(part.get("account_name") or "") if isinstance(part, dict) else ""
    here = present.integration.azure_devops.account_name
    if not is_same_account(here, there):
        raise InvalidInput(
            f"The integration {integration_id} sends to the organization “{here}” here, and the links in the file lead "
            f"to “{there}”. Nothing was done."
        )


def _enable(
    app: App, integration_id: str, wanted: Integration, exported: Exported, terminal: Terminal
) -> bool:
    """Enable the integration if it was enabled and can be. Returns whether nothing is left for a person."""
    stored = app.integrations.get(integration_id)
    if wanted.enabled and not stored.integration.enabled:
        app.integrations.save(replace(stored.integration, enabled=True), stored)
    without = [
        words
        for words, is_set, was_set in (
            (
                "the Azure DevOps token",
                stored.integration.azure_devops.has_credentials,
                _had(exported, "azure_devops", "personal_access_token_set"),
            ),
            (
                "the Aha! token",
                stored.integration.aha.api_token is not None,
                _had(exported, "aha", "api_token_set"),
            ),
        )
        if was_set and not is_set
    ]
    if without:
        terminal.say(
            f"{integration_id}: an export has no tokens. Enter {' and '.join(without)} on the configuration page."
        )
    if exported.body.get("enabled") is True and not wanted.enabled:
        terminal.say(f"{integration_id}: it stays disabled until then. Enable it afterwards.")
    terminal.say(
        f"{integration_id}: open the page Service hook: Azure DevOps must call the webhook URL of this installation."
    )
    return not without


def _had(exported: Exported, part: str, name: str) -> bool:
    found = exported.body.get(part)
    return isinstance(found, dict) and found.get(name) is True
