"""`check`: look for faults in the tables and on the work items; with `--mend`, mend what is safe to mend.

The app may work meanwhile. So what looks wrong is read once more before it is reported: a send may just have stored it.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from operate.confirm import confirmed
from operate.faults import Fault, Finding, Remedy
from operate.marked import marks
from operate.mending import Mender
from operate.outcome import Exit
from operate.rebuild import Marked, second_in_words
from operate.table_faults import LinkTable, integration_faults, token_faults
from operate.terminal import Terminal, counted
from operate.workplace import Workplace, reading
from shared.domain.integration import StoredIntegration
from shared.errors import IntegrationNotFound, OperationFailed
from shared.storage.integration_rows import PARTITION
from shared.storage.link_rows import partition_of
from shared.storage.rows import Row, UnreadableRow
from shared.storage.table import Table

_MOST_SHOWN = 20
_EVERYTHING = "PartitionKey eq @partition"


def run(arguments: argparse.Namespace, workplace: Workplace, terminal: Terminal) -> Exit:
    """Check one integration, or the whole installation."""
    rows = list(workplace.tables.integrations.query(_EVERYTHING, {"partition": PARTITION}))
    stored = {row.text("integration_id"): row for row in rows if row.row_key.startswith("i:")}
    chosen = _chosen(arguments.integration_id, stored)
    report = _Report(terminal, shows_all=arguments.all, mends=arguments.mend)
    findings = list(integration_faults(rows))
    if workplace.has_keys:
        findings += token_faults(rows, workplace.app.vault)
    if not arguments.integration_id:
        findings += _foreign_rows(workplace.tables.links, stored)
    about = [one for one in findings if not arguments.integration_id or one.integration_id in chosen]
    report.mended(_of_installation(about, workplace, report))
    report.show("Integrations", about)
    for integration_id in chosen:
        _check_links(integration_id, workplace, report, looks_at_work_items=not arguments.tables_only)
    if not workplace.has_keys and not arguments.tables_only:
        terminal.say("SECRETS_KEY is not set, so tokens and work items were not looked at.")
    return report.conclude()


def _chosen(wanted: Sequence[str], stored: Mapping[str, Row]) -> list[str]:
    present = [name for name, row in stored.items() if not row.flag("deleted")]
    for name in wanted:
        if name not in present:
            raise IntegrationNotFound(f"There is no integration {name}.")
    return list(wanted) or present


def _of_installation(findings: Sequence[Finding], workplace: Workplace, report: _Report) -> Iterator[Finding]:
    mender = Mender(workplace, None, None, report.terminal)
    return (one for one in findings if report.mends and mender.mend(one))


def _check_links(
    integration_id: str, workplace: Workplace, report: _Report, *, looks_at_work_items: bool
) -> None:
    terminal, table = report.terminal, LinkTable(integration_id)
    suspicions: list[Finding] = []
    rows = workplace.tables.links.query(_EVERYTHING, {"partition": partition_of(integration_id)})
    for number, row in enumerate(rows, 1):
        suspicions += table.look(row)
        terminal.progress(f"{integration_id}: {number:,} rows read")
    suspicions += table.rest()
    stored, marked, problem = None, None, ""
    if workplace.has_keys and looks_at_work_items:
        try:
            stored = _readable(integration_id, workplace)
            marked = _marked(stored, workplace, terminal) if stored is not None else None
            suspicions += _work_item_faults(integration_id, table, marked)
        except OperationFailed as error:
            problem = f"{integration_id}: the work items were not looked at. {error.detail}"
    findings = list(confirmed(suspicions, workplace, marked))
    if report.mends:
        report.mended(Mender(workplace, stored, marked, terminal).mend_all(findings))
    report.show(f"{integration_id}: {counted(table.links, 'link')}", findings)
    if problem:
        report.unseen(problem)


def _readable(integration_id: str, workplace: Workplace) -> StoredIntegration | None:
    """The integration; None if its row is reported as damaged."""
    try:
        return workplace.app.integrations.get(integration_id)
    except UnreadableRow:
        return None


def _marked(stored: StoredIntegration, workplace: Workplace, terminal: Terminal) -> Marked | None:
    """The marked work items; None if the integration has no organization to ask yet."""
    target, integration_id = stored.integration.azure_devops, stored.integration.integration_id
    if not target.account_name or not target.has_credentials:
        return None
    azure_devops = workplace.app.azure_devops(target, reading())
    return Marked.collected(marks(azure_devops, integration_id, terminal.progress))


def _work_item_faults(integration_id: str, table: LinkTable, marked: Marked | None) -> Iterator[Finding]:
    """The marked work items that are not the linked ones."""
    if marked is None:
        return
    for mark in marked.oldest.values():
        linked = table.work_item_of(mark.aha_id)
        if linked is None and table.knows(mark.aha_id):
            # Its claim, or its pointer, is reported.
            continue
        for number in (one.work_item_id for one in marked.of(mark.aha_id)):
            if linked is None:
                detail = f"work item {number} carries its marker, and it has no link"
                fault = Fault.MARKED_WITHOUT_LINK
            elif number == linked:
                continue
            else:
                detail, fault = second_in_words(linked, number), Fault.SECOND_WORK_ITEM
            yield Finding(fault, integration_id, mark.name, detail, aha_id=mark.aha_id, work_item_id=number)


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
                Fault.FOREIGN_ROWS, last, last, "there are links, and no integration with this id", last
            )


class _Report:
    """What was found, what of it was mended, and what is left."""

    def __init__(self, terminal: Terminal, *, shows_all: bool, mends: bool) -> None:
        self.terminal = terminal
        self.mends = mends
        self._shows_all = shows_all
        self._mended: set[Finding] = set()
        self._found: dict[Fault, int] = defaultdict(int)
        self._left: dict[Fault, int] = defaultdict(int)
        self._unseen = 0

    def mended(self, findings: Iterable[Finding]) -> None:
        """Note what was mended."""
        self._mended |= set(findings)

    def unseen(self, problem: str) -> None:
        """Note what could not be looked at."""
        self._unseen += 1
        self.terminal.say(f"  {problem}")

    def show(self, heading: str, findings: Sequence[Finding]) -> None:
        """Print what was found, by faults."""
        self.terminal.say(heading if findings else f"{heading}. No faults")
        for fault in Fault:
            ones = [one for one in findings if one.fault is fault]
            for one in ones:
                self._found[fault] += 1
                self._left[fault] += one not in self._mended
            for one in ones if self._shows_all else ones[:_MOST_SHOWN]:
                done = "mended: " if one in self._mended else ""
                self.terminal.say(f"  {done}{fault.title}: {one}")
            if len(ones) > _MOST_SHOWN and not self._shows_all:
                self.terminal.say(f"  … and {len(ones) - _MOST_SHOWN:,} more of these; --all shows them")

    def conclude(self) -> Exit:
        """Say what is left, and who mends it."""
        left = {fault: number for fault, number in self._left.items() if number}
        mended = sum(self._found.values()) - sum(left.values())
        self.terminal.say()
        self.terminal.say(
            f"{counted(sum(self._found.values()), 'fault')} found, {mended:,} mended, {sum(left.values()):,} left"
        )
        for fault, number in left.items():
            self.terminal.say(f"- {fault.title}: {number:,}. {_advice(fault)}")
        is_left = self._unseen or any(fault.remedy is not Remedy.APP for fault in left)
        return Exit.LEFT if is_left else Exit.DONE


def _advice(fault: Fault) -> str:
    if fault.remedy is Remedy.MEND:
        return f"--mend mends it: {fault.what_to_do[0].lower()}{fault.what_to_do[1:]}"
    return fault.what_to_do
