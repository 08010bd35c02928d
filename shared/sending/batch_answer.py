"""What the answer to a `$batch` says about each of its operations.

`$batch` is documented as independent operations and was observed as all-or-nothing, and once as HTTP 200 with fewer
answers than requests (MicrosoftDocs/vsts-rest-api-specs issues 59, 121, 564). So an answer is valid only if it has one
entry for each request, and a success only if its entry has a work item.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.clients.azure_devops_error_body import ErrorBody
from shared.clients.azure_devops_errors import error_for
from shared.domain.foreign_answers import WHOLE_BATCH_FAILED
from shared.domain.subject import Subject
from shared.domain.work_item import WorkItem
from shared.errors import OperationFailed, Unavailable


@dataclass(frozen=True)
class SiblingFailed:
    """The operation was not carried out because another one of the batch failed."""


@dataclass(frozen=True)
class OwnFault:
    """The operation itself failed. `names_fields`: the error names a field, so a field's value is at fault."""

    error: OperationFailed
    names_fields: bool

    @property
    def may_pass(self) -> bool:
        """Whether the operation may still have been carried out, or may succeed if it is sent again."""
        return isinstance(self.error, Unavailable)


OperationResult = WorkItem | SiblingFailed | OwnFault


@dataclass(frozen=True)
class BatchAnswer:
    """The result of each operation of a batch, in order; None if the answer does not have all results."""

    results: Sequence[OperationResult] | None


def read_answer(body: Any, subjects: Sequence[Subject]) -> list[OperationResult] | None:
    """One entry for each operation, in order; None if the answer does not have the result of each.

    `subjects`: what each operation is about.
    """
    expected = len(subjects)
    listed = body.get("value") if isinstance(body, Mapping) else None
    if not isinstance(listed, list) or len(listed) != expected:
        return None
    entries = [_entry(item, subject) for item, subject in zip(listed, subjects, strict=True)]
    readable = [entry for entry in entries if entry is not None]
    return readable if len(readable) == expected else None


def _entry(item: Any, subject: Subject) -> OperationResult | None:
    """The result of one operation; None if the entry has none, or shows a success without a work item."""
    code = item.get("code") if isinstance(item, Mapping) else None
    content = item.get("body") if isinstance(item, Mapping) else None
    if not isinstance(code, int):
        return None
    if 200 <= code < 300:
        try:
            return WorkItem.from_payload(_json_object(content))
        except (ValueError, TypeError, AttributeError):
            return None
    error = ErrorBody.from_batch_entry(content)
    if error.has_code(WHOLE_BATCH_FAILED):
        return SiblingFailed()
    return OwnFault(error_for(code, error, subject), bool(error.fields))


def _json_object(content: Any) -> Mapping[str, Any]:
    """The body of an entry: a JSON text; one official sample shows an object. Anything else is an empty object."""
    value = json.loads(content) if isinstance(content, str) else content
    return value if isinstance(value, Mapping) else {}
