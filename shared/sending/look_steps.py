"""Common parts of the look step: read work items, and run a step for each record on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from shared.domain.present_description import AgreedDescription, described
from shared.domain.work_item import WorkItem
from shared.errors import OperationFailed
from shared.isolation import isolated, of_record
from shared.sending.context import SendContext
from shared.sending.record_state import RecordState, name_of

States = dict[str, RecordState]
"""The state of each record, by its id."""


def read_work_items(ids: Iterable[int], context: SendContext) -> dict[int, WorkItem]:
    """The work items with these ids, as far as they can be read."""
    wanted = sorted(set(ids))
    return context.azure_devops.work_items(wanted) if wanted else {}


def with_work_item(state: RecordState, item: WorkItem, context: SendContext) -> RecordState:
    """The state with its work item and the current description."""
    agreed = AgreedDescription.of(state.link) if state.link else None
    return replace(state, work_item=described(item, context.integration.description_field(item.type), agreed))


def each_record(
    step: Callable[[RecordState], RecordState],
    states: Sequence[RecordState],
    context: SendContext,
    run: Callable[..., Iterable[Any]] = map,
) -> States:
    """The states after a step. A defect stops only its record."""
    outcomes = run(isolated(step, context.operation, name_of_state), states)
    return {state.record.id: _after(state, outcome) for state, outcome in zip(states, outcomes, strict=True)}


def _after(state: RecordState, outcome: RecordState | OperationFailed) -> RecordState:
    kept = of_record(outcome)
    return kept if isinstance(kept, RecordState) else replace(state, error=kept)


def name_of_state(state: RecordState) -> str:
    """The record in words, for the log."""
    return name_of(state.record)
