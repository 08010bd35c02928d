"""Reading of JSON Patch documents for work items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.azure_devops.answers import ServiceError

MEDIA_TYPE = "application/json-patch+json"
_OPERATIONS = ("add", "replace", "remove", "test")
_ROOTS = ("fields", "relations", "rev", "id", "multilineFieldsFormat")


@dataclass(frozen=True)
class Operation:
    """One operation; `path` is its JSON Pointer, `segments` the pointer taken apart."""

    op: str
    path: str
    segments: tuple[str, ...]
    value: Any = None


def invalid_document(
    message: str = "You must pass a valid patch document in the body of the request.",
) -> ServiceError:
    """400 VssPropertyValidationException."""
    return ServiceError(
        400, message, "VssPropertyValidationException", namespace="Microsoft.VisualStudio.Services.Common"
    )


def failed_operation(message: str, status: int = 400) -> ServiceError:
    """400 PatchOperationFailedException."""
    return ServiceError(
        status,
        message,
        "PatchOperationFailedException",
        event_id=3200,
        namespace="Microsoft.VisualStudio.Services.WebApi.Patch",
    )


def failed_test(path: str, actual: Any, tested: Any) -> ServiceError:
    """412: a `test` did not hold; the message carries the current value."""
    return ServiceError(
        412,
        f"VS403351: Test Operation for path {path} failed, value {actual} was not equal to test value {tested}.",
        "TestPatchOperationFailedException",
        event_id=3200,
        namespace="Microsoft.VisualStudio.Services.WebApi.Patch",
    )


def check_media_type(content_type: str, method: str) -> None:
    """Raises 400 unless the body is declared as JSON Patch."""
    media_type = content_type.partition(";")[0].strip().casefold()
    if media_type != MEDIA_TYPE:
        raise ServiceError(
            400,
            f'The request indicated a Content-Type of "{media_type}" for method type "{method}" which is not '
            f"supported. Valid content types for this method are: {MEDIA_TYPE}.",
            "VssRequestContentTypeNotSupportedException",
            namespace="Microsoft.VisualStudio.Services.WebApi",
        )


def read_document(document: Any) -> list[Operation]:
    """The operations of a patch document. Raises 400 if it is not one, or is empty."""
    if not isinstance(document, list) or not document:
        raise invalid_document()
    return [_read_operation(entry) for entry in document]


def _read_operation(entry: Any) -> Operation:
    if not isinstance(entry, dict):
        raise invalid_document()
    op, path = entry.get("op"), entry.get("path")
    if not isinstance(op, str) or op.casefold() not in _OPERATIONS:
        raise invalid_document("Invalid patch operation specified.")
    if not isinstance(path, str) or not path.startswith("/"):
        raise invalid_document("Path cannot be null or empty, and must start with a /.")
    segments = tuple(part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/"))
    root = next((name for name in _ROOTS if name.casefold() == segments[0].casefold()), None)
    if root is None or not all(segments):
        raise failed_operation(f"The path {path} is not valid for a work item.")
    operation = op.casefold()
    if operation != "remove" and "value" not in entry:
        raise invalid_document("Value cannot be null.")
    return Operation(operation, path, (root, *segments[1:]), entry.get("value"))
