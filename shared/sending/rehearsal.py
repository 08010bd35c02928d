"""A send that writes nothing: what it would do, with every create checked by Azure DevOps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.clients.azure_devops import AzureDevOps
from shared.domain.files import Files
from shared.domain.integration import Integration
from shared.domain.records import Attachment
from shared.domain.send_plan import RecordPlan
from shared.errors import FeatureBusy, OperationFailed
from shared.sending.result import Action, AttachmentResult, RecordResult, SentWorkItem
from shared.sending.uploads import over_limit
from shared.sending.writes import write_of
from shared.side_by_side import side_by_side


def rehearse(
    plans: Mapping[str, RecordPlan],
    results: Mapping[str, RecordResult],
    integration: Integration,
    azure_devops: AzureDevOps,
    public_url: str,
) -> None:
    """Fill in the results with the actions that a send would take."""
    creates = [plan for plan in plans.values() if plan.creates]
    faults = _validate(creates, integration, azure_devops, public_url)
    for record_id, result in results.items():
        plan = plans.get(record_id)
        if plan is None:
            result.fail(Action.FAILED, FeatureBusy("Another send of the same feature is under way."))
            continue
        if plan.work_item is not None:
            item = plan.work_item
            result.work_item = SentWorkItem(item.id, item.page_url, item.type, item.revision)
        result.attachments = {
            attachment.id: _what_would_become_of(attachment, plan.files)
            for attachment in plan.record.attachments
        }
        if record_id in faults:
            result.fail(Action.FAILED, faults[record_id])
        elif plan.creates:
            result.settle(Action.CREATED)
        else:
            result.settle(Action.UPDATED if plan.writes else Action.UNCHANGED)


def _what_would_become_of(attachment: Attachment, files: Files) -> AttachmentResult:
    if attachment in files.over_limit:
        return AttachmentResult(attachment, Action.FAILED, over_limit())
    return AttachmentResult(
        attachment, Action.UPLOADED if attachment in files.to_upload else Action.UNCHANGED
    )


def _validate(
    plans: Sequence[RecordPlan], integration: Integration, azure_devops: AzureDevOps, public_url: str
) -> dict[str, OperationFailed]:
    """What Azure DevOps says against each create; a parent that does not exist yet is left out."""
    project = integration.azure_devops.project

    def validate(plan: RecordPlan) -> OperationFailed | None:
        write = write_of(plan, integration, public_url, {})
        if write is None:
            return None
        try:
            azure_devops.validate_work_item(project, write.work_item_type, write.document)
        except OperationFailed as error:
            return error
        return None

    answers = side_by_side(validate, plans)
    return {plan.record.id: fault for plan, fault in zip(plans, answers, strict=True) if fault is not None}
