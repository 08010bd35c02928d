"""What a send did, record by record, and how the answer says it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from shared.domain.links import Field
from shared.domain.records import Attachment, Record
from shared.errors import OperationFailed


class Action(str, Enum):
    """What became of a record, or (the last three, and UPLOADED) of an attachment."""

    CREATED = "created"
    UPDATED = "updated"
    UPLOADED = "uploaded"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    PENDING = "pending"


class Status(str, Enum):
    """What became of the send as a whole."""

    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    IN_PROGRESS = "in_progress"


@dataclass(frozen=True)
class SentWorkItem:
    """The work item as the answer shows it; `url` is the page a person opens."""

    id: int
    url: str
    type: str
    revision: int


@dataclass(frozen=True)
class Conflict:
    """A field that both sides changed: Aha!'s value was written over revision `overwritten_revision`."""

    field: Field
    overwritten_revision: int


@dataclass
class AttachmentResult:
    """What became of one attachment."""

    attachment: Attachment
    action: Action = Action.PENDING
    error: OperationFailed | None = None

    def to_json(self) -> dict[str, Any]:
        """The shape in the answer."""
        return {
            "id": self.attachment.id,
            "file_name": self.attachment.file_name,
            "action": self.action.value,
            "error": _error(self.error),
        }


@dataclass
class RecordResult:
    """What became of one record so far; a record that nothing was done for yet is pending."""

    record: Record
    action: Action = Action.PENDING
    work_item: SentWorkItem | None = None
    error: OperationFailed | None = None
    conflicts: list[Conflict] = field(default_factory=list)
    attachments: dict[str, AttachmentResult] = field(default_factory=dict)
    is_settled: bool = False

    def note(self, action: Action) -> None:
        """Note what was done. What was created stays so, whatever is done to it afterwards in the same send."""
        if self.action is Action.CREATED or (self.action is Action.UPDATED and action is Action.UNCHANGED):
            return
        self.action = action

    def settle(self, action: Action) -> None:
        """Note the outcome: there is nothing more to do."""
        self.note(action)
        self.error = None
        self.is_settled = True

    def fail(self, action: Action, error: OperationFailed) -> None:
        """Note that there is nothing more to do now, and why it is not done: FAILED or PENDING."""
        self.action = action
        self.error = error
        self.is_settled = True

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
            "attachments": [entry.to_json() for entry in self.attachments.values()],
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


def _actions(results: Iterable[RecordResult]) -> Iterable[Action]:
    for result in results:
        yield result.action
        yield from (entry.action for entry in result.attachments.values())


def _error(error: OperationFailed | None) -> dict[str, str] | None:
    return None if error is None else {"code": error.code, "detail": error.detail}
