"""What became of the attachments of a send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.domain.files import MOST_FILES
from shared.domain.links import AttachedFile
from shared.domain.records import Attachment
from shared.errors import OperationFailed, RuleViolation, System


@dataclass(frozen=True)
class Uploads:
    """What became of each attachment, by its Aha! id."""

    files: Mapping[str, AttachedFile]
    failures: Mapping[str, OperationFailed]

    def joined_by(self, more: Uploads) -> Uploads:
        """These and further ones."""
        return Uploads({**self.files, **more.files}, {**self.failures, **more.failures})

    def files_of(self, attachments: Sequence[Attachment]) -> dict[str, AttachedFile]:
        """Those of some attachments that were uploaded, by id."""
        return {item.id: self.files[item.id] for item in attachments if item.id in self.files}


def over_limit() -> RuleViolation:
    """The failure of an attachment for which the work item has no room."""
    return RuleViolation(
        System.AZURE_DEVOPS,
        f"A work item holds {MOST_FILES} attachments at most. Remove some that are not needed, then send again.",
    )
