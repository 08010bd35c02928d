"""Projects and connection data."""

from __future__ import annotations

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from local.azure_devops.answers import ModelError, json_response, list_response
from local.azure_devops.exchange import Exchange
from local.azure_devops.routes import ORGANIZATION, rules
from local.azure_devops.tokens import PROJECT_READ

_PAGE = 100
_STATES = ("all", "wellformed", "new", "deleting", "createpending", "unchanged", "deleted")


def list_projects(exchange: Exchange) -> Response:
    """A page of projects; `continuationToken` is how many have been fetched already."""
    wanted = exchange.request.args.get("stateFilter", "wellFormed").casefold()
    if wanted not in _STATES:
        raise ModelError(400, f"The value '{wanted}' is not valid for stateFilter.")
    with exchange.organization.lock:
        known = list(exchange.organization.projects)
    projects = [project for project in known if wanted in ("all", project.state.casefold())]
    start = exchange.whole_number("continuationToken", exchange.whole_number("$skip", 0))
    end = start + exchange.whole_number("$top", _PAGE)
    headers = {"x-ms-continuationtoken": str(end)} if end < len(projects) else {}
    return list_response([project.summary(exchange.base) for project in projects[start:end]], headers)


def get_project(exchange: Exchange) -> Response:
    """One project by name or GUID."""
    with exchange.organization.lock:
        project = exchange.organization.project(exchange.arguments["name_or_id"])
    return json_response(project.details(exchange.base, exchange.flag("includeCapabilities")))


def get_connection_data(exchange: Exchange) -> Response:
    """Who the caller is."""
    caller = exchange.caller.identity
    user = {
        "id": caller.id,
        "descriptor": f"Microsoft.IdentityModel.Claims.ClaimsIdentity;{caller.unique_name}",
        "subjectDescriptor": caller.descriptor,
        "providerDisplayName": caller.display_name,
        "isActive": True,
        "properties": {"Account": {"$type": "System.String", "$value": caller.unique_name}},
        "resourceVersion": 2,
        "metaTypeId": 0,
    }
    value = {
        "authenticatedUser": user,
        "authorizedUser": user,
        "instanceId": exchange.organization.id,
        "deploymentId": "0ad75e84-88ae-4325-84b5-ebb30910283c",
        "deploymentType": "hosted",
        "locationServiceData": {"serviceOwner": "00025394-6065-48ca-87d9-7f5672854ef7"},
    }
    return json_response(value)


def project_rules() -> list[Rule]:
    """The routes of this module."""
    only = (ORGANIZATION,)
    return [
        *rules("/projects", list_projects, "GET", scope=PROJECT_READ, prefixes=only),
        *rules("/projects/<name_or_id>", get_project, "GET", scope=PROJECT_READ, prefixes=only),
        *rules("/connectiondata", get_connection_data, "GET", scope="", prefixes=only, is_preview_only=True),
    ]
