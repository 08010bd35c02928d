"""The result of a send, record by record, and its form in the answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from shared.domain.links import Field, Link
from shared.domain.records import Attachment, Record
from shared.domain.send_plan import RecordPlan
from shared.domain.unfinished_sends import is_left
from shared.domain.work_item import WorkItem
from shared.errors import OperationFailed, TimeSpent
from shared.sending.outcome import Outcome, OutcomeKind
from shared.sending.upload_results import UploadResults, over_limit


class Action(str, Enum):
    """What was done for a record, in the words of the answer. UPLOADED and the last three are also for attachments."""

    CREATED = "created"
    UPDATED = "updated"
    UPLOADED = "uploaded"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    PENDING = "pending"


class Status(str, Enum):
    """The status of the whole send in the answer."""

    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    IN_PROGRESS = "in_progress"


_ACTIONS = {
    OutcomeKind.CREATED: Action.CREATED,
    OutcomeKind.UPDATED: Action.UPDATED,
    OutcomeKind.UNCHANGED: Action.UNCHANGED,
}


@dataclass(frozen=True)
class SentWorkItem:
    """The work item as the answer shows it; `url` is the page that a person opens."""

    id: int
    url: str
    type: str
    revision: int

    @classmethod
    def of(cls, item: WorkItem) -> SentWorkItem:
        """A work item that was read or written."""
        return cls(item.id, item.page_url, item.type, item.revision)

    @classmethod
    def of_link(cls, link: Link) -> SentWorkItem:
        """A work item that cannot be read, with the values of its link."""
        return cls(link.work_item_id, link.work_item_url, link.work_item_type, link.agreed_revision)


@dataclass(frozen=True)
class Conflict:
    """A field that both sides changed: Aha!'s text was written over that of revision `overwritten_revision`."""

    field: Field
    overwritten_revision: int


@dataclass(frozen=True)
class AttachmentResult:
    """The result of one attachment."""

    attachment: Attachment
    action: Action = Action.PENDING
    error: OperationFailed | None = None

    def is_final(self, *, by_timer: bool) -> bool:
        """Whether nothing of it is left to the timer. `by_timer`: the timer runs this send."""
        return self.action is not Action.PENDING and not is_left(self.error, by_timer=by_timer)

    def to_json(self) -> dict[str, Any]:
        """The shape in the answer."""
        return {
            "id": self.attachment.id,
            "file_name": self.attachment.file_name,
            "action": self.action.value,
            "error": _error(self.error),
        }


@dataclass(frozen=True)
class RecordResult:
    """The result of one record so far. It is settled once this send has nothing more to do for it.

    `action` is what the answer says: pending until the record is settled. `done` is what was done to the work item by
    then.
    """

    record: Record
    action: Action = Action.PENDING
    work_item: SentWorkItem | None = None
    error: OperationFailed | None = None
    conflicts: tuple[Conflict, ...] = ()
    attachments: tuple[AttachmentResult, ...] = ()
    is_settled: bool = False
    done: Action | None = None

    def is_final(self, *, by_timer: bool) -> bool:
        """Whether nothing of the record is left to the timer. `by_timer`: the timer runs this send."""
        is_done = self.action is not Action.PENDING and not is_left(self.error, by_timer=by_timer)
        return is_done and all(file.is_final(by_timer=by_timer) for file in self.attachments)

    @property
    def has_effect(self) -> bool:
        """Whether anything was written for the record."""
        is_uploaded = any(file.action is Action.UPLOADED for file in self.attachments)
        return self.done in (Action.CREATED, Action.UPDATED) or is_uploaded

    def written(self, plan: RecordPlan, outcome: Outcome) -> RecordResult:
        """The result after a write. A created work item stays created, whatever this send does to it later."""
        done = _ACTIONS[outcome.kind]
        if self.done is Action.CREATED or (self.done is Action.UPDATED and done is Action.UNCHANGED):
            done = self.done
        before = plan.work_item
        overwritten = [Conflict(name, before.revision) for name in plan.conflicts] if before else []
        work_item = SentWorkItem.of(outcome.work_item) if outcome.work_item else self.work_item
        return replace(self, done=done, work_item=work_item, conflicts=(*self.conflicts, *overwritten))

    def settled(self, plan: RecordPlan, uploads: UploadResults, known_url: str) -> RecordResult:
        """The result of a record that was written and whose link is stored. `known_url`: the page in its link."""
        item = self.work_item
        return replace(
            self,
            action=self.done or Action.UNCHANGED,
            work_item=replace(item, url=item.url or known_url) if item else None,
            error=None,
            attachments=_attachments(plan, uploads),
            is_settled=True,
        )

    def given_up(self, outcome: Outcome, work_item: SentWorkItem | None) -> RecordResult:
        """The result of a record for which this send does nothing more."""
        return replace(
            self,
            action=Action.PENDING if outcome.is_pending else Action.FAILED,
            work_item=work_item or self.work_item,
            error=outcome.error,
            is_settled=True,
        )

    def to_json(self) -> dict[str, Any]:
        """The shape in the answer."""
        item = self.work_item
        return {
            "id": self.record.id,
            "reference_num": self.record.reference,
            "action": self.action.value,
            "work_item": item and {"id": item.id, "url": item.url, "type": item.type, "rev": item.revision},
            "error": _error(self.error),
            "conflicts": [
                {"field": entry.field.value, "kept": "aha", "overwritten_rev": entry.overwritten_revision}
                for entry in self.conflicts
            ],
            "attachments": [entry.to_json() for entry in self.attachments],
        }


