"""What a send did, record by record, and how the answer shows it."""

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
    """What the answer says was done for a record, or (the last three, and UPLOADED) for an attachment."""

    CREATED = "created"
    UPDATED = "updated"
    UPLOADED = "uploaded"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    PENDING = "pending"


class Status(str, Enum):
    """What the answer says of the send as a whole."""

    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    IN_PROGRESS = "in_progress"


_DONE = {
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
    def of(cls, item: WorkItem, known_url: str = "") -> SentWorkItem:
        """`known_url` is used if Azure DevOps did not say where the page is."""
        return cls(item.id, item.page_url or known_url, item.type, item.revision)

    @classmethod
    def of_link(cls, link: Link) -> SentWorkItem:
        """A work item that cannot be read, as the link knows it."""
        return cls(link.work_item_id, link.work_item_url, link.work_item_type, link.agreed_revision)


@dataclass(frozen=True)
class Conflict:
    """A field that both sides changed: Aha!'s text was written over that of revision `overwritten_revision`."""

    field: Field
    overwritten_revision: int


@dataclass(frozen=True)
class AttachmentResult:
    """What became of one attachment."""

    attachment: Attachment
    action: Action = Action.PENDING
    error: OperationFailed | None = None

    def is_final(self, *, by_timer: bool) -> bool:
        """Whether nothing of it is left to the timer, which runs this send itself (`by_timer`) or does not."""
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
    """What became of one record so far. It is settled once this send has nothing more to do for it."""

    record: Record
    action: Action = Action.PENDING
    work_item: SentWorkItem | None = None
    error: OperationFailed | None = None
    conflicts: tuple[Conflict, ...] = ()
    attachments: tuple[AttachmentResult, ...] = ()
    is_settled: bool = False

    def is_final(self, *, by_timer: bool) -> bool:
        """Whether nothing of the record is left to the timer, which runs this send itself (`by_timer`) or does not."""
        is_done = self.action is not Action.PENDING and not is_left(self.error, by_timer=by_timer)
        return is_done and all(file.is_final(by_timer=by_timer) for file in self.attachments)

    def noted(self, plan: RecordPlan, outcome: Outcome) -> RecordResult:
        """The result once a write was done. A created work item stays created, whatever this send does to it later."""
        action = _DONE[outcome.kind]
        if self.action is Action.CREATED or (self.action is Action.UPDATED and action is Action.UNCHANGED):
            action = self.action
        before = plan.work_item
        overwritten = [Conflict(name, before.revision) for name in plan.conflicts] if before else []
        return replace(self, action=action, conflicts=(*self.conflicts, *overwritten))

    def settled(
        self, plan: RecordPlan, item: WorkItem, uploads: UploadResults, known_url: str
    ) -> RecordResult:
        """The result of a record whose work item is as planned, and whose link says so."""
        return replace(
            self,
            work_item=SentWorkItem.of(item, known_url),
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
        """Whether nothing is left to the timer, which runs this send itself (`by_timer`) or does not."""
        return all(result.is_final(by_timer=by_timer) for result in (self.feature, *self.requirements))

    @property
    def has_effect(self) -> bool:
        """Whether anything was written."""
        written = {Action.CREATED, Action.UPDATED, Action.UPLOADED}
        return not written.isdisjoint(_actions((self.feature, *self.requirements)))

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
