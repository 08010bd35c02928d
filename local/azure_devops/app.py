"""The sandbox as a WSGI application: its routes, and what each request must have."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map
from werkzeug.wrappers import Request, Response

from local.azure_devops import answers
from local.azure_devops.answers import ModelError, ServiceError, new_guid
from local.azure_devops.attachment_routes import attachment_rules
from local.azure_devops.batch_routes import batch_rules
from local.azure_devops.board import Board
from local.azure_devops.control import Control
from local.azure_devops.exchange import Endpoint, Exchange, read_api_version
from local.azure_devops.hook_routes import hook_rules
from local.azure_devops.managed_identity import issue_token
from local.azure_devops.metadata_routes import metadata_rules
from local.azure_devops.project_routes import project_rules
from local.azure_devops.sandbox import Sandbox
from local.azure_devops.tokens import Refused
from local.azure_devops.wiql_routes import wiql_rules
from local.azure_devops.work_item_routes import work_item_rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_MARKER = "_apis"
_SUBRESOURCES = ("states", "fields", "revisions", "updates", "notifications")


@cache
def _addresses() -> Map:
    """Every route of the REST API. They are compiled once, because that is slow."""
    rules = [
        *project_rules(),
        *metadata_rules(),
        *work_item_rules(),
        *batch_rules(),
        *attachment_rules(),
        *wiql_rules(),
        *hook_rules(),
    ]
    return Map(rules, strict_slashes=False, merge_slashes=False)


class AzureDevOps:
    """The WSGI application."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._board = Board(sandbox)
        self._control = Control(sandbox)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        first = request.path.strip("/").partition("/")[0]
        if first == "_control":
            return self._control.answer(request)
        if first == "_identity":
            return issue_token(request, self._sandbox.organization.tokens)
        if first in ("", "_board", "favicon.ico") or "/_workitems/edit/" in request.path:
            return self._board.answer(request)
        if first.casefold() != self._sandbox.organization.name:
            return answers.not_found_page()
        try:
            response = self._call(request)
        except Refused as refused:
            response = refused.response
        except ServiceError as refusal:
            response = refusal.response()
        response.headers["X-VSS-E2EID"] = response.headers["ActivityId"] = new_guid()
        return response

    def _call(self, request: Request) -> Response:
        organization = self._sandbox.organization
        caller = organization.tokens.authenticate(request, organization.name)
        endpoint, arguments = self._route(request)
        version = read_api_version(request, is_preview_only=endpoint.is_preview_only)
        if not caller.is_licensed:
            raise ServiceError(
                403, "You are not authorized to access this API.", "UnauthorizedAccessException"
            )
        if endpoint.scope and endpoint.scope not in caller.scopes:
            raise answers.unauthorized(caller.identity.id)
        name = arguments.pop("project", None)
        with organization.lock:
            project = organization.project(name) if name is not None else None
        response = endpoint.handler(
            Exchange(organization, self._sandbox.hooks, request, caller, version, project, arguments)
        )
        if response.mimetype == "application/json":
            response.headers["Content-Type"] += f"; api-version={version.text}"
        self._add_throttle_headers(response)
        return response

    def _route(self, request: Request) -> tuple[Endpoint, dict[str, Any]]:
        adapter = _addresses().bind("", path_info=_normalized(request.path), default_method=request.method)
        try:
            endpoint, arguments = adapter.match()
        except MethodNotAllowed:
            message = f"The requested resource does not support http method '{request.method}'."
            raise ModelError(405, message) from None
        except HTTPException:
            raise ServiceError(
                404,
                f"The controller for path '{request.path}' was not found or does not implement IController.",
                "HttpException",
            ) from None
        found = dict(arguments)
        found.pop("organization")
        found.pop("team", None)
        return endpoint, found

    def _add_throttle_headers(self, response: Response) -> None:
        throttle = self._sandbox.organization.throttle
        values = {
            "Retry-After": throttle.retry_after,
            "X-RateLimit-Delay": throttle.delay_seconds,
            "X-RateLimit-Limit": throttle.limit,
            "X-RateLimit-Remaining": throttle.remaining,
        }
        if throttle.reset_in_seconds is not None:
            values["X-RateLimit-Reset"] = int(time.time()) + throttle.reset_in_seconds
        for name, value in values.items():
            if value is not None:
                response.headers[name] = f"{value:g}" if isinstance(value, float) else str(value)
                response.headers["X-RateLimit-Resource"] = "Core"


def _normalized(path: str) -> str:
    """The path with its fixed parts in lower case, as in the rules. Names in it keep their case."""
    head, marker, tail = path.partition(f"/{_MARKER}/")
    if not marker:
        # The pages that are older than the REST API have no name in their path but the project's.
        head, marker, tail = path.lower().partition("/workitemtracking/")
        return path[: len(head)] + marker + tail
    area, *rest = tail.split("/")
    if area.casefold() != "projects" and rest:
        rest[0] = rest[0].casefold()
        rest[1:] = [name.casefold() if name.casefold() in _SUBRESOURCES else name for name in rest[1:]]
    return "/".join([head + marker + area.casefold(), *rest])
