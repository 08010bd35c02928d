"""Bringing a changed work item back to its Aha! record: the one way in, also for what notifications missed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from shared.app import App
from shared.clients.aha import Aha, RecordChange
from shared.clients.azure_devops import AzureDevOps
from shared.domain.aha_record import AhaRecord
from shared.domain.images import images_of_account
from shared.domain.integration import Integration
from shared.domain.links import Field
from shared.domain.notifications import Notification
from shared.domain.receive_plan import ReceivePlan, link_after, plan_receive
from shared.domain.work_item import WorkItem
from shared.errors import LinkChanged, NotFound, RuleViolation, System, Unavailable
from shared.operation import Operation
from shared.storage.links import StoredLink

_DECISIONS = 5
"""How often a change is decided anew because another one got at the link meanwhile."""


@dataclass(frozen=True)
class Received:
    """What a notification led to: `updated`, `unchanged` or `ignored`, and a stable word for why."""

    result: str
    reason: str | None = None


def ignore(operation: Operation, reason: str, message: str, **detail: Any) -> Received:
    """Write down that a notification needs no work."""
    operation.journal.info("notification.ignored", message, reason=reason, **detail)
    return Received("ignored", reason)


class Bringing:
    """Brings work items of one integration, which can receive, to their records, within one operation."""

    def __init__(self, app: App, operation: Operation, integration: Integration) -> None:
        self._links = app.links
        self._operation = operation
        self._integration = integration
        self._images = images_of_account(integration.aha.url)
        self._azure_devops: AzureDevOps = app.azure_devops(integration.azure_devops, operation)
        self._aha: Aha = app.aha(integration.aha, operation)

    def bring(self, notification: Notification) -> Received:
        """Decide, write, note the agreement; again from the start if another notification got in between.

        Raises:
            Unavailable, Refused: it could not be done now; it should be tried again.
        """
        written: frozenset[Field] = frozenset()
        for _ in range(_DECISIONS):
            stored = self._links.by_work_item(self._integration.integration_id, notification.work_item_id)
            if stored is None:
                return ignore(
                    self._operation,
                    "work_item_not_linked",
                    f"Work item {notification.work_item_id} was not sent from Aha! by this integration.",
                    work_item_id=notification.work_item_id,
                )
            is_old_news = (
                notification.revision is not None and notification.revision <= stored.link.agreed_revision
            )
            if is_old_news and not written:
                return self._unchanged(stored, "already_agreed")
            outcome, just_written = self._bring_once(stored, written)
            if outcome is not None:
                return outcome
            written |= just_written
        raise Unavailable(System.STORAGE, "The link is being changed all the time.", retry_after=2)

    def _bring_once(
        self, stored: StoredLink, rewritten: frozenset[Field]
    ) -> tuple[Received | None, frozenset[Field]]:
        """One try: its outcome, None where the link was changed meanwhile, and the fields that were written."""
        link = stored.link
        both = self._read_both(stored)
        if isinstance(both, Received):
            return both, frozenset()
        work_item, record = both
        mapping = self._integration.mapping(link.kind).status_mapping
        plan = plan_receive(link, work_item, record, mapping, rewritten, self._images)
        self._note_decision(stored, work_item, plan)
        after, refused = self._write(stored, record, plan) if plan.writes else (record, frozenset())
        written = plan.written_fields - refused
        new_link = link_after(plan, link, work_item, record, after, refused)
        if new_link != link:
            try:
                self._links.replace(self._integration.integration_id, [(stored, new_link)])
            except LinkChanged as error:
                self._operation.journal.info(
                    "link.changed-meanwhile", f"{error.detail} It is looked at anew."
                )
                return None, written
        if written or rewritten:
            return Received("updated"), written
        return self._unchanged(stored, self._why_unchanged(plan, refused)), written

    def _read_both(self, stored: StoredLink) -> tuple[WorkItem, AhaRecord] | Received:
        """The work item and the record as they are now, read side by side."""
        link = stored.link
        with ThreadPoolExecutor(1) as other:
            reading = other.submit(self._aha.record, link.kind, link.aha_id)
            try:
                work_item = self._azure_devops.work_item(link.work_item_id)
            except NotFound as error:
                reading.exception()
                return ignore(self._operation, "work_item_gone", error.detail, work_item_id=link.work_item_id)
            try:
                return work_item, reading.result()
            except NotFound as error:
                return ignore(self._operation, "aha_record_gone", error.detail, reference=link.reference)

    def _write(
        self, stored: StoredLink, record: AhaRecord, plan: ReceivePlan
    ) -> tuple[AhaRecord, frozenset[Field]]:
        """Write what the plan says; if Aha! refuses the whole, write the status apart from name and description."""
        link = stored.link
        change = RecordChange(plan.name, plan.description, plan.status)
        try:
            return self._aha.update(link.kind, link.aha_id, change), frozenset()
        except RuleViolation as error:
            if plan.status is None:
                raise
            self._operation.journal.error(
                "aha.status-refused",
                f"Aha! refused the status “{plan.status}” for {link.reference}. Check the integration's status "
                f"mapping: the status must belong to the record's workflow. {error.detail}",
                reference=link.reference,
                status=plan.status,
            )
        without_status = replace(change, status=None)
        if not without_status.payload():
            return record, frozenset((Field.STATE,))
        return self._aha.update(link.kind, link.aha_id, without_status), frozenset((Field.STATE,))

    def _note_decision(self, stored: StoredLink, work_item: WorkItem, plan: ReceivePlan) -> None:
        link = stored.link
        where = {
            "work_item_id": link.work_item_id,
            "reference": link.reference,
            "revision": work_item.revision,
        }
        if plan.writes:
            fields = ", ".join(sorted(name.value for name in plan.written_fields))
            self._operation.journal.info(
                "record.changes",
                f"Work item {link.work_item_id} changes {link.reference or link.aha_id} in Aha!: {fields}.",
                state=work_item.state,
                status=plan.status,
                **where,
            )
        for name in plan.conflicts:
            self._operation.journal.warning(
                "record.conflict",
                f"Both sides changed the {name.value} of {link.reference or link.aha_id}; the change made in Azure "
                "DevOps was kept. Aha!'s history of the record has the other one.",
                field=name.value,
                kept="azure_devops",
                **where,
            )
        if plan.left_images:
            self._operation.journal.warning(
                "record.images-left",
                f"The description of {link.reference or link.aha_id} gets a link to work item {link.work_item_id} in "
                f"the place of {len(plan.left_images)} images that only Azure DevOps has: they are shown to whoever "
                "signs in there. Attach them to the record in Aha! if everybody should see them.",
                images=list(plan.left_images),
                **where,
            )
        if plan.unmapped_state:
            self._operation.journal.warning(
                "state.not-mapped",
                f"The state “{plan.unmapped_state}” is mapped to no status, so the status stays as it is. Map it in "
                "the integration if it should change.",
                state=plan.unmapped_state,
                **where,
            )

    @staticmethod
    def _why_unchanged(plan: ReceivePlan, refused: frozenset[Field]) -> str:
        if Field.STATE in refused:
            return "status_refused"
        return "state_not_mapped" if plan.unmapped_state else "already_agreed"

    def _unchanged(self, stored: StoredLink, reason: str) -> Received:
        self._operation.journal.info(
            "notification.nothing-to-do",
            "Nothing of what travels to Aha! has changed.",
            reason=reason,
            work_item_id=stored.link.work_item_id,
            reference=stored.link.reference,
        )
        return Received("unchanged", reason)
