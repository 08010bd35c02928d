"""`export`: write an integration with its links to a file, without secrets. Needs no SECRETS_KEY."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TextIO

from operate.context import CommandContext
from operate.exit_codes import ExitCode
from operate.terminal import Terminal, counted
from operate.transfer import Exported, Header, end_line, row_line
from shared.api.integrations import integration_as_json
from shared.errors import InvalidInput
from shared.storage.keys import WORK_ITEM_KEYS
from shared.storage.link_rows import partition_of
from shared.storage.rows import Row
from shared.storage.table import Table


def run(arguments: argparse.Namespace, context: CommandContext, terminal: Terminal) -> ExitCode:
    """Write the file. The app may run meanwhile; the file may or may not have what it writes."""
    stored = context.integrations.get(arguments.integration_id)
    integration_id = stored.integration.integration_id
    exported_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    links = others = 0
    with _file(arguments.output) as file:
        print(Header(integration_id, exported_at).line(), file=file)
        body = integration_as_json(stored, url="")
        print(Exported(body, stored.webhook_generation).line(), file=file)
        for row in exported_rows(context.tables.links, integration_id):
            print(row_line(row), file=file)
            is_link = row.row_key.startswith("w:")
            links, others = links + is_link, others + (not is_link)
            terminal.progress(f"{links + others:,} rows written")
        print(end_line(links + others), file=file)
    if arguments.output:
        terminal.say(
            f"{integration_id}: {counted(links, 'link')} and {counted(others, 'other row')} written to "
            f"{arguments.output}. The file has no tokens."
        )
    return ExitCode.DONE


def exported_rows(table: Table, integration_id: str) -> Iterator[Row]:
    """The links, then all other rows of an integration but the pointers to these links."""
    first, end = WORK_ITEM_KEYS
    partition = partition_of(integration_id)
    linked: set[int] = set()
    keys = {"partition": partition, "first": first, "end": end}
    for row in table.query("PartitionKey eq @partition and RowKey ge @first and RowKey lt @end", keys):
        linked.add(row.number("work_item_id"))
        yield row
    for row in table.query("PartitionKey eq @partition and ( RowKey lt @first or RowKey ge @end )", keys):
        is_pointer = row.row_key.startswith("r:") and not row.flag("is_claim")
        # A pointer whose link is missing still leads to a work item.
        if not (is_pointer and row.number("work_item_id") in linked):
            yield row


@contextmanager
def _file(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that gets its name only when it is complete."""
    if path is None:
        yield sys.stdout
        return
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        unfinished.replace(path)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
