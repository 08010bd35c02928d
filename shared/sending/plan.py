"""Plan: what to write for each record, by the rules of `shared.domain.send_plan`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from shared.domain.send_plan import plan_record
from shared.errors import OperationFailed
from shared.isolation import isolated
from shared.sending.context import SendContext
from shared.sending.progress import Progress
from shared.sending.record_state import PlannedRecord, RecordState, name_of


def plan_records(
    states: Mapping[str, RecordState], progress: Progress, context: SendContext
) -> tuple[dict[str, PlannedRecord], list[RecordState]]:
    """The plans of the records that are not left to another send, and the states of those that cannot be planned."""

    def plan(state: RecordState) -> PlannedRecord:
        mapping = context.integration.mapping(state.record.kind)
        return PlannedRecord(
            state,
            plan_record(
                state.record,
                state.link,
                state.work_item,
                progress.family_of(state.record.kind),
                now=now,
                base=state.base,
                images=context.images,
                description_field=context.integration.description_field(mapping.work_item_type),
            ),
        )

    now = context.clock.now()
    attempt = isolated(plan, context.operation, lambda state: name_of(state.record))
    planned: dict[str, PlannedRecord] = {}
    failed: list[RecordState] = []
    for key, state in states.items():
        if state.error is not None:
            failed.append(state)
        elif not state.is_claimed_elsewhere:
            item = attempt(state)
            if isinstance(item, OperationFailed):
                failed.append(replace(state, error=item))
            else:
                planned[key] = item
    return planned, failed
