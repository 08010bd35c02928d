"""The token endpoint that App Service gives an app with a managed identity.

learn.microsoft.com, azure/app-service/overview-managed-identity: `IDENTITY_ENDPOINT` with the header
`X-IDENTITY-HEADER`, api-version 2019-08-01.
"""

from __future__ import annotations

import uuid

from werkzeug.wrappers import Request, Response

from local.azure_devops.answers import json_response
from local.azure_devops.identities import MANAGED_IDENTITY
from local.azure_devops.tokens import IDENTITY_HEADER, Tokens

_VERSION = "2019-08-01"


def issue_token(request: Request, tokens: Tokens) -> Response:
    """A token for `?resource=`, in the shape that azure-identity reads."""
    if request.path.rstrip("/") != "/_identity/token" or request.method != "GET":
        return json_response({"statusCode": 404, "message": "Not found"}, 404)
    if request.headers.get("X-IDENTITY-HEADER") != IDENTITY_HEADER:
        return json_response(
            {"statusCode": 401, "message": "The X-IDENTITY-HEADER is missing or wrong."}, 401
        )
    resource = request.args.get("resource", "")
    if request.args.get("api-version") != _VERSION or not resource:
        return json_response(
            {"statusCode": 400, "message": f"resource and api-version={_VERSION} are needed."}, 400
        )
    token, expires = tokens.issue(resource)
    return json_response(
        {
            "access_token": token,
            "expires_on": str(int(expires)),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": str(uuid.uuid5(uuid.NAMESPACE_DNS, MANAGED_IDENTITY.unique_name)),
        }
    )
