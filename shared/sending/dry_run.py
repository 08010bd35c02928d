"""A send that writes nothing: what it would do, with every create validated by Azure DevOps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.clients.azure_devops import AzureDevOps
from shared.concurrency import in_parallel
from shared.domain.integration import Integration
from shared.domain.records import Record
from shared.domain.send_plan import RecordPlan
from shared.errors import FeatureBusy, OperationFailed
from shared.sending.result import Action, AttachmentResult, RecordResult, SentWorkItem
from shared.sending.upload_results import over_limit
from shared.sending.work_item_write import write_of


def dry_run_results(
    plans: Mapping[str, RecordPlan],
    records: Sequence[Record],
    integration: Integration,
    azure_devops: AzureDevOps,
    public_url: str,
) -> dict[str, RecordResult]:
    """The results that a send would have. A record without a plan is claimed by another send."""
    creates = [plan for plan in plans.values() if plan.creates]
    faults = _validate(creates, integration, azure_devops, public_url)
    return {record.id: _result(record, plans.get(record.id), faults.get(record.id)) for record in records}


def _result(record: Record, plan: RecordPlan | None, fault: OperationFailed | None) -> RecordResult:
    result = RecordResult(record, is_settled=True)
    if plan is None:
        busy = FeatureBusy("Another send of the same feature is running.")
        return replace(result, action=Action.FAILED, error=busy)
    change = Action.UPDATED if plan.writes else Action.UNCHANGED
    action = Action.CREATED if plan.creates else change
    return replace(
        result,
        action=action if fault is None else Action.FAILED,
        error=fault,
        work_item=SentWorkItem.of(plan.work_item) if plan.work_item else None,
        attachments=_attachments(plan),
    )


def _attachments(plan: RecordPlan) -> tuple[AttachmentResult, ...]:
    files = plan.files
    return tuple(
        AttachmentResult(item, Action.FAILED, over_limit())
        if item in files.over_limit
        else AttachmentResult(item, Action.UPLOADED if item in files.to_upload else Action.UNCHANGED)
        for item in plan.record.attachments
    )


def _validate(
    plans: Sequence[RecordPlan], integration: Integration, azure_devops: AzureDevOps, public_url: str
) -> dict[str, OperationFailed]:
    """The error of each create that Azure DevOps would refuse. Parents are left out: they may not exist yet."""
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

    answers = in_parallel(validate, plans)
    return {plan.record.id: fault for plan, fault in zip(plans, answers, strict=True) if fault is not None}
