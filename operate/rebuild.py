"""`rebuild-links`: link records again to the work items that carry their markers."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from operate.link_repairs import insert_links, restore_pointer
from operate.marked import Mark, marks
from operate.outcome import Exit
from operate.terminal import Terminal, counted
from operate.workplace import Workplace, complete_integration, reading, writing_log_of
from shared import log_events
from shared.app import App
from shared.clients.azure_devops import AzureDevOps
from shared.domain.claims import ClaimDecision, decide
from shared.domain.integration import Integration
from shared.domain.kind import Kind
from shared.domain.links import Link
from shared.domain.references import feature_reference_in
from shared.domain.send_plan import Family
from shared.domain.unagreed_links import unagreed_link
from shared.domain.work_item import WorkItem
from shared.errors import LinkChanged, NotFound
from shared.operation import Operation
from shared.sending.orphans import first_revision
from shared.storage.links import StoredClaim, StoredLink, UnreadableLink

_AT_ONCE = 200


@dataclass
class Marked:
    """The marks of an integration: the oldest work item of each record, and what else carries its marker."""

    oldest: dict[str, Mark] = field(default_factory=dict)
    others: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    features: dict[int, str] = field(default_factory=dict)
    """The feature of each marked work item of a feature."""
    feature_ids: dict[str, str] = field(default_factory=dict)
    """The Aha! id of each marked feature, by its reference."""
    _below: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def collected(cls, found: Iterable[Mark]) -> Marked:
        """Collect marks in the order of their work items."""
        collected = cls()
        for mark in found:
            if mark.aha_id in collected.oldest:
                collected.others[mark.aha_id].append(mark.work_item_id)
            else:
                collected.oldest[mark.aha_id] = mark
                if mark.kind is Kind.REQUIREMENT and mark.parent_id is not None:
                    collected._below[mark.parent_id].append(mark.aha_id)
            if mark.kind is Kind.FEATURE:
                collected.features[mark.work_item_id] = mark.aha_id
                collected.feature_ids.setdefault(mark.reference, mark.aha_id)
        return collected

    def of(self, aha_id: str) -> tuple[Mark, ...]:
        """The marks of a record, the oldest work item first."""
        if aha_id not in self.oldest:
            return ()
        first = self.oldest[aha_id]
        return (first, *(replace(first, work_item_id=number) for number in self.others.get(aha_id, ())))

    def requirements_below(self, work_item_id: int) -> tuple[str, ...]:
        """The requirements whose work items are below this one."""
        return tuple(self._below.get(work_item_id, ()))


def second_in_words(linked_id: int, other_id: int) -> str:
    """What to do about a second work item of a record."""
    return (
        f"it is linked to work item {linked_id}, and work item {other_id} carries its marker, too. Copy what is needed "
        f"into {linked_id}, then delete {other_id}, or remove its hyperlink to Aha! if it is to stay."
    )


@dataclass
class Counts:
    """What became of the marked records."""

    linked: int = 0
    known: int = 0
    left: int = 0


def run(arguments: argparse.Namespace, workplace: Workplace, terminal: Terminal) -> Exit:
    """Find the marked work items of one integration and link what has no link."""
    app = workplace.app
    stored = complete_integration(app, arguments.integration_id)
    integration = stored.integration
    azure_devops = app.azure_devops(integration.azure_devops, reading())
    terminal.say(
        f"Looking for work items that carry a marker of {integration.integration_id} in "
        f"{azure_devops.account_url}"
    )
    marked = Marked.collected(marks(azure_devops, integration.integration_id, terminal.progress))
    terminal.say(f"{counted(len(marked.oldest), 'record')} with a marked work item")
    with writing_log_of(app, stored) as operation:
        rebuild = Rebuild(app, integration, azure_devops, operation, terminal, marked)
        counts = rebuild.run(arguments.work_item or (), is_dry_run=arguments.dry_run)
    done = "would be linked again" if arguments.dry_run else "linked again"
    terminal.say(f"{counts.linked:,} {done}, {counts.known:,} linked already, {counts.left:,} left")
    if counts.linked:
        terminal.say(
            "If a person had unlinked one of them on purpose, unlink it again: its work item still had the hyperlink "
            "to Aha!."
        )
    is_left = counts.left or (arguments.dry_run and counts.linked)
    return Exit.LEFT if is_left else Exit.DONE


class Rebuild:
    """Links marked records that have no link."""

    def __init__(
        self,
        app: App,
        integration: Integration,
        azure_devops: AzureDevOps,
        operation: Operation,
        terminal: Terminal,
        marked: Marked,
    ) -> None:
        self._app = app
        self._integration = integration
        self._id = integration.integration_id
        self._azure_devops = azure_devops
        self._operation = operation
        self._terminal = terminal
        self._marked = marked
        self._counts = Counts()

    def run(self, only: Collection[int], *, is_dry_run: bool) -> Counts:
        """Link what has no link, or what of it has one of these work items."""
        marks = self._marked.oldest.values()
        return self._run(
            [one for one in marks if not only or one.work_item_id in only], is_dry_run=is_dry_run
        )

    def run_for(self, aha_ids: Collection[str]) -> Counts:
        """Link these records."""
        return self._run([self._marked.oldest[aha_id] for aha_id in aha_ids], is_dry_run=False)

    def _run(self, marks: Iterable[Mark], *, is_dry_run: bool) -> Counts:
        # Features first, so that a requirement's feature is known by its link.
        chosen = sorted(marks, key=lambda mark: (mark.kind is Kind.REQUIREMENT, mark.work_item_id))
        for start in range(0, len(chosen), _AT_ONCE):
            self._link(chosen[start : start + _AT_ONCE], is_dry_run=is_dry_run)
            self._terminal.progress(f"{min(start + _AT_ONCE, len(chosen)):,} of {len(chosen):,} records")
        return self._counts

    def _link(self, chosen: Sequence[Mark], *, is_dry_run: bool) -> None:
        found = self._app.links.load_each(self._id, [mark.aha_id for mark in chosen])
        new: list[Mark] = []
        claimed: dict[str, StoredClaim] = {}
        for mark in chosen:
            stored = found.get(mark.aha_id)
            if isinstance(stored, StoredLink):
                self._counts.known += 1
                self._report_second(mark, stored.link.work_item_id)
            elif isinstance(stored, UnreadableLink):
                self._leave(mark, "its row in Links is damaged; see the command check")
            elif stored is None:
                new.append(mark)
            elif decide(stored.claim, stored.age, self._operation.id) is ClaimDecision.WAIT:
                self._leave(mark, "a send is creating its work item just now; run this again in a minute")
            elif (named := self._named_by(stored, mark)) is not None:
                claimed[mark.aha_id] = stored
                new.append(named)
            else:
                # The claim knows what Aha! said when the work item was created, so a send can do better.
                self._leave(mark, "a send of it was interrupted; the next send takes its work item over")
        items = self._azure_devops.work_items([mark.work_item_id for mark in new])
        links = [self._link_of(mark, items[mark.work_item_id]) for mark in new if mark.work_item_id in items]
        for mark in new:
            if mark.work_item_id not in items:
                self._leave(mark, f"work item {mark.work_item_id} went out of sight meanwhile")
        if is_dry_run:
            self._note(links, is_dry_run=True)
        else:
            self._store(links, claimed)

    def _named_by(self, stored: StoredClaim, mark: Mark) -> Mark | None:
        """The mark of the work item that a pointer, or an abandoned claim, names."""
        named = (one for one in self._marked.of(mark.aha_id) if one.work_item_id == stored.claim.work_item_id)
        return next(named, None)

    def _store(self, links: Sequence[Link], claimed: dict[str, StoredClaim]) -> None:
        unclaimed = [link for link in links if link.aha_id not in claimed]
        pairs = [(claimed[link.aha_id], link) for link in links if link.aha_id in claimed]
        left = set(insert_links(self._app.tables.links, self._id, unclaimed))
        try:
            self._app.links.establish(self._id, pairs)
        except LinkChanged as error:
            left |= set(error.aha_ids)
        self._note([link for link in links if link.aha_id not in left], is_dry_run=False)
        for aha_id in left:
            self._settle_left(self._marked.oldest[aha_id])

    def _settle_left(self, mark: Mark) -> None:
        """Say why a link could not be stored, unless the link is there and only the way to it was lost."""
        holder = self._app.links.by_work_item(self._id, mark.work_item_id)
        if holder is not None and holder.link.aha_id != mark.aha_id:
            other = holder.link.reference or holder.link.aha_id
            self._leave(mark, f"work item {mark.work_item_id} is linked to {other}")
            return
        if holder is not None and restore_pointer(self._app.tables.links, self._id, holder):
            self._note([holder.link], is_dry_run=False)
            return
        self._leave(mark, "it was linked or claimed meanwhile; run this again")

    def _note(self, links: Sequence[Link], *, is_dry_run: bool) -> None:
        for link in links:
            name = link.reference or link.aha_id
            self._counts.linked += 1
            self._terminal.say(
                f"{name}: {'would be ' if is_dry_run else ''}linked to work item {link.work_item_id}, "
                f"{link.work_item_type} “{link.name}”"
            )
            if not is_dry_run:
                self._operation.log.know_record(name, link.feature_id)
                self._operation.log.add(
                    log_events.LINK_REBUILT,
                    f"{name} was linked to work item {link.work_item_id} by its marker.",
                    reference=name,
                    work_item_id=link.work_item_id,
                )
            self._report_second(self._marked.oldest[link.aha_id], link.work_item_id)

    def _report_second(self, mark: Mark, linked_id: int) -> None:
        """Report each work item that carries the record's marker and is not the linked one."""
        for one in self._marked.of(mark.aha_id):
            if one.work_item_id != linked_id:
                self._leave(mark, second_in_words(linked_id, one.work_item_id))

    def _leave(self, mark: Mark, reason: str) -> None:
        self._counts.left += 1
        self._terminal.say(f"{mark.name}: left: {reason}")

    def _link_of(self, mark: Mark, item: WorkItem) -> Link:
        return unagreed_link(
            self._integration,
            item,
            kind=mark.kind,
            aha_id=mark.aha_id,
            reference=mark.reference,
            name=item.title,
            family=self._family_of(mark, item),
        )

    def _family_of(self, mark: Mark, item: WorkItem) -> Family:
        if mark.kind is Kind.FEATURE:
            return Family(requirement_ids=self._marked.requirements_below(item.id))
        # A requirement's reference begins with its feature's. An engineer may have chosen another parent since.
        named = self._marked.feature_ids.get(feature_reference_in(mark.reference) or "")
        if named:
            return Family(named, self._marked.oldest[named].work_item_id)
        for parent_id in self._parents(item):
            feature_id = self._feature_of(parent_id)
            if feature_id:
                mark_of_feature = self._marked.oldest.get(feature_id)
                return Family(feature_id, mark_of_feature.work_item_id if mark_of_feature else parent_id)
        return Family()

    def _parents(self, item: WorkItem) -> Iterator[int]:
        """The parent now, and the parent at the creation."""
        if item.parent_id is not None:
            yield item.parent_id
        try:
            created = first_revision(self._azure_devops, item)
        except NotFound:
            return
        if created.parent_id is not None:
            yield created.parent_id

    def _feature_of(self, work_item_id: int) -> str:
        if work_item_id in self._marked.features:
            return self._marked.features[work_item_id]
        linked = self._app.links.by_work_item(self._id, work_item_id)
        return linked.link.aha_id if linked is not None and linked.link.kind is Kind.FEATURE else ""
