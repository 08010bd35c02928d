"""Running queries over HTTP."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from local.azure_devops.answers import ModelError, json_response, work_item_error
from local.azure_devops.exchange import Exchange
from local.azure_devops.permissions import may_read
from local.azure_devops.rendering import View
from local.azure_devops.routes import ORGANIZATION, PROJECT, TEAM, rules
from local.azure_devops.times import timestamp
from local.azure_devops.wiql import Surroundings, compile_condition, sorted_items
from local.azure_devops.wiql_syntax import Query, query_error, read_query
from local.azure_devops.work_items import WorkItem

_LENGTH_LIMIT = 32_000


def run_query(exchange: Exchange) -> Response:
    """The ids of the work items that a query finds."""
    text = exchange.json_object().get("query")
    if not isinstance(text, str) or not text.strip():
        raise ModelError(400, "The body must be an object with a query.")
    if len(text) > _LENGTH_LIMIT:
        raise query_error(f"The query is longer than {_LENGTH_LIMIT} characters.")
    top = exchange.whole_number("$top", 0)
    query = read_query(text)
    project = exchange.project.name if exchange.project else None
    now = exchange.organization.now()
    around = Surroundings(exchange.caller.identity, project, exchange.flag("timePrecision"), now)
    test = compile_condition(query.condition, around)
    with exchange.organization.lock:
        items = exchange.organization.work_items.values()
        known = [item for item in items if not item.is_deleted and may_read(exchange.caller, item)]
        found = sorted_items([item for item in known if test(item)], query)
        if top:
            found = found[:top]
        limit = exchange.organization.query_result_limit
        if len(found) > limit:
            raise work_item_error(
                400,
                f"VS402337: The number of work items returned exceeds the size limit of {limit}. "
                "Change the query to return fewer items.",
                "WorkItemTrackingQueryResultSizeLimitExceededException",
            )
        return json_response(_result(exchange, query, found))


def _result(exchange: Exchange, query: Query, found: list[WorkItem]) -> dict[str, Any]:
    base = exchange.base if exchange.project is None else exchange.project_base
    view = View(exchange.organization, exchange.base)
    return {
        "queryType": "flat",
        "queryResultType": "workItem",
        "asOf": timestamp(exchange.organization.now()),
        "columns": [used.reference(base) for used in query.columns],
        "sortColumns": [{"field": used.reference(base), "descending": down} for used, down in query.order],
        "workItems": [{"id": item.id, "url": view.url(item)} for item in found],
    }


def wiql_rules() -> list[Rule]:
    """The routes of this module."""
    return rules("/wit/wiql", run_query, "POST", prefixes=(ORGANIZATION, PROJECT, TEAM))
