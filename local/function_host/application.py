"""The host's HTTP side: finds the function for a request, checks its key, and turns its output into an answer."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from local.function_host.answers import answer_of, empty_answer
from local.function_host.definitions import Function, FunctionApp
from local.function_host.invocation import (
    Engine,
    FunctionNotLoaded,
    HttpInput,
    Invocation,
    InvocationFailed,
    Output,
    TimerInput,
)
from local.function_host.keys import Keys

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BODY_LIMIT = 104_857_600
"""Bytes of a request body; the setting FUNCTIONS_REQUEST_BODY_SIZE_LIMIT changes it in Azure as it does here."""

_TIMER_TICK = json.dumps({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": False})
_log = logging.getLogger("function_host")


@dataclass(frozen=True)
class HostOptions:
    """What the command line and the settings decide."""

    keys: Keys
    body_limit: int = BODY_LIMIT


class FunctionHost:
    """The WSGI application of an app's functions. Making it loads them all, in order of their names."""

    def __init__(self, app: FunctionApp, engine: Engine, options: HostOptions) -> None:
        self._app = app
        self._engine = engine
        self._options = options
        self._failures = {}
        for function in app.functions:
            try:
                engine.load(function)
            except FunctionNotLoaded as problem:
                self._failures[function.name] = str(problem)
                _log.error(
                    "The function %s cannot be loaded: every call will fail.\n%s", function.name, problem
                )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        request = Request(environ)
        path = _path(environ)
        if path.lower().partition("/")[0] == "admin":
            response = self._answer_admin(request, path)
        else:
            response = self._answer(request, path)
        return response(environ, start_response)

    def _answer(self, request: Request, path: str) -> Response:
        for function in self._app.functions:
            if function.route is None or function.is_disabled:
                continue
            values = function.route.match(path)
            # The method is part of the route: a wrong one is no match, and HEAD is not GET.
            if values is not None and (not function.methods or request.method in function.methods):
                return self._call_http(function, request, values)
        return empty_answer(404)

    def _call_http(self, function: Function, request: Request, route_values: Mapping[str, str]) -> Response:
        if not self._options.keys.allow(function.auth_level, request, function.name):
            return empty_answer(401)
        try:
            body = self._body(request)
        except RequestEntityTooLarge:
            return empty_answer(413)
        value = HttpInput(
            method=request.method,
            url=_url(request),
            headers={name.lower(): text for name, text in request.headers.items()},
            query=_query(request.query_string),
            route_values=route_values,
            body=body,
        )
        try:
            outputs = self._invoke(function, value)
        except InvocationFailed:
            return empty_answer(500)
        output = function.http_output
        return empty_answer(204) if output is None else answer_of(outputs.get(output.name))

    def _body(self, request: Request) -> bytes:
        """GrpcMessageConversionExtensions.cs: the body is passed on only where Content-Length is over 0, so a
        chunked request arrives empty."""
        if not request.content_length:
            return b""
        if request.content_length > self._options.body_limit:
            raise RequestEntityTooLarge
        return request.get_data()

    def _invoke(self, function: Function, value: HttpInput | TimerInput) -> dict[str, Output]:
        """Call a function and log how it ended. Raises InvocationFailed, also for one that was never loaded."""
        headers = value.headers if isinstance(value, HttpInput) else {}
        invocation = Invocation(
            id=str(uuid.uuid4()),
            function=function,
            input=value,
            trace_parent=headers.get("traceparent", ""),
            trace_state=headers.get("tracestate", ""),
        )
        start = time.perf_counter()
        try:
            if function.name in self._failures:
                raise InvocationFailed(self._failures[function.name])
            outputs = self._engine.call(invocation)
        except InvocationFailed as problem:
            _log.error("%s\n%s", _executed(invocation, "Failed", start), problem)
            raise
        _log.info("%s", _executed(invocation, "Succeeded", start))
        return outputs

    def _answer_admin(self, request: Request, path: str) -> Response:
        """The part of the admin API that a timer is started by: GET and POST below admin/functions."""
        if not self._options.keys.allow("admin", request):
            return empty_answer(401)
        parts = path.rstrip("/").split("/")
        if [part.lower() for part in parts] == ["admin", "functions"] and request.method == "GET":
            return _json_response([self._describe(function, request) for function in self._app.functions])
        if len(parts) == 3 and parts[1].lower() == "functions" and request.method == "POST":
            return self._start_timer(parts[2])
        return empty_answer(404)

    def _describe(self, function: Function, request: Request) -> dict[str, Any]:
        base = request.host_url.rstrip("/")
        route = function.route
        return {
            "name": function.name,
            "script_root_path_href": None,
            "href": f"{base}/admin/functions/{function.name}",
            "invoke_url_template": None if route is None else f"{base}/{route.template}",
            "language": "python",
            "config": {"bindings": [dict(binding.settings) for binding in function.bindings]},
            "isDisabled": function.is_disabled,
        }

    def _start_timer(self, name: str) -> Response:
        function = next((f for f in self._app.functions if f.name.lower() == name.lower()), None)
        if function is None:
            return empty_answer(404)
        if function.trigger.type != "timerTrigger":
            return Response("only a function with a timer trigger is started this way", status=400)
        threading.Thread(target=self._tick, args=(function,), daemon=True).start()
        return empty_answer(202)

    def _tick(self, function: Function) -> None:
        try:
            self._invoke(function, TimerInput(_TIMER_TICK))
        except InvocationFailed:
            return  # Already logged. A timer has no caller to answer, and no retry before its next tick.


def _executed(invocation: Invocation, result: str, start: float) -> str:
    milliseconds = (time.perf_counter() - start) * 1000
    name = invocation.function.name
    return f"Executed 'Functions.{name}' ({result}, Id={invocation.id}, Duration={milliseconds:.0f}ms)"


def _path(environ: WSGIEnvironment) -> str:
    """The path without its leading slash, decoded except for %2F, which a route's value keeps."""
    raw = environ.get("REQUEST_URI") or environ.get("RAW_URI") or ""
    path = raw.partition("?")[0]
    if "://" in path:
        path = "/" + path.partition("://")[2].partition("/")[2]
    pieces = path.replace("%2f", "%2F").split("%2F")
    return "%2F".join(unquote(piece) for piece in pieces).removeprefix("/")


def _url(request: Request) -> str:
    raw = request.environ.get("REQUEST_URI") or request.full_path.rstrip("?")
    return raw if "://" in raw else f"{request.scheme}://{request.host}{raw}"


def _query(query_string: bytes) -> dict[str, str]:
    """GrpcMessageConversionExtensions.cs: repeated parameters are joined by commas, empty values dropped."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=False, encoding="utf-8"):
        values.setdefault(name, []).append(value)
    return {name: ",".join(texts) for name, texts in values.items()}


def _json_response(value: object) -> Response:
    return Response(json.dumps(value), mimetype="application/json")
