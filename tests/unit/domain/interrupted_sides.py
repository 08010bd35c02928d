"""Aha! and Azure DevOps with sends and notifications that run at the same time, are interrupted, or write late.

An operation runs as in `shared.sending` and `shared.receiving`: look, note intentions, write, commit. It can stop for a
while after each of these, or for ever. A write that was requested may be carried out later, when its operation is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import partial

from shared.domain import receive_plan, send_plan
from shared.domain.aha_record import AhaRecord
from shared.domain.contents import description_content, name_content
from shared.domain.field_decisions import payload_texts
from shared.domain.images import Images
from shared.domain.intentions import PENDING, AhaTexts, Seen, intended_revisions, settle, with_intentions
from shared.domain.links import Field, Link
from shared.domain.receive_plan import ReceivePlan, aha_texts, plan_receive
from shared.domain.records import Record
from shared.domain.send_plan import Family, plan_record
from shared.domain.work_item import WorkItem
from tests.unit.domain.two_sides import MAPPING, STATUSES, TwoSides
from tests.unit.examples import NOON

_ROUNDS = 8


class Point(Enum):
    """Where an operation can be interrupted."""

    LOOKED = "both sides were read"
    NOTED = "the intentions were stored, and nothing was written"
    WRITTEN = "the write was done, and nothing was recorded"


@dataclass
class Running:
    """An operation that was interrupted. `write` is what it was about to request, if it was."""

    steps: Iterator[Point]
    began_at: datetime
    write: Callable[[], bool] | None = None


@dataclass
class InterruptedSides(TwoSides):
    """A record that was sent once.

    `last_edits` are the last texts that persons gave each field, by side. `paused` are the operations that are
    interrupted, and `late_writes` the requested writes that are not carried out yet, with the time of their intention.
    `overwritten_unseen` are the fields of which a notification overwrote a text in Aha! that it had not read: Aha! has
    no revisions to test.
    """

    now: datetime = NOON
    revisions: dict[int, WorkItem] = field(default_factory=dict)
    payloads: list[Record] = field(default_factory=list)
    link_version: int = 0
    operations: int = 0
    paused: list[Running] = field(default_factory=list)
    late_writes: list[tuple[Callable[[], bool], datetime]] = field(default_factory=list)
    last_edits: dict[tuple[str, Field], str] = field(default_factory=dict)
    conflicts: list[Field] = field(default_factory=list)
    overwritten_unseen: set[Field] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.send()
        assert self.item is not None
        self.revisions[1] = self.item
        self.payloads.append(self.payload)

    # People.

    def person_edits_aha(self, *, name: str | None = None, description: str | None = None) -> None:
        """A product manager edits the record, and Aha! makes an event of it."""
        self.edit_in_aha(name=name, description=description)
        self.payloads.append(self.payload)
        self._note_edit("aha", name, description)

    def person_edits_azure_devops(
        self, *, title: str | None = None, description: str | None = None, state: str | None = None
    ) -> None:
        """An engineer edits the work item."""
        self.edit_in_azure_devops(title=title, description=description, state=state)
        self._note_edit("azure_devops", title, description)

    def edit_in_azure_devops(
        self, *, title: str | None = None, description: str | None = None, state: str | None = None
    ) -> None:
        """Somebody edits the work item: its history keeps the revision."""
        super().edit_in_azure_devops(title=title, description=description, state=state)
        if self.item is not None:
            self.revisions[self.item.revision] = self.item

    def _note_edit(self, side: str, name: str | None, description: str | None) -> None:
        if name is not None:
            self.last_edits[side, Field.NAME] = name_content(name)
        if description is not None:
            self.last_edits[side, Field.DESCRIPTION] = description_content(description, Images())

    # Operations.

    def begin_send(self, payload: Record | None = None) -> Running:
        """Start a send of the present record, or of an earlier payload."""
        running = Running(iter(()), self.now)
        running.steps = self._send_steps(payload or self.payload, self._operation_id(), running)
        return running

    def begin_receive(self) -> Running:
        """Start the sync of the work item to Aha!."""
        running = Running(iter(()), self.now)
        running.steps = self._receive_steps(self._operation_id(), running)
        return running

    def run(self, running: Running, until: Point | None = None) -> bool:
        """Let an operation go on, to its end or to a point; whether it stands there."""
        return any(point is until for point in running.steps)

    def pause(self, running: Running, at: Point) -> None:
        """Let an operation go on to a point, and interrupt it there."""
        if self.run(running, at):
            self.paused.append(running)

    def resume(self, number: int) -> None:
        """Let an interrupted operation go on to its end."""
        if self.paused:
            self.run(self.paused.pop(number % len(self.paused)))

    def die(self, running: Running, at: Point) -> None:
        """Let an operation go on to a point, and no further."""
        self.run(running, at)

    def delay(self, running: Running) -> None:
        """Let an operation die while its write is under way."""
        if self.run(running, Point.NOTED):
            assert running.write is not None
            self.late_writes.append((running.write, running.began_at))

    def land(self, number: int) -> None:
        """Carry out a write that is under way."""
        if self.late_writes:
            self.late_writes.pop(number % len(self.late_writes))[0]()

    def pass_time(self, time: timedelta) -> None:
        """Let time pass. No operation and no write takes as long as an intention is waited for."""
        self.now += time
        self.paused = [item for item in self.paused if self.now - item.began_at < PENDING / 2]
        while late := [item for item in self.late_writes if self.now - item[1] >= PENDING / 2]:
            self.land(self.late_writes.index(late[0]))

    def come_to_rest(self) -> None:
        """All that was under way lands, and two rounds of sends and notifications go undisturbed."""
        self.end_operations()
        self.now += PENDING
        for _ in range(2):
            self.run(self.begin_send())
            self.run(self.begin_receive())

    def end_operations(self) -> None:
        """All that was under way lands."""
        while self.paused:
            self.resume(0)
        while self.late_writes:
            self.land(0)

    def _operation_id(self) -> str:
        self.operations += 1
        return f"op-{self.operations}"

    def _send_steps(self, payload: Record, operation_id: str, running: Running) -> Iterator[Point]:
        for _ in range(_ROUNDS):
            version, link, item = self.link_version, self.link, self.item
            assert link is not None
            assert item is not None
            link = self._settled(link, item, payload_texts(payload, Images()), operation_id)
            plan = plan_record(payload, link, item, Family(), now=self.now)
            yield Point.LOOKED
            title, description = plan.value_to_write(Field.NAME), plan.description_to_write({})
            if plan.writes:
                link = with_intentions(link, plan.intentions(operation_id, self.now))
                if not self._store(link, version):
                    continue
                version = self.link_version
                running.write = partial(self._patch, item.revision, title, description)
                yield Point.NOTED
                if not running.write():
                    continue
                item = self.revisions[item.revision + 1]
                yield Point.WRITTEN
                self.conflicts += plan.conflicts
            if self._store(send_plan.link_after_send(plan, link, item, {}, operation_id), version):
                return

    def _receive_steps(self, operation_id: str, running: Running) -> Iterator[Point]:
        for _ in range(_ROUNDS):
            version, link, item, before = self.link_version, self.link, self.item, self.record
            assert link is not None
            assert item is not None
            link = self._settled(link, item, aha_texts(link, before, Images()), operation_id)
            plan = plan_receive(link, item, before, MAPPING)
            yield Point.LOOKED
            self.conflicts += plan.conflicts
            after = before
            if plan.writes:
                link = with_intentions(link, plan.intentions(link, item, before, operation_id, self.now))
                if not self._store(link, version):
                    continue
                version = self.link_version

                running.write = partial(self._put, before, plan)
                yield Point.NOTED
                running.write()
                after = self.record
                yield Point.WRITTEN
            link = receive_plan.link_after_receive(
                plan, link, item, after, operation_id=operation_id, not_taken=frozenset()
            )
            if self._store(link, version):
                return

    def _patch(self, revision: int, title: str | None, description: str | None) -> bool:
        """Update the work item if it still has this revision; whether it had."""
        if self.item is None or self.item.revision != revision:
            return False
        self.edit_in_azure_devops(title=title, description=description)
        return True

    def _put(self, seen: AhaRecord, plan: ReceivePlan) -> bool:
        """Update the record, whatever it says now."""
        if plan.name is not None and self.name != seen.name:
            self.overwritten_unseen.add(Field.NAME)
        if plan.description is not None and self.description != seen.description:
            self.overwritten_unseen.add(Field.DESCRIPTION)
        self.edit_in_aha(name=plan.name, description=plan.description)
        if plan.status is not None:
            by_id = {number: name for name, number in STATUSES.items()}
            self.status = by_id.get(plan.status, plan.status)
        self.payloads.append(self.payload)
        return True

    def _settled(self, link: Link, item: WorkItem, aha: AhaTexts, operation_id: str) -> Link:
        earlier = {number: self.revisions[number] for number in intended_revisions(link, item)}
        return settle(link, Seen(item, earlier, aha, Images(), operation_id, self.now)).link

    def _store(self, link: Link, version: int) -> bool:
        """Store the link unless somebody else changed it since that version."""
        if self.link_version != version:
            return False
        if link != self.link:
            self.link = link
            self.link_version += 1
        return True
