"""The HTTP edge: the one module that knows azure.functions, and the one place that turns errors into answers.

A function folder says how to find what a call is about and how to answer it; `respond` and `respond_about` do the rest.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import ceil
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import azure.functions as func

from shared import log_events
from shared.concurrency import working_for
from shared.errors import (
    Defect,
    FeatureBusy,
    InputError,
    IntegrationNotFound,
    InvalidRequest,
    OperationFailed,
    TooBusy,
    Unavailable,
    shortened,
)
from shared.json_body import read_json
from shared.operation import Caller, Operation
from shared.operation_line import End, write_line
from shared.operation_log import LogSink
from shared.operation_outcome import OperationKind
from shared.prefer import wait_seconds
from shared.statuses import CALLERS_MISTAKES, status_for

logger = logging.getLogger(__name__)

_DEFAULT_RETRY_AFTER_SECONDS = 15
_LONGEST_DETAIL = 4000

_FOR_BROWSERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""An answer may show a webhook URL, so no cache keeps it, and no browser treats it as a page or a script."""


@dataclass(frozen=True)
class Call:
    """A request, as the function folders see it. Header names are in lower case; `path` has no query."""

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
            BodyTooLarge: it is over 10 MiB, or it has more values than a feature can have.
            InvalidJson: it is empty, not valid JSON, or not in UTF-8.
        """
        return self._parsed

    @cached_property
    def _parsed(self) -> Any:
        """A call that finds its subject by the body parses the body once."""
        return read_json(self.body, self.headers.get("transfer-encoding", ""))

    def refuse_body(self) -> None:
        """Raises InvalidRequest if the request has a body."""
        if self.body.strip():
            raise InvalidRequest([InputError("", "must be left out: the address names the feature")])

    def wait_seconds(self) -> int | None:
        """How long the caller is willing to wait, by `Prefer: wait=N`; None if the header is missing."""
        return wait_seconds(self.headers.get("prefer", ""))

    def flag(self, name: str) -> bool:
        """A query parameter that is true or false; false if it is left out. Raises InvalidRequest for anything else."""
        value = self.query.get(name, "false").lower()
        if value not in ("true", "false"):
            raise invalid_parameter(name, "must be true or false")
        return value == "true"


@dataclass(frozen=True)
class Answer:
    """What a function answers. There is no body where `body` is None.

    A body of bytes is sent unchanged, with the Content-Type in `headers`. Any other body is sent as JSON. `result` and
    `reason` give the result of the call for the operation's line.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    result: str = ""
    reason: str = ""


Found = TypeVar("Found")
FoundNow = TypeVar("FoundNow", covariant=True)


@dataclass(frozen=True)
class Subject(Generic[FoundNow]):
    """What a call is about, and the log that the call is written to. `log` is None for a call without a log.

    `integration_id` is empty for a call that is about no integration.
    """

    found: FoundNow
    log: LogSink | None = None
    integration_id: str = ""


def caller_of(context: func.Context | None, headers: Mapping[str, str]) -> Caller:
    """The function that is called, and the trace of the call.

    If the platform takes part in the trace, its span is between those of the caller and the function.
    """
    name, trace = (context.function_name, context.trace_context) if context is not None else ("", None)
    if trace is not None and trace.trace_parent:
        return Caller(name, trace.trace_parent, trace.trace_state or "")
    return Caller(name, headers.get("traceparent", ""), headers.get("tracestate", ""))


def respond(
    request: func.HttpRequest,
    handler: Callable[[Call, Operation], Answer],
    *,
    context: func.Context | None = None,
    budget_seconds: Callable[[], float],
    status_of: Callable[[OperationFailed], int] = status_for,
) -> func.HttpResponse:
    """Answer a call that is about no integration. It is written to no integration's log."""
    return respond_about(
        request,
        lambda call: Subject(None),
        lambda call, operation, _: handler(call, operation),
        context=context,
        budget_seconds=budget_seconds,
        status_of=status_of,
    )


def respond_about(
    request: func.HttpRequest,
    find: Callable[[Call], Subject[Found]],
    handler: Callable[[Call, Operation, Found], Answer],
    *,
    context: func.Context | None = None,
    admit: Callable[[Call], AbstractContextManager[None]] = lambda call: nullcontext(),
    budget_seconds: Callable[[], float],
    kind: Callable[[Call], OperationKind | None] = lambda call: None,
    status_of: Callable[[OperationFailed], int] = status_for,
) -> func.HttpResponse:
    """Find what a call is about, run the handler as one operation, and turn any error into an HTTP answer.

    What the operation did, and its failure, is written to the log of the subject. If `find` raises, for example because
    the integration does not exist, nothing is written.

    Args:
        context: the platform's context of the call, for the threads that the operation starts.
        admit: the context in which the operation runs. It raises TooBusy if the worker is full.
        budget_seconds: how long the operation may take.
        kind: what a call is for. An operation without a kind does not count for the integration's health.
        status_of: replaces the table of statuses, for a caller that reacts to statuses differently.
    """
    caller = caller_of(context, request.headers)
    with working_for(context) if context is not None else nullcontext():
        return _respond(request, admit, find, handler, caller, budget_seconds, kind, status_of)


