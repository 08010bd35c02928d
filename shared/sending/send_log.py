"""The log lines of a send."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shared import log_events
from shared.clients.azure_devops import AzureDevOps
from shared.domain.links import Link
from shared.domain.records import Record
from shared.domain.send_plan import RecordPlan, removed_requirements
from shared.domain.work_item import WorkItem
from shared.errors import LinkChanged, OperationFailed
from shared.operation_log import OperationLog
from shared.sending.outcome import Outcome, OutcomeKind
from shared.sending.record_state import RecordState
from shared.sending.upload_results import over_limit

_DONE = {
    OutcomeKind.CREATED: (log_events.WORK_ITEM_CREATED, "Work item {} was created for {}."),
    OutcomeKind.UPDATED: (log_events.WORK_ITEM_UPDATED, "Work item {} was updated from {}."),
    OutcomeKind.UNCHANGED: (log_events.WORK_ITEM_UNCHANGED, "Work item {} already matches {}."),
}


class SendLog:
    """Writes the log lines of one send."""

    def __init__(self, log: OperationLog, azure_devops: AzureDevOps) -> None:
        self._log = log
        self._azure_devops = azure_devops

    def done(self, plan: RecordPlan, item: WorkItem, outcome: Outcome) -> None:
        """Log a work item that is now as planned, and what was overwritten or left alone in it."""
        event, message = _DONE[outcome.kind]
        name = plan.record.reference_or_id
        where = {"work_item_id": item.id, "reference": name, "revision": item.revision}
        if outcome.was_found:
            self._log.add(
                log_events.WORK_ITEM_FOUND_AGAIN,
                f"The request that created work item {item.id} got no answer; this send found the work item.",
                aha_id=plan.record.id,
                **where,
            )
        self._log.add(event, message.format(item.id, name), **where)
        if plan.has_outdated_text:
            self._log.add(
                log_events.RECORD_OUTDATED,
                f"The payload of {name} has an outdated text, so the field was left alone. Send it again.",
                **where,
            )
        before = plan.work_item
        if before is None:
            return
        for field in plan.conflicts:
            self._log.add(
                log_events.WORK_ITEM_CONFLICT,
                f"Both sides changed the {field.value} of {name}; Aha!'s text was kept. Revision {before.revision} of "
                f"work item {item.id} has the overwritten text.",
                field=field.value,
                kept="aha",
                overwritten_revision=before.revision,
                overwritten_digest=before.digest_of(field, plan.images),
                overwritten_url=f"{self._azure_devops.work_item_api_url(item.id)}/revisions/{before.revision}",
                **where,
            )
        for field in plan.left_alone:
            self._log.add(
                log_events.WORK_ITEM_LEFT_ALONE,
                f"An engineer changed the {field.value} of work item {item.id}, and nobody changed it in Aha!. The "
                "change is kept.",
                field=field.value,
                **where,
            )

    def settled(self, plan: RecordPlan, link: Link | None) -> None:
        """Log the attachments over the limit, and the requirements that the feature no longer has."""
        if plan.files.over_limit:
            self._log.add(
                log_events.ATTACHMENT_NO_ROOM,
                f"{len(plan.files.over_limit)} attachments of {plan.record.reference_or_id} were not sent. "
                f"{over_limit().detail}",
                code=over_limit().code,
                attachment_ids=[item.id for item in plan.files.over_limit],
                reference=plan.record.reference_or_id,
            )
        for record_id in removed_requirements(plan, link):
            self._log.add(
                log_events.REQUIREMENT_REMOVED,
                f"{plan.record.reference_or_id} no longer has requirement {record_id} in Aha!. Its work item stays as "
                "it is; close or delete it in Azure DevOps if it is not wanted.",
                aha_id=record_id,
                reference=plan.record.reference_or_id,
            )

    def failed(self, record: Record, error: OperationFailed) -> None:
        """Log a record that was not sent."""
        self._log.add(
            log_events.WORK_ITEM_FAILED,
            f"{record.reference_or_id} was not sent. {error.detail}",
            **{**error.evidence, "code": error.code, "reference": record.reference_or_id},
        )

    def retried(self, record: Record, error: OperationFailed) -> None:
        """Log a record that somebody else changed or claimed at the same time."""
        self._log.add(
            log_events.WORK_ITEM_CHANGED_MEANWHILE,
            f"{record.reference_or_id}: {error.detail} This send reads it again.",
            aha_id=record.id,
            reference=record.reference_or_id,
        )

    def links_changed(self, aha_ids: Sequence[str]) -> None:
        """Log the links that somebody else changed at the same time; there may be none."""
        if aha_ids:
            detail = LinkChanged(aha_ids).detail
            self._log.add(log_events.LINK_CHANGED_MEANWHILE, f"{detail} This send reads them again.")

    def recreated(self, states: Iterable[RecordState]) -> None:
        """Log linked records whose work items were deleted."""
        for state in states:
            link = state.link
            if link is not None:
                self._log.add(
                    log_events.WORK_ITEM_GONE,
                    f"Work item {link.work_item_id} of {link.reference_or_id} was deleted in Azure DevOps; a "
                    "new one is created.",
                    work_item_id=link.work_item_id,
                    reference=link.reference_or_id,
                )
