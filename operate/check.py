"""`check`: find faults in the tables and on the work items; with `--repair`, repair what is safe to repair.

The app may run meanwhile. So each possible fault is read again before it is reported, because a send may just have
stored it.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from operate.confirm import still_present
from operate.context import CommandContext, reading
from operate.exit_codes import ExitCode
from operate.faults import Fault, Finding, Remedy
from operate.markers import marked_work_items
from operate.rebuild import MarkedWorkItems, second_in_words
from operate.repair import Repairer
from operate.table_faults import LinkTable, integration_faults, token_faults
from operate.terminal import Terminal, counted
from shared.domain.integration import StoredIntegration
from shared.errors import IntegrationNotFound, OperationFailed
from shared.storage.integration_rows import PARTITION
from shared.storage.link_rows import partition_of
from shared.storage.rows import Row, UnreadableRow
from shared.storage.table import Table

_MOST_SHOWN = 20
_EVERYTHING = "PartitionKey eq @partition"


def run(arguments: argparse.Namespace, context: CommandContext, terminal: Terminal) -> ExitCode:
    """Check one integration, or the whole installation."""
    rows = list(context.tables.integrations.query(_EVERYTHING, {"partition": PARTITION}))
    stored = {row.text("integration_id"): row for row in rows if row.row_key.startswith("i:")}
    chosen = _chosen(arguments.integration_id, stored)
    report = _Report(terminal, shows_all=arguments.all, repairs=arguments.repair)
    findings = list(integration_faults(rows))
    if context.has_keys:
        findings += token_faults(rows, context.app.vault)
    if not arguments.integration_id:
        findings += _foreign_rows(context.tables.links, stored)
    about = [one for one in findings if not arguments.integration_id or one.integration_id in chosen]
    report.add_repaired(_of_installation(about, context, report))
    report.show("Integrations", about)
    for integration_id in chosen:
        _check_links(integration_id, context, report, checks_work_items=not arguments.tables_only)
    if not context.has_keys and not arguments.tables_only:
        terminal.say("SECRETS_KEY is not set, so tokens and work items were not checked.")
    return report.conclude()


def _chosen(wanted: Sequence[str], stored: Mapping[str, Row]) -> list[str]:
    present = [name for name, row in stored.items() if not row.flag("deleted")]
    for name in wanted:
        if name not in present:
            raise IntegrationNotFound(f"There is no integration {name}.")
    return list(wanted) or present


def _of_installation(
    findings: Sequence[Finding], context: CommandContext, report: _Report
) -> Iterator[Finding]:
    repairer = Repairer(context, None, None, report.terminal)
    return (one for one in findings if report.repairs and repairer.repair(one))


def _check_links(
    integration_id: str, context: CommandContext, report: _Report, *, checks_work_items: bool
) -> None:
    terminal, table = report.terminal, LinkTable(integration_id)
    possible_faults: list[Finding] = []
    rows = context.tables.links.query(_EVERYTHING, {"partition": partition_of(integration_id)})
    for number, row in enumerate(rows, 1):
        possible_faults += table.faults_of(row)
        terminal.progress(f"{integration_id}: {number:,} rows read")
    possible_faults += table.faults_at_end()
    stored, marked, problem = None, None, ""
    if context.has_keys and checks_work_items:
        try:
            stored = _readable(integration_id, context)
            marked = _marked(stored, context, terminal) if stored is not None else None
            possible_faults += _work_item_faults(integration_id, table, marked)
        except OperationFailed as error:
            problem = f"{integration_id}: the work items were not checked. {error.detail}"
    findings = list(still_present(possible_faults, context, marked))
    if report.repairs:
        report.add_repaired(Repairer(context, stored, marked, terminal).repair_all(findings))
    report.show(f"{integration_id}: {counted(table.links, 'link')}", findings)
    if problem:
        report.add_unchecked(problem)


def _readable(integration_id: str, context: CommandContext) -> StoredIntegration | None:
    """The integration; None if its row is reported as damaged."""
    try:
        return context.app.integrations.get(integration_id)
    except UnreadableRow:
        return None


def _marked(stored: StoredIntegration, context: CommandContext, terminal: Terminal) -> MarkedWorkItems | None:
    """The marked work items; None if the integration has no organization yet."""
    target, integration_id = stored.integration.azure_devops, stored.integration.integration_id
    if not target.account_name or not target.has_credentials:
        return None
    azure_devops = context.app.azure_devops(target, reading())
    return MarkedWorkItems.collected(marked_work_items(azure_devops, integration_id, terminal.progress))


def _work_item_faults(
    integration_id: str, table: LinkTable, marked: MarkedWorkItems | None
) -> Iterator[Finding]:
    """The marked work items to which no link leads."""
    if marked is None:
        return
    for marked_item in marked.oldest.values():
        linked = table.work_item_of(marked_item.aha_id)
        if linked is None and table.knows(marked_item.aha_id):
            # Another fault reports its claim or pointer.
            continue
        for number in (one.work_item_id for one in marked.of(marked_item.aha_id)):
            if linked is None:
                detail = f"work item {number} carries its marker, but the record has no link"
                fault = Fault.MARKED_WITHOUT_LINK
            elif number == linked:
                continue
            else:
                detail, fault = second_in_words(linked, number), Fault.SECOND_WORK_ITEM
            yield Finding(
                fault,
                integration_id,
                marked_item.name,
                detail,
                aha_id=marked_item.aha_id,
                work_item_id=number,
            )


def _foreign_rows(links: Table, stored: Mapping[str, Row]) -> Iterator[Finding]:
    """The partitions of links that belong to no integration."""
    partitions = {partition_of(name): name for name in stored}
    last = ""
    while True:
        rows = links.query(
            "PartitionKey gt @last", {"last": last}, select=("PartitionKey", "RowKey"), page_size=1
        )
        first = next(rows, None)
        if first is None:
            return
        last = first.partition_key
        if last not in partitions:
            yield Finding(
                Fault.FOREIGN_ROWS, last, last, "there are links, but no integration with this id", last
            )


class _Report:
    """The faults that were found, that were repaired, and that are left."""

    def __init__(self, terminal: Terminal, *, shows_all: bool, repairs: bool) -> None:
        self.terminal = terminal
        self.repairs = repairs
        self._shows_all = shows_all
        self._repaired: set[Finding] = set()
        self._found: dict[Fault, int] = defaultdict(int)
        self._left: dict[Fault, int] = defaultdict(int)
        self._unchecked = 0

    def add_repaired(self, findings: Iterable[Finding]) -> None:
        """Record what was repaired."""
        self._repaired |= set(findings)

    def add_unchecked(self, problem: str) -> None:
        """Record what could not be checked."""
        self._unchecked += 1
        self.terminal.say(f"  {problem}")

    def show(self, heading: str, findings: Sequence[Finding]) -> None:
        """Print the faults, grouped by kind."""
        self.terminal.say(heading if findings else f"{heading}. No faults")
        for fault in Fault:
            ones = [one for one in findings if one.fault is fault]
            for one in ones:
                self._found[fault] += 1
                self._left[fault] += one not in self._repaired
            for one in ones if self._shows_all else ones[:_MOST_SHOWN]:
                done = "repaired: " if one in self._repaired else ""
                self.terminal.say(f"  {done}{fault.title}: {one}")
            if len(ones) > _MOST_SHOWN and not self._shows_all:
                self.terminal.say(f"  … and {len(ones) - _MOST_SHOWN:,} more; --all shows them")

    def conclude(self) -> ExitCode:
        """Report what is left, and who repairs it."""
        left = {fault: number for fault, number in self._left.items() if number}
        repaired = sum(self._found.values()) - sum(left.values())
        self.terminal.say()
        self.terminal.say(
            f"{counted(sum(self._found.values()), 'fault')} found, {repaired:,} repaired, {sum(left.values()):,} left"
        )
        for fault, number in left.items():
            self.terminal.say(f"- {fault.title}: {number:,}. {_advice(fault)}")
        is_left = self._unchecked or any(fault.remedy is not Remedy.APP for fault in left)
        return ExitCode.LEFT if is_left else ExitCode.DONE


def _advice(fault: Fault) -> str:
    if fault.remedy is Remedy.REPAIR:
        return f"--repair repairs it: {fault.what_to_do[0].lower()}{fault.what_to_do[1:]}"
    return fault.what_to_do
