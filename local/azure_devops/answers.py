"""The bodies and headers of Azure DevOps Services' answers, mainly of refusals."""

from __future__ import annotations

import json
import urllib.parse
import uuid
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

_GENERAL_EVENT = 3000
_WORK_ITEM_EVENT = 3200

SIGN_IN_HTML = (
    "<!DOCTYPE html><html lang='en'><head><title>Azure DevOps Services | Sign In</title></head>"
    "<body><h1>Sign in</h1><p>Azure DevOps Services | Sign In</p></body></html>"
)
NOT_FOUND_HTML = (
    "<!DOCTYPE html><html lang='en'><head><title>Azure DevOps Services | 404</title></head>"
    "<body><h1>404 - Page not found</h1><p>The page you're looking for can't be found.</p></body></html>"
)

DENIED_HTML = (
    "<!DOCTYPE html><html lang='en'><head><title>Access Denied</title></head>"
    "<body><h1>401 - Access denied</h1></body></html>"
)


class ServiceError(Exception):
    """A refusal; `body()` is the wrapped exception that the service answers with.

    Shape as seen in microsoft/azure-devops-auth-samples#52: `$id, innerException, message, typeName, typeKey,
    errorCode, eventId`, and `customProperties` for rule errors.
    """

    def __init__(
        self,
        status: int,
        message: str,
        type_key: str,
        *,
        event_id: int = _GENERAL_EVENT,
        custom_properties: Mapping[str, Any] | None = None,
        namespace: str = "Microsoft.TeamFoundation.Framework.Server",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type_key = type_key
        self.event_id = event_id
        self.custom_properties = custom_properties
        self.namespace = namespace

    def body(self) -> dict[str, Any]:
        """The answer's JSON value."""
        value: dict[str, Any] = {"$id": "1"}
        if self.custom_properties is not None:
            value["customProperties"] = dict(self.custom_properties)
        value |= {
            "innerException": None,
            "message": self.message,
            "typeName": f"{self.namespace}.{self.type_key}, {self.namespace}",
            "typeKey": self.type_key,
            "errorCode": 0,
            "eventId": self.event_id,
        }
        return value

    def response(self) -> Response:
        """The HTTP answer."""
        return json_response(self.body(), self.status)


class ModelError(ServiceError):
    """A binding error of the web framework below, which has a body of another shape.

    `{"count": 1, "value": {"Message": "…"}}`, the shape that Microsoft's Python client also handles.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message, "ModelError")

    def body(self) -> dict[str, Any]:
        return {"count": 1, "value": {"Message": self.message}}


def work_item_error(
    status: int, message: str, type_key: str, custom_properties: Mapping[str, Any] | None = None
) -> ServiceError:
    """A refusal of the work item service (eventId 3200)."""
    return ServiceError(
        status,
        message,
        type_key,
        event_id=_WORK_ITEM_EVENT,
        custom_properties=custom_properties,
        namespace="Microsoft.TeamFoundation.WorkItemTracking.Server",
    )


def unauthorized(identity_name: str = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa") -> ServiceError:
    """TF400813 with status 401: the credential lacks the scope, or a Bearer token has expired."""
    return ServiceError(
        401,
        f"TF400813: The user '{identity_name}' is not authorized to access this resource.",
        "UnauthorizedRequestException",
    )


def encode_json(value: Any) -> bytes:
    """`value` in UTF-8; half of a surrogate pair, which JSON can carry and UTF-8 cannot, becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`value` as the service sends JSON."""
    response = Response(encode_json(value), status, content_type="application/json; charset=utf-8")
    response.headers.extend(headers or {})
    return response


def list_response(values: list[Any], headers: Mapping[str, str] | None = None) -> Response:
    """The `{count, value}` wrapper of every collection."""
    return json_response({"count": len(values), "value": values}, headers=headers)


def sign_in_page() -> Response:
    """Status 203 with an HTML page: what a credential of the wrong form gets (vsts-rest-api-specs#97, #574)."""
    return Response(SIGN_IN_HTML, 203, content_type="text/html; charset=utf-8")


def expired_token() -> Response:
    """What an expired token gets, in plain text."""
    text = "Access Denied: The Personal Access Token used has expired."
    return Response(text, 401, content_type="text/plain; charset=utf-8")


def refused_token() -> Response:
    """The empty answer that a revoked token gets; a live service was seen to say no more."""
    response = Response(status=401)
    del response.headers["Content-Type"]
    response.headers["WWW-Authenticate"] = 'Basic realm="https://tfsprodweu4.visualstudio.com/"'
    return response


def token_for_all_organizations() -> Response:
    """What a global token gets: a page, and the reason in a URL-encoded header (gitkraken/vscode-gitlens)."""
    response = Response(DENIED_HTML, 401, content_type="text/html; charset=utf-8")
    reason = "Personal access tokens for all organizations are no longer accepted."
    response.headers["X-TFS-ServiceError"] = urllib.parse.quote_plus(reason)
    return response


def conditional_access() -> Response:
    """VS403463; seen with 401 and 403, as JSON and as a page (azure-cli#24108, azure-devops-docs#4845).

    The typeKey is unconfirmed.
    """
    return ServiceError(
        401,
        "VS403463: The conditional access policy of the tenant does not allow this sign-in.",
        "VssServiceResponseException",
    ).response()


def sign_in_redirect(organization: str) -> Response:
    """The redirect that a browser without credentials gets; its exact conditions are unconfirmed."""
    response = Response(status=302, content_type="text/html; charset=utf-8")
    response.headers["Location"] = (
        f"https://spsprodeus1.vssps.visualstudio.com/_signin?realm=dev.azure.com&reply_to={organization}"
    )
    return response


def not_found_page() -> Response:
    """The HTML page of an unknown organization; its exact form is unconfirmed."""
    return Response(NOT_FOUND_HTML, 404, content_type="text/html; charset=utf-8")


def new_guid() -> str:
    """A fresh identifier as the service writes them."""
    return str(uuid.uuid4())
