"""Aha! and Azure DevOps as the rules see them: two sides, each of which cleans up what is written into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

from shared.domain import receive_plan, send_plan
from shared.domain.aha_record import AhaRecord, WorkflowStatus
from shared.domain.images import Images
from shared.domain.links import Field, Link
from shared.domain.patches import EMPTY_DESCRIPTION
from shared.domain.receive_plan import ReceivePlan, plan_receive
from shared.domain.records import Record
from shared.domain.send_plan import Family, RecordPlan
from shared.domain.work_item import WorkItem
from tests.unit.examples import a_record, planned

STATUSES = {"In development": "56", "Shipped": "57", "Ready": "55"}
MAPPING = {"Active": "In development", "Closed": "57"}


def as_it_is(text: str) -> str:
    """A side that cleans nothing up."""
    return text


@dataclass
class TwoSides:
    """A record, its work item, their link, and how either side cleans up HTML. The first send uploads `images`."""

    aha_cleans: Callable[[str], str] = as_it_is
    azure_devops_cleans: Callable[[str], str] = as_it_is
    name: str = "Search by colour"
    description: str = "<p>Colours</p>"
    status: str = "Ready"
    changes: int = 0
    images: Images = field(default_factory=Images)
    item: WorkItem | None = None
    link: Link | None = None

    @property
    def updated_at(self) -> datetime:
        """When Aha! last changed the record: a second later each time."""
        return datetime(2026, 3, 2, tzinfo=timezone.utc) + timedelta(seconds=self.changes)

    @property
    def payload(self) -> Record:
        """The record as an event of Aha! carries it now."""
        return a_record(name=self.name, description=self.description, updated_at=self.updated_at)

    @property
    def record(self) -> AhaRecord:
        """The record as Aha!'s API shows it now."""
        status = WorkflowStatus(STATUSES[self.status], self.status)
        return AhaRecord("6776487451", "PROD-2", self.name, self.description, status, self.updated_at)

    def edit_in_aha(self, *, name: str | None = None, description: str | None = None) -> None:
        """Somebody edits the record."""
        self.name = self.name if name is None else name
        self.description = self.description if description is None else self.aha_cleans(description)
        self.changes += 1

    def edit_in_azure_devops(
        self, *, title: str | None = None, description: str | None = None, state: str | None = None
    ) -> None:
        """An engineer edits the work item, if there is one."""
        if self.item is None:
            return
        cleaned = None if description is None else self.azure_devops_cleans(description)
        self.item = replace(
            self.item,
            revision=self.item.revision + 1,
            title=self.item.title if title is None else title,
            description=self.item.description if cleaned is None else cleaned,
            description_is_markdown=self.item.description_is_markdown and cleaned is None,
            state=self.item.state if state is None else state,
        )

    def edit_in_markdown(self, source: str) -> None:
        """An engineer writes the description in Markdown."""
        assert self.item is not None
        self.item = replace(
            self.item, revision=self.item.revision + 1, description=source, description_is_markdown=True
        )

    def plan_send(self, payload: Record | None = None) -> RecordPlan:
        """What a send would do."""
        return planned(payload or self.payload, self.link, self.item, Family(), images=self.images.of_aha)

    def send(self, payload: Record | None = None) -> RecordPlan:
        """Plan, carry out and note the agreement."""
        plan = self.plan_send(payload)
        title = plan.value_to_write(Field.NAME)
        uploaded = self.images.files if self.link is None else {}
        description = plan.description_to_write(uploaded)
        if plan.creates:
            html = self.azure_devops_cleans(description or EMPTY_DESCRIPTION)
            self.item = WorkItem(12, 1, "Feature", title or "", html, "New", "https://x/12")
        elif plan.writes:
            self.edit_in_azure_devops(title=title, description=description)
        assert self.item is not None
        self.link = send_plan.link_after_send(plan, self.link, self.item, uploaded, "op")
        return plan

    def plan_receive(self) -> ReceivePlan:
        """What a notification would do."""
        assert self.link is not None
        assert self.item is not None
        return plan_receive(self.link, self.item, self.record, MAPPING, images=self.images.of_aha)

    def receive(self) -> ReceivePlan | None:
        """Plan, carry out and note the agreement; nothing where nothing was sent yet."""
        if self.link is None or self.item is None:
            return None
        plan = self.plan_receive()
        if plan.writes:
            self.edit_in_aha(name=plan.name, description=plan.description)
        if plan.status is not None:
            by_id = {number: name for name, number in STATUSES.items()}
            self.status = by_id.get(plan.status, plan.status)
        self.link = receive_plan.link_after_receive(
            plan, self.link, self.item, self.record, not_taken=frozenset(), operation_id="op"
        )
        return plan
