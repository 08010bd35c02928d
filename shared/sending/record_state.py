"""The state of one record of a send, and the record with its plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.kind import Kind
from shared.domain.links import Base, Field, Link
from shared.domain.records import Record
from shared.domain.send_plan import RecordPlan
from shared.domain.work_item import WorkItem
from shared.errors import OperationFailed
from shared.storage.links import Loaded, StoredClaim, StoredLink, UnreadableLink


@dataclass(frozen=True)
class RecordState:
    """The state of one record in one round.

    `stored` is its link as it was read, `link` the same with settled intentions; both are None for a record without a
    link. `known_work_item_id` is the work item that its rows name: that of its link, even if the link cannot be read,
    or the one that was deleted when its claim was made. `work_item` is None if there is none, or if it was deleted.
    `base` is set for a work item that an interrupted send created. `is_claimed_elsewhere`: another send is about to
    create its work item. `error`: why nothing is done for the record. Its work item cannot be read, it was unlinked
    during this send, or a defect of this app stopped it.
    """

    record: Record
    stored: StoredLink | None = None
    link: Link | None = None
    work_item: WorkItem | None = None
    base: Mapping[Field, Base] | None = None
    is_claimed_elsewhere: bool = False
    error: OperationFailed | None = None
    known_work_item_id: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether something may be done for the record now."""
        return self.error is None and not self.is_claimed_elsewhere


@dataclass(frozen=True)
class PlannedRecord:
    """A record as it was found, and the plan for it."""

    state: RecordState
    plan: RecordPlan

    @property
    def creates_link(self) -> bool:
        """Whether the record gets a new link, for which it must be claimed."""
        return self.plan.creates or self.state.stored is None

    @property
    def needs_feature(self) -> bool:
        """Whether the work item is put below the feature's."""
        is_requirement = self.plan.record.kind is Kind.REQUIREMENT
        return is_requirement and (self.plan.creates or self.plan.moves_to_parent)

    @property
    def is_incomplete(self) -> bool:
        """Whether a work item would be created from a payload without a name and a description.

        An update needs neither of them: a text that is missing in the payload is left alone.
        """
        return self.plan.creates and self.plan.record.says_nothing


def state_by_rows(record: Record, loaded: Loaded | None, *, is_held_elsewhere: bool) -> RecordState:
    """The state of a record as its rows show it. `is_held_elsewhere`: its claim is another send's."""
    if isinstance(loaded, StoredLink):
        return RecordState(record, loaded, loaded.link, known_work_item_id=loaded.link.work_item_id)
    if isinstance(loaded, UnreadableLink):
        return RecordState(record, known_work_item_id=loaded.work_item_id)
    if not isinstance(loaded, StoredClaim):
        return RecordState(record)
    if is_held_elsewhere:
        return RecordState(record, is_claimed_elsewhere=True)
    # The earlier work item was deleted when the claim was made; it may have been restored since.
    return RecordState(record, known_work_item_id=loaded.claim.work_item_id)


def claimed_elsewhere(states: Mapping[str, RecordState]) -> frozenset[str]:
    """The records whose work items other sends are about to create."""
    return frozenset(key for key, state in states.items() if state.is_claimed_elsewhere)


def name_of(record: Record) -> str:
    """The record in words, for the log."""
    return f"{record.kind.value} {record.reference_or_id}"
