"""Dry run: what a send would do. It reads, has Azure DevOps validate each create, and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.app import App
from shared.concurrency import in_parallel
from shared.domain.images import with_inline_images
from shared.domain.integration import Integration
from shared.domain.records import Feature, Record
from shared.domain.send_plan import RecordPlan
from shared.errors import FeatureBusy, OperationFailed
from shared.isolation import isolated
from shared.operation import Operation
from shared.sending.context import SendContext
from shared.sending.decide import check_feature_is_complete, decide_round
from shared.sending.look import look
from shared.sending.outcome import Outcome
from shared.sending.own_claims import OwnClaims
from shared.sending.plan import plan_records
from shared.sending.progress import Progress
from shared.sending.record_state import PlannedRecord, RecordState, name_of
from shared.sending.result import Action, AttachmentResult, RecordResult, SendResult, SentWorkItem
from shared.sending.upload_results import over_limit
from shared.sending.work_item_write import write_of


def dry_run_send(app: App, operation: Operation, integration: Integration, feature: Feature) -> SendResult:
    """Find out what a send would do.

    Raises:
        InvalidRequest: the feature has no work item, and the payload has neither its name nor its description.
        Refused, Unavailable: nothing could be read.
    """
    context = SendContext.of(app, operation, integration)
    feature = with_inline_images(feature, context.images.aha_host)
    progress = Progress.at_start(feature)
    claims = OwnClaims(app.links, integration.integration_id, operation, context.images, app.clock)
    states = look(feature.records, context, claims, take_over=False)
    progress = progress.after_look(states)
    planned, not_planned = plan_records(states, progress, context)
    progress = progress.with_errors_of(not_planned)
    check_feature_is_complete(feature, context.integration_id, planned)
    outcomes = decide_round(planned, progress.parent).outcomes
    refused = {key: outcome for key, outcome in outcomes.items() if outcome.error is not None}
    faults = _validate([item for key, item in planned.items() if key not in refused], context)
    for record, error in _failures(not_planned, planned, refused):
        context.log.failed(record, error)
    results = [
        _result(result.record, planned.get(key), refused.get(key), faults.get(key))
        for key, result in progress.results.items()
        if not result.is_settled
    ]
    return context.answer(progress.with_results(results).results)


def _failures(
    not_planned: Sequence[RecordState],
    planned: Mapping[str, PlannedRecord],
    refused: Mapping[str, Outcome],
) -> list[tuple[Record, OperationFailed]]:
    """The records for which nothing would be done, and why."""
    not_read = [(state.record, state.error) for state in not_planned if state.error is not None]
    return not_read + [
        (planned[key].plan.record, outcome.error)
        for key, outcome in refused.items()
        if outcome.error is not None
    ]


def _result(
    record: Record, item: PlannedRecord | None, refused: Outcome | None, fault: OperationFailed | None
) -> RecordResult:
    """The result that a send would have. A record without a plan is claimed by another send."""
    if item is None:
        busy = FeatureBusy("Another send of the same feature is running.")
        return RecordResult(record, Action.FAILED, error=busy, is_settled=True)
    plan = item.plan
    work_item = SentWorkItem.of(plan.work_item) if plan.work_item else None
    if refused is not None:
        return RecordResult(record).given_up(refused, work_item)
    action = _action(plan) if fault is None else Action.FAILED
    return RecordResult(record, action, work_item, fault, attachments=_attachments(plan), is_settled=True)


def _action(plan: RecordPlan) -> Action:
    if plan.creates:
        return Action.CREATED
    return Action.UPDATED if plan.writes else Action.UNCHANGED


def _attachments(plan: RecordPlan) -> tuple[AttachmentResult, ...]:
    files = plan.files
    return tuple(
        AttachmentResult(item, Action.FAILED, over_limit())
        if item in files.over_limit
        else AttachmentResult(item, Action.UPLOADED if item in files.to_upload else Action.UNCHANGED)
        for item in plan.record.attachments
    )


def _validate(planned: Sequence[PlannedRecord], context: SendContext) -> dict[str, OperationFailed]:
    """The error of each create that Azure DevOps would refuse. Parents are left out: they may not exist yet."""
    project = context.integration.azure_devops.project

    def validate(item: PlannedRecord) -> None:
        write = write_of(item.plan, context.integration, context.public_url, {})
        if write is not None:
            context.azure_devops.validate_work_item(project, write.work_item_type, write.document)

    creates = [item for item in planned if item.plan.creates]
    attempt = isolated(validate, context.operation, lambda item: name_of(item.plan.record))
    answers = in_parallel(attempt, creates)
    return {
        item.plan.record.id: fault for item, fault in zip(creates, answers, strict=True) if fault is not None
    }