def _respond(
    request: func.HttpRequest,
    admit: Callable[[Call], AbstractContextManager[None]],
    find: Callable[[Call], Subject[Found]],
    handler: Callable[[Call, Operation, Found], Answer],
    caller: Caller,
    budget_seconds: Callable[[], float],
    kind: Callable[[Call], OperationKind | None],
    status_of: Callable[[OperationFailed], int],
) -> func.HttpResponse:
    end = End()
    try:
        operation = Operation.start(budget_seconds(), caller)
    except OperationFailed as error:
        operation = Operation.start(0, caller)
        write_line(operation, replace(end, status=status_of(error), code=error.code))
        return _problem(error, operation, status_of(error))
    try:
        call = Call.of(request)
        with admit(call):
            subject = find(call)
            end = replace(end, integration_id=subject.integration_id, kind=kind(call))
            if subject.log is not None:
                operation.log.write_to(subject.log, end.kind)
            answer = handler(call, operation, subject.found)
        response = _response(answer, operation)
        end = replace(end, status=answer.status, result=answer.result, reason=answer.reason)
    except OperationFailed as error:
        _note_failure(operation, error)
        response = _problem(error, operation, status_of(error))
        end = replace(end, status=response.status_code, code=error.code)
    except Exception as error:
        failure = _log_defect(operation, error)
        response = _problem(failure, operation, status_of(failure))
        end = replace(end, status=response.status_code, code=failure.code)
    finally:
        operation.log.flush()
        write_line(operation, end)
    return response


def _log_defect(operation: Operation, error: Exception) -> Defect:
    """Log a defect that ended the operation. The app's own log gets the stack trace, the answer does not."""
    logger.exception("A defect ended operation %s", operation.id)
    operation.log.add(
        log_events.OPERATION_DEFECT,
        f"A defect of this app ended the operation: {type(error).__name__}. The log of the function app has the "
        "stack trace.",
        code=Defect.code,
    )
    return Defect(
        f"A defect of this app ended the operation. Give the person who operates the app this operation id: "
        f"{operation.id}. The log of the function app has the details."
    )


def retry_after(seconds: float | None) -> dict[str, str]:
    """A Retry-After header in whole seconds, at least one; 15 where `seconds` is None."""
    return {
        "Retry-After": str(max(1, ceil(seconds if seconds is not None else _DEFAULT_RETRY_AFTER_SECONDS)))
    }


def invalid_parameter(name: str, detail: str) -> InvalidRequest:
    """The error for a query or route parameter."""
    return InvalidRequest([InputError(f"/{name}", detail)])


def _note_failure(operation: Operation, error: OperationFailed) -> None:
    # Anybody may call the webhook, with a wrong URL or too often; the app's own log must not fill up with that.
    if isinstance(error, IntegrationNotFound) or (isinstance(error, TooBusy) and not operation.log.has_sink):
        return
    is_callers = status_for(error) in CALLERS_MISTAKES
    event = log_events.OPERATION_REFUSED if is_callers else log_events.OPERATION_FAILED
    operation.log.add(event, f"{_record(error)}{error.detail}", code=error.code, **error.evidence)


def _record(error: OperationFailed) -> str:
    """The record that the error is about, if there is one and the error does not name it."""
    reference, number = error.evidence.get("reference"), error.evidence.get("work_item_id")
    names = [str(reference)] if reference and str(reference) not in error.detail else []
    names += [f"work item {number}"] if number and f"ork item {number}" not in error.detail else []
    return f"{', '.join(names)}: " if names else ""


def _response(answer: Answer, operation: Operation) -> func.HttpResponse:
    headers = {"x-operation-id": operation.id, **_FOR_BROWSERS, **answer.headers}
    if answer.body is None or isinstance(answer.body, bytes):
        mimetype = headers.pop("Content-Type", None)
        return func.HttpResponse(
            answer.body or b"", status_code=answer.status, headers=headers, mimetype=mimetype
        )
    return func.HttpResponse(
        _encode(answer.body), status_code=answer.status, headers=headers, mimetype="application/json"
    )


def _problem(error: OperationFailed, operation: Operation, status: int) -> func.HttpResponse:
    """An error as problem details (RFC 9457)."""
    body: dict[str, Any] = {
        "type": f"urn:aha-azure-devops:{error.code}",
        "title": error.title,
        "status": status,
        "detail": shortened(error.detail, _LONGEST_DETAIL),
        "code": error.code,
        "operation_id": operation.id,
    }
    if isinstance(error, InvalidRequest):
        body["errors"] = [{"pointer": one.pointer, "detail": one.detail} for one in error.errors]
    headers = {"x-operation-id": operation.id, **_FOR_BROWSERS}
    if isinstance(error, FeatureBusy | Unavailable) or status == 503:
        headers |= retry_after(error.retry_after)
    return func.HttpResponse(
        _encode(body), status_code=status, headers=headers, mimetype="application/problem+json"
    )


def _encode(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
