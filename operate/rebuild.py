"""`rebuild-links`: link records again to the work items that carry their markers."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from operate.context import CommandContext, complete_integration, reading, writing_log_of
from operate.exit_codes import ExitCode
from operate.link_repairs import insert_links, restore_pointer
from operate.markers import MarkedWorkItem, marked_work_items
from operate.terminal import Terminal, counted
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
class MarkedWorkItems:
    """The marked work items of an integration: the oldest of each record, and others with the same marker."""

    oldest: dict[str, MarkedWorkItem] = field(default_factory=dict)
    others: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    features: dict[int, str] = field(default_factory=dict)
    """The feature of each marked work item of a feature."""
    feature_ids: dict[str, str] = field(default_factory=dict)
    """The Aha! id of each marked feature, by its reference."""
    _below: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def collected(cls, found: Iterable[MarkedWorkItem]) -> MarkedWorkItems:
        """Collect marked work items in the order of their ids."""
        collected = cls()
        for marked_item in found:
            if marked_item.aha_id in collected.oldest:
                collected.others[marked_item.aha_id].append(marked_item.work_item_id)
            else:
                collected.oldest[marked_item.aha_id] = marked_item
                if marked_item.kind is Kind.REQUIREMENT and marked_item.parent_id is not None:
                    collected._below[marked_item.parent_id].append(marked_item.aha_id)
            if marked_item.kind is Kind.FEATURE:
                collected.features[marked_item.work_item_id] = marked_item.aha_id
                collected.feature_ids.setdefault(marked_item.reference, marked_item.aha_id)
        return collected

    def of(self, aha_id: str) -> tuple[MarkedWorkItem, ...]:
        """The marked work items of a record, the oldest first."""
        if aha_id not in self.oldest:
            return ()
        first = self.oldest[aha_id]
        return (first, *(replace(first, work_item_id=number) for number in self.others.get(aha_id, ())))

    def requirements_below(self, work_item_id: int) -> tuple[str, ...]:
        """The requirements whose work items are below this one."""
        return tuple(self._below.get(work_item_id, ()))


def second_in_words(linked_id: int, other_id: int) -> str:
    """The advice about a second work item of a record."""
    return (
        f"it is linked to work item {linked_id}, and work item {other_id} carries its marker, too. Copy what is needed "
        f"into {linked_id}, then delete {other_id}, or remove its hyperlink to Aha! to keep it."
    )


@dataclass
class Counts:
    """The results of the marked records."""

    linked: int = 0
    known: int = 0
    left: int = 0


def run(arguments: argparse.Namespace, context: CommandContext, terminal: Terminal) -> ExitCode:
    """Find the marked work items of one integration, and link the records that have no link."""
    app = context.app
    stored = complete_integration(app, arguments.integration_id)
    integration = stored.integration
    azure_devops = app.azure_devops(integration.azure_devops, reading())
    terminal.say(
        f"Looking for work items that carry a marker of {integration.integration_id} in "
        f"{azure_devops.account_url}"
    )
    marked = MarkedWorkItems.collected(
        marked_work_items(azure_devops, integration.integration_id, terminal.progress)
    )
    terminal.say(f"{counted(len(marked.oldest), 'record')} with a marked work item")
    with writing_log_of(app, stored) as operation:
        rebuild = Rebuild(app, integration, azure_devops, operation, terminal, marked)
        counts = rebuild.run(arguments.work_item or (), is_dry_run=arguments.dry_run)
    done = "would be linked again" if arguments.dry_run else "linked again"
    terminal.say(f"{counts.linked:,} {done}, {counts.known:,} linked already, {counts.left:,} left")
    if counts.linked:
        terminal.say(
            "If a person had unlinked one of them on purpose, unlink it again: its work item still has the hyperlink "
            "to Aha!."
        )
    is_left = counts.left or (arguments.dry_run and counts.linked)
    return ExitCode.LEFT if is_left else ExitCode.DONE


class Rebuild:
    """Links marked records that have no link."""

    def __init__(
        self,
        app: App,
        integration: Integration,
        azure_devops: AzureDevOps,
        operation: Operation,
        terminal: Terminal,
        marked: MarkedWorkItems,
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
        """Link the records that have no link, or only those of these work items."""
        marked_items = self._marked.oldest.values()
        return self._run(
            [one for one in marked_items if not only or one.work_item_id in only], is_dry_run=is_dry_run
        )

    def run_for(self, aha_ids: Collection[str]) -> Counts:
        """Link these records."""
        return self._run([self._marked.oldest[aha_id] for aha_id in aha_ids], is_dry_run=False)

    def _run(self, marked_items: Iterable[MarkedWorkItem], *, is_dry_run: bool) -> Counts:
        # Features first, so that a requirement's feature is known by its link.
        chosen = sorted(
            marked_items,
            key=lambda marked_item: (marked_item.kind is Kind.REQUIREMENT, marked_item.work_item_id),
        )
        for start in range(0, len(chosen), _AT_ONCE):
            self._link(chosen[start : start + _AT_ONCE], is_dry_run=is_dry_run)
            self._terminal.progress(f"{min(start + _AT_ONCE, len(chosen)):,} of {len(chosen):,} records")
        return self._counts

    def _link(self, chosen: Sequence[MarkedWorkItem], *, is_dry_run: bool) -> None:
        found = self._app.links.load_each(self._id, [marked_item.aha_id for marked_item in chosen])
        new: list[MarkedWorkItem] = []
        claimed: dict[str, StoredClaim] = {}
        for marked_item in chosen:
            stored = found.get(marked_item.aha_id)
            if isinstance(stored, StoredLink):
                self._counts.known += 1
                self._report_second(marked_item, stored.link.work_item_id)
            elif isinstance(stored, UnreadableLink):
                self._leave(marked_item, "its row in Links is damaged; see the command check")
            elif stored is None:
                new.append(marked_item)
            elif decide(stored.claim, stored.age, self._operation.id) is ClaimDecision.WAIT:
                self._leave(marked_item, "a send is creating its work item; run this again in a minute")
            elif (named := self._named_by(stored, marked_item)) is not None:
                claimed[marked_item.aha_id] = stored
                new.append(named)
            else:
                # The claim has the texts of Aha! when the work item was created, so a send can merge better.
                self._leave(marked_item, "a send of it was interrupted; the next send adopts its work item")
        items = self._azure_devops.work_items([marked_item.work_item_id for marked_item in new])
        links = [
            self._link_of(marked_item, items[marked_item.work_item_id])
            for marked_item in new
            if marked_item.work_item_id in items
        ]
        for marked_item in new:
            if marked_item.work_item_id not in items:
                self._leave(marked_item, f"work item {marked_item.work_item_id} became unreadable meanwhile")
        if is_dry_run:
            self._note(links, is_dry_run=True)
        else:
            self._store(links, claimed)

    def _named_by(self, stored: StoredClaim, marked_item: MarkedWorkItem) -> MarkedWorkItem | None:
        """The marked work item that a pointer, or an abandoned claim, names."""
        named = (
            one
            for one in self._marked.of(marked_item.aha_id)
            if one.work_item_id == stored.claim.work_item_id
        )
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
            self._report_left(self._marked.oldest[aha_id])

    def _report_left(self, marked_item: MarkedWorkItem) -> None:
        """Report why a link could not be stored, unless the link exists and only its pointer was lost."""
        holder = self._app.links.by_work_item(self._id, marked_item.work_item_id)
        if holder is not None and holder.link.aha_id != marked_item.aha_id:
            other = holder.link.reference_or_id
            self._leave(marked_item, f"work item {marked_item.work_item_id} is linked to {other}")
            return
        if holder is not None and restore_pointer(self._app.tables.links, self._id, holder):
            self._note([holder.link], is_dry_run=False)
            return
        self._leave(marked_item, "it was linked or claimed meanwhile; run this again")

    def _note(self, links: Sequence[Link], *, is_dry_run: bool) -> None:
        for link in links:
            name = link.reference_or_id
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

    def _report_second(self, marked_item: MarkedWorkItem, linked_id: int) -> None:
        """Report each work item that carries the record's marker and is not the linked one."""
        for one in self._marked.of(marked_item.aha_id):
            if one.work_item_id != linked_id:
                self._leave(marked_item, second_in_words(linked_id, one.work_item_id))

    def _leave(self, marked_item: MarkedWorkItem, reason: str) -> None:
        self._counts.left += 1
        self._terminal.say(f"{marked_item.name}: left: {reason}")

    def _link_of(self, marked_item: MarkedWorkItem, item: WorkItem) -> Link:
        return unagreed_link(
            self._integration,
            item,
            kind=marked_item.kind,
            aha_id=marked_item.aha_id,
            reference=marked_item.reference,
            name=item.title,
            family=self._family_of(marked_item, item),
        )

    def _family_of(self, marked_item: MarkedWorkItem, item: WorkItem) -> Family:
        if marked_item.kind is Kind.FEATURE:
            return Family(requirement_ids=self._marked.requirements_below(item.id))
        # A requirement's reference begins with its feature's. An engineer may have chosen another parent since.
        named = self._marked.feature_ids.get(feature_reference_in(marked_item.reference) or "")
        if named:
            return Family(named, self._marked.oldest[named].work_item_id)
        for parent_id in self._parents(item):
            feature_id = self._feature_of(parent_id)
            if feature_id:
                marked_feature = self._marked.oldest.get(feature_id)
                return Family(feature_id, marked_feature.work_item_id if marked_feature else parent_id)
        return Family()

    def _parents(self, item: WorkItem) -> Iterator[int]:
        """The current parent, and the parent at creation."""
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
