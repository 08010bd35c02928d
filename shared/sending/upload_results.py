"""The results of the attachments of a send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.domain.files import MOST_FILES
from shared.domain.links import AttachedFile
from shared.domain.records import Attachment
from shared.errors import OperationFailed, RuleViolation, System


@dataclass(frozen=True)
class UploadResults:
    """The uploaded file or the failure of each attachment, by its Aha! id."""

    files: Mapping[str, AttachedFile] = field(default_factory=dict)
    failures: Mapping[str, OperationFailed] = field(default_factory=dict)

    def with_more(self, more: UploadResults) -> UploadResults:
        """These and further ones."""
        return UploadResults({**self.files, **more.files}, {**self.failures, **more.failures})

    def files_of(self, attachments: Sequence[Attachment]) -> dict[str, AttachedFile]:
        """The uploaded files among these attachments, by id."""
        return {item.id: self.files[item.id] for item in attachments if item.id in self.files}


def over_limit() -> RuleViolation:
    """The failure of an attachment that would exceed the work item's limit."""
    return RuleViolation(
        System.AZURE_DEVOPS,
        f"A work item holds at most {MOST_FILES} attachments. Remove some that are not needed, then send again.",
    )
