"""The sandbox as one WSGI application: its routes, and the check of the caller."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from local.aha import api_account, api_fields, api_records, control, files, page, record_page, seed
from local.aha.account import Account
from local.aha.activity import ActivityWebhooks
from local.aha.call import Call, Endpoint, Route, html_not_found, json_response, not_found
from local.aha.errors import RecordNotFound, Refusal, RefusedValue
from local.aha.records import User
from local.faults import PAGE_PATHS, FaultInjection

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_API = "/api/v1"
_CONTROL = "/_control"
_PAGE = "/_board"
_OPEN = (f"{_CONTROL}/", f"{_PAGE}/data/", f"{_PAGE}/extension/")
"""Without a token: what tests and the pages for people ask for."""
_RECORD_PAGES = r"/(features|requirements|releases|products)/[^/]+"


def create_app() -> WSGIApplication:
    """A sandbox with its sample records, behind FaultInjection."""
    return FaultInjection(AhaSandbox(), page_paths=f"{PAGE_PATHS}|{_RECORD_PAGES}")


class AhaSandbox:
    """One account and everything that can be asked of it."""

    def __init__(self) -> None:
        self.account = Account()
        self._activity = ActivityWebhooks(self.account)
        seed.fill(self.account)
        closed = [*api_account.ROUTES, *api_records.ROUTES, *api_fields.ROUTES, *files.ROUTES]
        self._open_endpoints = {route[2] for route in api_account.OPEN_ROUTES}
        rules = [
            *_rules(_API, [*closed, *api_account.OPEN_ROUTES]),
            *_rules(_CONTROL, [*control.ROUTES, *record_page.CONTROL_ROUTES]),
            *_rules(_PAGE, record_page.PAGE_ROUTES),
            Rule(
                "/attachments/<identifier>/token/<token>.download", endpoint=files.download, methods=["GET"]
            ),
            Rule("/attachments/<identifier>/token/<token>", endpoint=files.download, methods=["GET"]),
            Rule(
                "/storage/<identifier>/<token>/<path:_file_name>",
                endpoint=files.download_from_storage,
                methods=["GET"],
            ),
        ]
        self._addresses = Map(rules, merge_slashes=False, strict_slashes=False)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path.startswith(f"{_API}/"):
            return self._answer_api(request)
        if request.path.startswith(_OPEN):
            return self._answer_open(request)
        if request.path == "/access_denied":
            return files.access_denied()
        try:
            endpoint, arguments = self._match(request)
        except HTTPException:
            return page.answer(request)
        arguments.pop("_file_name", None)
        return endpoint(self.account, request, **arguments)

    def _match(self, request: Request) -> tuple[Endpoint, dict[str, str]]:
        endpoint, arguments = self._addresses.bind_to_environ(request.environ).match()
        return endpoint, dict(arguments)

    def _answer_api(self, request: Request) -> Response:
        decision = self.account.rate_limit.take()
        if decision.allowed:
            response = self._answer_allowed(request)
        else:
            response = self._refuse(Refusal(429, "Rate limit exceeded"))
            wait_header = self.account.behaviour.retry_after_header
            if wait_header is not None:
                response.headers[wait_header] = str(decision.wait_seconds)
        response.headers.update(decision.headers)
        return response

    def _answer_allowed(self, request: Request) -> Response:
        try:
            endpoint, arguments = self._match(request)
        except HTTPException:
            return html_not_found()
        # The body is read before the lock is taken, so that a slow upload does not block other requests.
        _ = request.form if request.mimetype == "multipart/form-data" else request.get_data()
        with self.account.lock:
            try:
                user = self._any_user() if endpoint in self._open_endpoints else self._authorized(request)
                return endpoint(Call(request, self.account, self._activity, user), **arguments)
            except RecordNotFound as error:
                return not_found(error)
            except RefusedValue as error:
                return self._refuse(Refusal(self.account.behaviour.refused_status, str(error)))
            except Refusal as refusal:
                return self._refuse(refusal)

    def _authorized(self, request: Request) -> User:
        """The caller. The statuses of these refusals are confirmed, their texts are not."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        user = self.account.users_by_token.get(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            raise Refusal(401, "You are not authorized.", {"WWW-Authenticate": 'Bearer realm="Aha!"'})
        if self.account.behaviour.demand_user_agent and not request.headers.get("User-Agent"):
            raise Refusal(403, "A User-Agent header is needed.")
        if request.method != "GET" and not user.may_write:
            raise Refusal(403, "You do not have permission to do this.")
        return user

    def _any_user(self) -> User:
        return self.account.users[0]

    def _answer_open(self, request: Request) -> Response:
        try:
            endpoint, arguments = self._match(request)
        except HTTPException as error:
            return json_response({"error": error.description}, error.code or 404)
        with self.account.lock:
            try:
                return endpoint(Call(request, self.account, self._activity, self._any_user()), **arguments)
            except RecordNotFound:
                return json_response({"error": "There is no such record."}, 404)
            except RefusedValue as error:
                return json_response({"error": str(error)}, 400)
            except Refusal as refusal:
                return json_response({"error": refusal.message}, refusal.status)

    def _refuse(self, refusal: Refusal) -> Response:
        body = self.account.behaviour.error_body(refusal.message)
        return json_response(body, refusal.status, refusal.headers)


def _rules(prefix: str, routes: list[Route]) -> list[Rule]:
    return [Rule(prefix + path, endpoint=endpoint, methods=[method]) for method, path, endpoint in routes]
