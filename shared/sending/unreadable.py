"""Work items that a send could not read: which were deleted, and which are only not visible."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from shared.clients.azure_devops import AzureDevOps
from shared.domain.absence import named_out_of_sight, out_of_sight
from shared.sending.record_state import RecordState


def states_of_unreadable(
    states: Mapping[str, RecordState], readable: Collection[int], azure_devops: AzureDevOps, project: str
) -> dict[str, RecordState]:
    """The states of records whose work items are not visible, with that error.

    A record whose work item was deleted is left out: it gets a new one. `readable` are the work items that were read.
    """
    absent = unreadable_work_items(states, readable)
    if not absent:
        return {}
    deleted = azure_devops.recycle_bin.deleted_of(project, sorted(set(absent.values())))
    return {
        record_id: _out_of_sight(states[record_id], work_item_id, project)
        for record_id, work_item_id in absent.items()
        if work_item_id not in deleted
    }


def unreadable_work_items(states: Mapping[str, RecordState], readable: Collection[int]) -> dict[str, int]:
    """The work items that links and claims name and that could not be read, by Aha! id."""
    return {
        record_id: state.known_work_item_id
        for record_id, state in states.items()
        if state.known_work_item_id is not None
        and state.known_work_item_id not in readable
        and state.work_item is None
        and state.error is None
    }


def _out_of_sight(state: RecordState, work_item_id: int, project: str) -> RecordState:
    if state.link is not None:
        return replace(state, error=out_of_sight(state.link, project))
    name = state.record.reference_or_id
    return replace(state, error=named_out_of_sight(name, work_item_id, project))
