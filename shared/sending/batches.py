"""Batches of work item writes, and what their answers can be believed to say.

`$batch` is documented as independent operations and observed as all-or-nothing, once as HTTP 200 with fewer answers
than requests (MicrosoftDocs/vsts-rest-api-specs issues 59, 121, 564). So an answer counts only if it has one entry a
request, and an entry only if it has a work item in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.clients.azure_devops_errors import Fault, error_for
from shared.domain.patches import PatchDocument, with_parent
from shared.domain.work_item import WorkItem
from shared.errors import OperationFailed

MOST_OPERATIONS = 50
_WHOLE_BATCH_FAILED = "TF401321"


@dataclass(frozen=True)
class Write:
    """One work item to create (`work_item_id` is None) or to change.

    `goes_below_feature` adds the parent link, to a work item that may itself only be created by the same batch.
    """

    record_id: str
    work_item_type: str
    work_item_id: int | None
    document: PatchDocument
    goes_below_feature: bool = False
    is_feature: bool = False

    @property
    def creates(self) -> bool:
        """Whether a work item is created."""
        return self.work_item_id is None

    def document_below(self, parent_url: str | None) -> PatchDocument:
        """The document, with the parent link if it wants one."""
        if not self.goes_below_feature or parent_url is None:
            return self.document
        return with_parent(self.document, parent_url)


@dataclass(frozen=True)
class SiblingFailed:
    """The operation itself was in order, but the batch was refused because of another one."""


@dataclass(frozen=True)
class OwnFault:
    """The operation named a fault of its own. `names_fields`: the fault is certainly in a field's value."""

    error: OperationFailed
    names_fields: bool


Entry = WorkItem | SiblingFailed | OwnFault


def read_answer(body: Any, expected: int, account_name: str) -> list[Entry] | None:
    """One entry an operation, in their order; None where the answer cannot be believed."""
    listed = body.get("value") if isinstance(body, Mapping) else None
    if not isinstance(listed, list) or len(listed) != expected:
        return None
    entries = [_entry(item, account_name) for item in listed]
    readable = [entry for entry in entries if entry is not None]
    return readable if len(readable) == expected else None


def _entry(item: Any, account_name: str) -> Entry | None:
    """What became of one operation; None where the entry does not say, or says success and shows no work item."""
    code = item.get("code") if isinstance(item, Mapping) else None
    content = item.get("body") if isinstance(item, Mapping) else None
    if not isinstance(code, int):
        return None
    # The body is a JSON text; one official sample prints it as an object.
    if isinstance(content, str):
        try:
            content = json.loads(content)
        except ValueError:
            content = {"message": content}
    if 200 <= code < 300:
        try:
            return WorkItem.from_payload(content if isinstance(content, Mapping) else {})
        except ValueError:
            return None
    fault = Fault.from_body(content)
    if fault.is_about(_WHOLE_BATCH_FAILED):
        return SiblingFailed()
    return OwnFault(error_for(code, fault, account_name, ""), bool(fault.fields))


def in_batches(writes: Sequence[Write]) -> list[Sequence[Write]]:
    """The writes in groups that one batch can hold."""
    return [writes[start : start + MOST_OPERATIONS] for start in range(0, len(writes), MOST_OPERATIONS)]
