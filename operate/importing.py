"""`import`: put an exported integration with its links into this installation.

The integration is disabled until all its links are there: a send before that would create work items again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from operate.outcome import Exit
from operate.terminal import Terminal, counted
from operate.transfer import (
    Exported,
    Header,
    inserts_of,
    is_same,
    read_header,
    read_integration_line,
    read_rows,
)
from operate.workplace import Workplace, reading
from shared.api.product_owner import check_other_name_is_free
from shared.app import App
from shared.domain.integration import Integration, StoredIntegration
from shared.domain.integration_input import INTEGRATION_ID, UrlRules, read_integration
from shared.errors import InvalidInput
from shared.storage.record_writes import Conflicting, RecordWrite, write_records
from shared.storage.rows import Row
from shared.storage.table import Table

AZURE_DEVOPS_TOKEN = "AZURE_DEVOPS_TOKEN"  # noqa: S105 (the name of a variable)
AHA_API_TOKEN = "AHA_API_TOKEN"  # noqa: S105
_AT_ONCE = 200


@dataclass
class Counts:
    """What became of the rows of the file. `kept`: the names of records that had other rows here, which stay."""

    stored: int = 0
    known: int = 0
    kept: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class File:
    """An export, read line by line, as often as needed."""

    path: Path

    def start(self) -> tuple[Header, Exported]:
        """What it is about. Raises InvalidInput."""
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


def run(arguments: argparse.Namespace, workplace: Workplace, terminal: Terminal) -> Exit:
    """Check the whole file, then store it."""
    app, file = workplace.app, File(arguments.file)
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
        wanted = _wanted(app, workplace, integration_id, exported, present)
        _check_absent(integration_id, wanted, exported, present)
    if arguments.dry_run:
        return _say_only(app, file, integration_id, terminal)
    if wanted is not None and present is None:
        start = replace(wanted, enabled=False)
        check_other_name_is_free(app, reading(), start, None)
        app.integrations.save(start, None, webhook_generation=exported.webhook_generation)
        terminal.say(f"{integration_id}: its configuration is stored, disabled until its links are there")
    counts = _store_rows(app.tables.links, file.rows(integration_id), integration_id, terminal)
    _say_counts(counts, terminal)
    is_ready = wanted is None or _enable(app, integration_id, wanted, exported, terminal)
    return Exit.DONE if is_ready and not counts.kept else Exit.LEFT


def _wanted(
    app: App,
    workplace: Workplace,
    integration_id: str,
    exported: Exported,
    present: StoredIntegration | None,
) -> Integration:
    """The integration of the file, with the tokens from the environment. Without them it cannot be enabled yet."""
    body: dict[str, Any] = {**exported.body, "enabled": False}
    tokens = {
        ("azure_devops", "personal_access_token"): workplace.environment.get(AZURE_DEVOPS_TOKEN),
        ("aha", "api_token"): workplace.environment.get(AHA_API_TOKEN),
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
    """Refuse an integration that is here already, unless an earlier run of the same import began it."""
    if present is None:
        return
    is_own = present.integration in (wanted, replace(wanted, enabled=False))
    if not is_own or present.webhook_generation != exported.webhook_generation:
        raise InvalidInput(
            f"The integration {integration_id} is here already. Nothing was done. With --into, its configuration stays "
            "as it is here, and the links that it does not have are added. Or delete it first."
        )


def _check_target(integration_id: str, exported: Exported, present: StoredIntegration | None) -> None:
    """Refuse links to work items of another organization than that of the integration that is here."""
    if present is None:
        raise InvalidInput(f"There is no integration {integration_id} here. Leave out --into.")
    part = exported.body.get("azure_devops")
    there = str(part.get("account_name") or "") if isinstance(part, dict) else ""
    here = present.integration.azure_devops.account_name
    if here.casefold() != there.casefold():
        raise InvalidInput(
            f"The integration {integration_id} sends to the organization “{here}” here, and the links in the file lead "
            f"to “{there}”. Nothing was done."
        )


def _store_rows(table: Table, rows: Iterator[Row], integration_id: str, terminal: Terminal) -> Counts:
    """Store what is not there yet. A record that has other rows here keeps them."""
    counts = Counts()
    while chunk := list(islice(rows, _AT_ONCE)):
        _store_chunk(table, chunk, integration_id, counts)
        terminal.progress(f"{counts.stored + counts.known + len(counts.kept):,} rows looked at")
    return counts


def _store_chunk(table: Table, chunk: Sequence[Row], integration_id: str, counts: Counts) -> None:
    named = {row.row_key: inserts_of(row, integration_id) for row in chunk}
    writes = [RecordWrite(key, operations) for key, (_, operations) in named.items()]
    for key, outcome in write_records(table, writes).items():
        name, operations = named[key]
        if not isinstance(outcome, Conflicting):
            counts.stored += 1
        elif all(
            row is not None and is_same(row, operation.row)
            for row, operation in zip(outcome.rows, operations, strict=True)
        ):
            counts.known += 1
        else:
            counts.kept.append(name)


def _say_only(app: App, file: File, integration_id: str, terminal: Terminal) -> Exit:
    counts, table = Counts(), app.tables.links
    for row in file.rows(integration_id):
        name, operations = inserts_of(row, integration_id)
        here = [table.get(one.row.partition_key, one.row.row_key) for one in operations]
        if not any(here):
            counts.stored += 1
        elif all(
            row is not None and is_same(row, one.row) for row, one in zip(here, operations, strict=True)
        ):
            counts.known += 1
        else:
            counts.kept.append(name)
        terminal.progress(f"{counts.stored + counts.known:,} rows looked at")
    _say_counts(counts, terminal, would=True)
    return Exit.LEFT if counts.stored or counts.kept else Exit.DONE


def _say_counts(counts: Counts, terminal: Terminal, *, would: bool = False) -> None:
    terminal.say(
        f"{counted(counts.stored, 'row')} {'would be ' if would else ''}stored, {counts.known:,} there already"
    )
    for name in counts.kept:
        terminal.say(f"{name}: has another row here, which stays")


def _enable(
    app: App, integration_id: str, wanted: Integration, exported: Exported, terminal: Terminal
) -> bool:
    """Enable the integration if it was and can be. Whether nothing is left to do for a person."""
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
        f"{integration_id}: look at the page Service hook: Azure DevOps must call the webhook URL of this installation."
    )
    return not without


def _had(exported: Exported, part: str, name: str) -> bool:
    found = exported.body.get(part)
    return isinstance(found, dict) and found.get(name) is True
