"""After a write: whether the answer shows what was written, and how the record's link changes. No input or output."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.effects import missing_effects
from shared.domain.intentions import without_intentions_of
from shared.domain.links import Link, RecordError
from shared.domain.send_plan import Family, link_after_send
from shared.domain.work_item import WorkItem
from shared.errors import System, Unavailable
from shared.sending.outcome import Outcome, OutcomeKind, failed, unknown
from shared.sending.record_state import PlannedRecord
from shared.sending.upload_results import UploadResults
from shared.storage.links import StoredClaim, StoredLink


@dataclass(frozen=True)
class NewLink:
    """A link that replaces a claim."""

    claim: StoredClaim
    link: Link


@dataclass(frozen=True)
class ChangedLink:
    """A link that replaces an earlier one."""

    stored: StoredLink
    link: Link


@dataclass(frozen=True)
class SameLink:
    """A link that needs no change."""

    stored: StoredLink

    @property
    def link(self) -> Link:
        """The link."""
        return self.stored.link


LinkChange = NewLink | ChangedLink | SameLink


def verified(outcome: Outcome, item: PlannedRecord, uploads: UploadResults) -> Outcome:
    """The outcome of a write, or an error if the answer does not show what was written. Its status is no proof."""
    if outcome.work_item is None or outcome.kind is OutcomeKind.UNCHANGED or outcome.was_found:
        return outcome
    uploaded = uploads.files_of(item.plan.files.to_upload)
    missing = missing_effects(item.plan, uploaded, outcome.work_item)
    if not missing:
        return outcome
    error = Unavailable(
        System.AZURE_DEVOPS,
        f"Azure DevOps answered with success, but the answer does not show {', '.join(missing)}. Send it again: the "
        "next send checks what was done.",
        outcome_unknown=True,
        evidence={"work_item_id": outcome.work_item.id},
    )
    return unknown(error) if outcome.kind is OutcomeKind.CREATED else failed(error)


def planned_link(
    item: PlannedRecord, work_item: WorkItem, family: Family, uploads: UploadResults, operation_id: str
) -> Link:
    """The link of a record whose work item is now as planned. `family` has the feature's work item by now."""
    plan = replace(item.plan, family=family)
    before = None if item.creates_link else item.state.link
    return link_after_send(plan, before, work_item, uploads.files_of(plan.files.to_upload), operation_id)


def change_to(link: Link, item: PlannedRecord, claim: StoredClaim | None, now: datetime) -> LinkChange | None:
    """How a record gets this link; None if another send holds the claim that a new link needs."""
    stored = item.state.stored
    if item.creates_link:
        return NewLink(claim, replace(link, sent_at=now)) if claim is not None else None
    if stored is None:
        return None
    return SameLink(stored) if link == stored.link else ChangedLink(stored, replace(link, sent_at=now))


def change_after_failure(
    item: PlannedRecord, outcome: Outcome, now: datetime, operation_id: str
) -> ChangedLink | None:
    """The change of the link after a failed update; None if the link does not change.

    The intention of a write that was refused is removed, so that it does not match a person's next edit.
    """
    stored = item.state.stored
    if stored is None or item.plan.creates:
        return None
    link = stored.link
    if outcome.changed_nothing:
        link = without_intentions_of(link, operation_id)
    if outcome.kind is OutcomeKind.FAILED and outcome.error is not None:
        link = replace(
            link, last_error=RecordError(now, outcome.error.code, outcome.error.detail, operation_id)
        )
    return ChangedLink(stored, link) if link != stored.link else None
