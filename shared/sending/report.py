"""What a send tells of each record, in the answer and in the log."""

from __future__ import annotations

from collections.abc import Sequence

from shared.clients.azure_devops import AzureDevOps
from shared.domain.links import Link
from shared.domain.records import Record
from shared.domain.send_plan import RecordPlan, removed_requirements
from shared.domain.work_item import WorkItem
from shared.errors import LinkChanged, OperationFailed, TimeSpent
from shared.journal import Journal
from shared.sending.result import Action, AttachmentResult, Conflict, RecordResult
from shared.sending.standing import Standing
from shared.sending.uploads import Uploads, over_limit

_VERBS = {
    Action.CREATED: "was created for",
    Action.UPDATED: "was updated from",
    Action.UNCHANGED: "says already what is said by",
}


class Reporter:
    """Writes the entries of one send."""

    def __init__(self, journal: Journal, azure_devops: AzureDevOps) -> None:
        self._journal = journal
        self._azure_devops = azure_devops

    def settled(self, plan: RecordPlan, item: WorkItem, action: Action, result: RecordResult) -> None:
        """A record whose work item is now as it should be."""
        name = plan.record.reference or plan.record.id
        where = {"work_item_id": item.id, "reference": plan.record.reference, "revision": item.revision}
        self._journal.info(
            f"work-item.{action.value}", f"Work item {item.id} {_VERBS[action]} {name}.", **where
        )
        if plan.is_old:
            self._journal.warning(
                "record.outdated",
                f"What was sent of {name} is older than what was synchronised since, so it changes nothing. Send it "
                "again.",
                **where,
            )
        before = plan.work_item
        if before is None:
            return
        for field in plan.conflicts:
            result.conflicts.append(Conflict(field, before.revision))
            self._journal.warning(
                "work-item.conflict",
                f"Both sides changed the {field.value} of {name}; what Aha! says was kept. Revision "
                f"{before.revision} of work item {item.id} has what was overwritten.",
                field=field.value,
                kept="aha",
                overwritten_revision=before.revision,
                overwritten_digest=before.digest_of(field, plan.images),
                overwritten_url=f"{self._azure_devops.work_item_api_url(item.id)}/revisions/{before.revision}",
                **where,
            )
        for field in plan.left_alone:
            self._journal.info(
                "work-item.left-alone",
                f"The {field.value} of work item {item.id} was changed in Azure DevOps and not in Aha!; it stays.",
                field=field.value,
                **where,
            )

    def attachments(self, plan: RecordPlan, uploads: Uploads, result: RecordResult) -> None:
        """The attachments of a record that is settled."""
        if plan.files.over_limit:
            self._journal.error(
                "attachment.no-room",
                f"{len(plan.files.over_limit)} attachments of {plan.record.reference or plan.record.id} were not "
                f"sent. {over_limit().detail}",
                attachment_ids=[item.id for item in plan.files.over_limit],
            )
        for attachment in plan.record.attachments:
            entry = result.attachments.setdefault(attachment.id, AttachmentResult(attachment))
            if attachment in plan.files.over_limit:
                entry.error, entry.action = over_limit(), Action.FAILED
            elif attachment.id in uploads.failures:
                entry.error = uploads.failures[attachment.id]
                entry.action = Action.PENDING if isinstance(entry.error, TimeSpent) else Action.FAILED
            elif attachment.id in uploads.files:
                entry.action = Action.UPLOADED
            else:
                entry.action = Action.UNCHANGED

    def failed(self, result: RecordResult, error: OperationFailed) -> None:
        """A record that could not be sent."""
        name = result.record.reference or result.record.id
        self._journal.error(
            "work-item.failed",
            f"{name} was not sent. {error.detail}",
            code=error.code,
            reference=result.record.reference,
            **error.evidence,
        )

    def link_changed(self, error: LinkChanged) -> None:
        """Links that somebody else changed at the same time."""
        self._journal.info("link.changed-meanwhile", f"{error.detail} It is looked at anew.")

    def changed_meanwhile(self, record: Record, error: OperationFailed) -> None:
        """A record whose work item or claim somebody else changed at the same time."""
        name = record.reference or record.id
        self._journal.info(
            "work-item.changed-meanwhile", f"{name}: {error.detail} It is looked at anew.", aha_id=record.id
        )

    def removed_requirements(self, plan: RecordPlan, link: Link | None) -> None:
        """Requirements that the feature has no more."""
        if plan.is_old:
            return
        for record_id in removed_requirements(link, plan.family):
            self._journal.warning(
                "requirement.removed",
                f"Requirement {record_id} is no longer part of {plan.record.reference or plan.record.id} in Aha!. Its "
                "work item is left as it is; close or delete it in Azure DevOps if it is not wanted.",
                aha_id=record_id,
            )

    def recreated(self, standings: Sequence[Standing]) -> None:
        """Linked records whose work items are gone."""
        for item in standings:
            if item.link is None:
                continue
            link = item.link.link
            self._journal.warning(
                "work-item.gone",
                f"Work item {link.work_item_id} of {link.reference or link.aha_id} was deleted in Azure DevOps; a new "
                "one is created.",
                work_item_id=link.work_item_id,
                reference=link.reference,
            )
