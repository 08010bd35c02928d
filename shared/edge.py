"""The HTTP edge: the one module that knows azure.functions, and the one place that turns errors into answers.

A function folder reads what it needs from a `Call` and returns an `Answer`; `respond` does the rest.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any
from urllib.parse import urlsplit

import azure.functions as func

from shared.errors import (
    BodyTooLarge,
    FeatureBusy,
    InputError,
    IntegrationDisabled,
    IntegrationIncomplete,
    IntegrationNotFound,
    InvalidInput,
    InvalidJson,
    InvalidRequest,
    OperationFailed,
    PreconditionFailed,
    ProductTaken,
    Refused,
    Unavailable,
)
from shared.operation import Operation

logger = logging.getLogger(__name__)

LARGEST_BODY = 10 * 1024 * 1024
_DEFAULT_RETRY_AFTER_SECONDS = 15

STATUSES: tuple[tuple[type[OperationFailed], int], ...] = (
    (BodyTooLarge, 413),
    (InvalidInput, 400),
    (IntegrationNotFound, 404),
    (IntegrationDisabled, 409),
    (IntegrationIncomplete, 409),
    (ProductTaken, 409),
    (FeatureBusy, 409),
    (PreconditionFailed, 412),
    (Refused, 422),
    (Unavailable, 503),
    (OperationFailed, 500),
)
"""The status of each error: the first class that fits."""


@dataclass(frozen=True)
class Call:
    """A request, as the function folders see it. Header names in lower case; `path` is that of its address."""

    method: str
    path: str
    route: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, request: func.HttpRequest) -> Call:
        """Read the platform's request."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        return cls(
            request.method.upper(),
            urlsplit(request.url).path,
            request.route_params,
            request.params,
            headers,
            request.get_body() or b"",
        )

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            BodyTooLarge: it is over 10 MiB.
            InvalidJson: it is empty, no JSON, or not in UTF-8.
        """
        if len(self.body) > LARGEST_BODY:
            raise BodyTooLarge("The body is over 10 MiB.")
        if not self.body and "chunked" in self.headers.get("transfer-encoding", "").lower():
            # The Functions host hands on the body of a request with Content-Length only.
            raise InvalidJson("The body did not arrive: send it with a Content-Length, not in chunks.")
        try:
            return json.loads(self.body.decode("utf-8-sig"), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise InvalidJson(f"The body is not JSON in UTF-8: {_position(error)}.") from None

    def flag(self, name: str) -> bool:
        """A query parameter that is true, false or left out. Raises InvalidRequest for anything else."""
        value = self.query.get(name, "false").lower()
        if value not in ("true", "false"):
            raise invalid_parameter(name, "must be true or false")
        return value == "true"


@dataclass(frozen=True)
class Answer:
    """What a function answers: a status and a body, none where it is None.

    A body of bytes is sent as it is, with the Content-Type in `headers`; any other is JSON.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Call, Operation], Answer]


def respond(
    request: func.HttpRequest,
    handler: Handler,
    *,
    budget_seconds: Callable[[], float],
    status_of: Callable[[OperationFailed], int] | None = None,
) -> func.HttpResponse:
    """Run a handler within an operation of its own, and turn whatever comes out into an HTTP answer.

    `status_of` overrules the table of statuses, for a caller that reads them in its own way.
    """
    try:
        operation = Operation.start(budget_seconds())
    except OperationFailed as error:
        return _problem(error, Operation.start(0), (status_of or status_for)(error))
    try:
        answer = handler(Call.of(request), operation)
        response = _response(answer, operation)
    except OperationFailed as error:
        _note_failure(operation, error)
        response = _problem(error, operation, (status_of or status_for)(error))
    except Exception as error:
        logger.exception("A defect ended operation %s", operation.id)
        operation.journal.error(
            "operation.defect",
            f"A defect of this app ended the operation: {type(error).__name__}. The app's own log has the trace.",
        )
        failure = OperationFailed(
            f"This is a defect of the app. Its log has the details under operation {operation.id}."
        )
        response = _problem(failure, operation, (status_of or status_for)(failure))
    finally:
        operation.journal.flush()
    return response


def status_for(error: OperationFailed) -> int:
    """The HTTP status of an error."""
    return next(status for kind, status in STATUSES if isinstance(error, kind))


def retry_after(seconds: float | None) -> dict[str, str]:
    """A Retry-After header: whole seconds, at least one."""
    return {
        "Retry-After": str(max(1, ceil(seconds if seconds is not None else _DEFAULT_RETRY_AFTER_SECONDS)))
    }


def invalid_parameter(name: str, detail: str) -> InvalidRequest:
    """The error for a query or route parameter."""
    return InvalidRequest([InputError(f"/{name}", detail)])


def _note_failure(operation: Operation, error: OperationFailed) -> None:
    if not isinstance(error, IntegrationNotFound):
        operation.journal.error("operation.failed", error.detail, code=error.code, **error.evidence)


def _response(answer: Answer, operation: Operation) -> func.HttpResponse:
    headers = {"x-operation-id": operation.id, "Cache-Control": "no-store", **answer.headers}
    if answer.body is None or isinstance(answer.body, bytes):
        mimetype = headers.pop("Content-Type", None)
        return func.HttpResponse(
            answer.body or b"", status_code=answer.status, headers=headers, mimetype=mimetype
        )
    return func.HttpResponse(
        _encode(answer.body), status_code=answer.status, headers=headers, mimetype="application/json"
    )


def _problem(error: OperationFailed, operation: Operation, status: int) -> func.HttpResponse:
    """An error as RFC 9457 has it."""
    body: dict[str, Any] = {
        "type": f"urn:aha-azure-devops:{error.code}",
        "title": error.title,
        "status": status,
        "detail": error.detail,
        "code": error.code,
        "operation_id": operation.id,
    }
    if isinstance(error, InvalidRequest):
        body["errors"] = [{"pointer": one.pointer, "detail": one.detail} for one in error.errors]
    headers = {"x-operation-id": operation.id, "Cache-Control": "no-store"}
    if isinstance(error, FeatureBusy | Unavailable) or status == 503:
        headers |= retry_after(error.retry_after)
    return func.HttpResponse(
        _encode(body), status_code=status, headers=headers, mimetype="application/problem+json"
    )


def _encode(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _position(error: Exception) -> str:
    """Where the JSON is broken, without quoting the body: it may hold a token."""
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}"
    return "it cannot be read"