@dataclass(frozen=True)
class SendResult:
    """The outcome of a send: the feature's, then its requirements' in their order."""

    feature: RecordResult
    requirements: tuple[RecordResult, ...]
    operation_id: str
    duration_ms: int
    azure_devops_requests: int

    @property
    def status(self) -> Status:
        """In progress while anything is pending, else partial if anything failed."""
        actions = set(_actions((self.feature, *self.requirements)))
        if Action.PENDING in actions:
            return Status.IN_PROGRESS
        return Status.PARTIAL if Action.FAILED in actions else Status.SUCCEEDED

    def is_finished(self, *, by_timer: bool) -> bool:
        """Whether nothing is left to the timer. `by_timer`: the timer runs this send."""
        return all(result.is_final(by_timer=by_timer) for result in (self.feature, *self.requirements))

    @property
    def has_effect(self) -> bool:
        """Whether anything was written."""
        return any(result.has_effect for result in (self.feature, *self.requirements))

    @property
    def failure(self) -> OperationFailed | None:
        """The error of the whole send, if nothing else is known about the feature itself."""
        error = self.feature.error
        is_the_answer = self.feature.work_item is None and not isinstance(error, TimeSpent)
        return error if is_the_answer else None

    def to_json(self) -> dict[str, Any]:
        """The body of the answer."""
        return {
            "status": self.status.value,
            "operation_id": self.operation_id,
            "duration_ms": self.duration_ms,
            "azure_devops_requests": self.azure_devops_requests,
            "feature": self.feature.to_json(),
            "requirements": [result.to_json() for result in self.requirements],
        }


def _attachments(plan: RecordPlan, uploads: UploadResults) -> tuple[AttachmentResult, ...]:
    return tuple(_attachment(item, plan, uploads) for item in plan.record.attachments)


def _attachment(attachment: Attachment, plan: RecordPlan, uploads: UploadResults) -> AttachmentResult:
    if attachment in plan.files.over_limit:
        return AttachmentResult(attachment, Action.FAILED, over_limit())
    error = uploads.failures.get(attachment.id)
    if error is not None:
        return AttachmentResult(
            attachment, Action.PENDING if isinstance(error, TimeSpent) else Action.FAILED, error
        )
    is_uploaded = attachment.id in uploads.files
    return AttachmentResult(attachment, Action.UPLOADED if is_uploaded else Action.UNCHANGED)


def _actions(results: Iterable[RecordResult]) -> Iterable[Action]:
    for result in results:
        yield result.action
        yield from (entry.action for entry in result.attachments)


def _error(error: OperationFailed | None) -> dict[str, str] | None:
    return None if error is None else {"code": error.code, "detail": error.detail}
