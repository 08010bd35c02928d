"""Decide: what a round of a send does with each planned record. No input or output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.kind import Kind
from shared.domain.records import Feature
from shared.errors import InputError, InvalidInput, InvalidRequest, OperationFailed
from shared.sending.outcome import Outcome, failed, unchanged
from shared.sending.progress import Parent, outcome_below
from shared.sending.record_state import PlannedRecord


@dataclass(frozen=True)
class Round:
    """What one round does, by Aha! id. A record that is in neither waits until another sender has finished.

    `outcomes`: the outcomes of records that need no request. `to_write`: the records to write.
    """

    outcomes: Mapping[str, Outcome]
    to_write: Mapping[str, PlannedRecord]


def decide_round(planned: Mapping[str, PlannedRecord], parent: Parent) -> Round:
    """Sort the planned records of a round. `parent` is the feature, as it was just read."""
    outcomes = {
        key: outcome for key, item in planned.items() if (outcome := _outcome(item, parent)) is not None
    }
    to_write = {key: item for key, item in planned.items() if key not in outcomes}
    return Round(outcomes, without_blocked(to_write, parent))


def without_blocked(to_write: Mapping[str, PlannedRecord], parent: Parent) -> dict[str, PlannedRecord]:
    """Without the records that need the feature's work item, if another sender is about to create it."""
    is_written_here = any(item.plan.record.kind is Kind.FEATURE for item in to_write.values())
    if is_written_here or parent.work_item_id is not None:
        return dict(to_write)
    return {key: item for key, item in to_write.items() if not item.needs_feature}


def check_feature_is_complete(
    feature: Feature, integration_id: str, planned: Mapping[str, PlannedRecord]
) -> None:
    """Raises InvalidRequest if a work item would be created for a feature without a name and a description."""
    item = planned.get(feature.record.id)
    if item is None or not item.is_incomplete:
        return
    name = feature.record.reference_or_id
    detail = (
        f"is missing, and so is the description. {name} has no work item yet, and a new one needs one of them. Send "
        f"the whole event of Aha!, or POST to /api/integrations/{integration_id}/features/{name} without a body: the "
        "app then reads the feature from Aha!"
    )
    raise InvalidRequest([InputError("/feature/name", detail)])


def _outcome(item: PlannedRecord, parent: Parent) -> Outcome | None:
    """The outcome of a record that needs no write; None if it needs one."""
    if item.is_incomplete:
        return failed(_incomplete(item))
    if item.needs_feature and parent.obstacle is not None:
        return outcome_below(parent.obstacle, item.plan.record)
    if item.plan.work_item is not None and not item.plan.writes:
        return unchanged(item.plan.work_item)
    return None


def _incomplete(item: PlannedRecord) -> OperationFailed:
    record = item.plan.record
    return InvalidInput(
        f"{record.reference_or_id} has no work item yet, and the payload has neither its name nor its "
        "description. Send it with at least one of them."
    )
