"""Records as a look found them, with the plans for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shared.domain.records import Record
from shared.domain.send_plan import Family
from shared.domain.work_item import WorkItem
from shared.sending.record_state import PlannedRecord, RecordState
from shared.storage.links import StoredLink
from tests.unit.examples import a_link, a_record, a_requirement, a_work_item, parent_relation, planned

FEATURE, REQUIREMENT = a_record(), a_requirement()
ITEM = a_work_item()
"""The feature's work item, 12."""
CHILD = a_work_item(id=20, type="User Story", relations=(parent_relation(12),))
"""The requirement's work item, below the feature's."""


def linked(record: Record = FEATURE, item: WorkItem = ITEM, **changes: Any) -> RecordState:
    """A record with a link and its work item."""
    link = a_link(record, item, **changes)
    return RecordState(record, StoredLink(link, "etag"), link, item)


def linked_child(**changes: Any) -> RecordState:
    """The requirement, linked below the feature."""
    below = {"parent_aha_id": FEATURE.id, "parent_work_item_id": 12}
    return linked(REQUIREMENT, CHILD, **{**below, **changes})


def child_below(parent_id: int) -> RecordState:
    """The requirement, whose work item an engineer put below another parent."""
    state = linked_child()
    return replace(state, work_item=replace(CHILD, relations=(parent_relation(parent_id),)))


def moved_child() -> RecordState:
    """The requirement, which moved in Aha! from another feature to this one. Its work item is still below the other."""
    state = linked_child(parent_aha_id="elsewhere", parent_work_item_id=11)
    return replace(state, work_item=replace(CHILD, relations=(parent_relation(11),)))


def new(record: Record) -> RecordState:
    """A record that was never sent."""
    return RecordState(record)


def plan(state: RecordState, feature_work_item_id: int | None = 12) -> PlannedRecord:
    """A record with its plan."""
    is_feature = state.record.id == FEATURE.id
    family = Family(requirement_ids=()) if is_feature else Family(FEATURE.id, feature_work_item_id)
    return PlannedRecord(state, planned(state.record, state.link, state.work_item, family))


def renamed(state: RecordState) -> RecordState:
    """The same record after somebody renamed it in Aha!."""
    return replace(state, record=replace(state.record, name="Find colours"))
