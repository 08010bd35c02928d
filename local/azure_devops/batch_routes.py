"""`$batch`: several creates and updates in one request.

Documented on learn.microsoft.com (rest/api/azure/devops/wit/WorkItemBatchUpdate, 4.1 and 5.0), in no OpenAPI file.
The documents contradict each other about atomicity, so there are several modes.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from dataclasses import dataclass
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from local.azure_devops.answers import ModelError, ServiceError, json_response, list_response
from local.azure_devops.drafts import Draft
from local.azure_devops.exchange import Exchange
from local.azure_devops.json_patch import Operation, check_media_type, read_document
from local.azure_devops.permissions import check_may_read
from local.azure_devops.rendering import View
from local.azure_devops.routes import ORGANIZATION, rules
from local.azure_devops.saving import Save
from local.azure_devops.tokens import WORK_WRITE
from local.azure_devops.work_item_routes import check_options
from local.azure_devops.work_items import WorkItem

_LIMIT = 200
_CREATE = re.compile(r"/(?P<project>[^/]+)/_apis/wit/workitems/\$(?P<type>[^/]+)", re.IGNORECASE)
_UPDATE = re.compile(r"/_apis/wit/workitems/(?P<id>\d+)", re.IGNORECASE)
_VERSION = re.compile(r"\d+\.\d+(-preview(\.\d+)?)?", re.IGNORECASE)


@dataclass(frozen=True)
class BatchRequest:
    """One create (`project` and `type`) or update (`id`) of a batch."""

    operations: list[Operation]
    bypasses_rules: bool
    suppresses_notifications: bool
    project: str = ""
    type: str = ""
    id: int = 0


def run_batch(exchange: Exchange) -> Response:
    """Answer 200 with one entry per request, or as the mode set under /_control says."""
    mode = exchange.organization.batch_mode
    if mode == "refused":
        raise ModelError(404, "No HTTP resource was found that matches the request URI.")
    entries = exchange.json_body()
    if not isinstance(entries, list) or not entries:
        raise ModelError(400, "The request body must be a list of requests.")
    if len(entries) > _LIMIT:
        # No limit is documented. A published client uses this one.
        raise ModelError(400, f"A batch can have at most {_LIMIT} requests.")
    with exchange.organization.lock:
        if mode == "independent":
            return list_response(_one_by_one(exchange, entries))
        answers, failed = _together(exchange, entries, links_new=mode != "no_temporary_ids")
    if failed is not None and mode == "whole_refusal_single_item":
        return list_response([_refusal(ModelError(500, failed.message))])
    return list_response(answers)


def _together(
    exchange: Exchange, entries: list[Any], *, links_new: bool
) -> tuple[list[dict[str, Any]], ServiceError | None]:
    """All or nothing: one failing request gets its error, every other gets TF401321."""
    save = Save(exchange.organization, exchange.caller, links_new=links_new)
    drafts: list[Draft] = []
    for position, entry in enumerate(entries):
        try:
            request = _read_request(entry)
            drafts.append(_draft(exchange, save, request))
        except ServiceError as refusal:
            whole = ModelError(500, "TF401321: Whole Bulk failed.")
            return [_refusal(refusal if at == position else whole) for at in range(len(entries))], refusal
    saved = save.commit(exchange.base)
    return [_success(exchange, saved[draft.id]) for draft in drafts], None


def _one_by_one(exchange: Exchange, entries: list[Any]) -> list[dict[str, Any]]:
    """Each request separately; a temporary id names what an earlier request created."""
    created: dict[int, int] = {}
    answers = []
    for entry in entries:
        try:
            request = _read_request(_with_created_ids(entry, created))
            save = Save(exchange.organization, exchange.caller)
            draft = _draft(exchange, save, request)
            item = save.commit(exchange.base)[draft.id]
            if draft.is_new:
                created[draft.id] = item.id
            answers.append(_success(exchange, item))
        except ServiceError as refusal:
            answers.append(_refusal(refusal))
    return answers


def _draft(exchange: Exchange, save: Save, request: BatchRequest) -> Draft:
    bypasses_rules = check_options(
        exchange,
        request.bypasses_rules or exchange.flag("bypassRules"),
        request.suppresses_notifications or exchange.flag("suppressNotifications"),
    )
    if request.type:
        project = exchange.organization.project(request.project)
        return save.create(project, request.type, request.operations, bypasses_rules=bypasses_rules)
    item = check_may_read(exchange.caller, exchange.organization.work_item(request.id))
    return save.update(item, request.operations, bypasses_rules=bypasses_rules)


def _read_request(entry: Any) -> BatchRequest:
    if not isinstance(entry, dict) or not isinstance(entry.get("uri"), str):
        raise ModelError(400, "Each request of a batch needs a method, a uri, headers and a body.")
    if str(entry.get("method", "")).upper() != "PATCH":
        raise ModelError(
            405, "The requested resource does not support the http method; a batch takes PATCH only."
        )
    given = entry.get("headers")
    headers = (
        {name.casefold(): str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    )
    check_media_type(headers.get("content-type", ""), "PATCH")
    address = urllib.parse.urlsplit(entry["uri"])
    query = {name.casefold(): values[-1] for name, values in urllib.parse.parse_qs(address.query).items()}
    if not _VERSION.fullmatch(query.get("api-version", "")):
        raise ModelError(400, "The uri of each request of a batch needs an api-version.")
    options = [query.get(name, "").casefold() == "true" for name in ("bypassrules", "suppressnotifications")]
    path, operations = urllib.parse.unquote(address.path), read_document(entry.get("body"))
    create = _CREATE.fullmatch(path)
    if create:
        return BatchRequest(operations, options[0], options[1], create["project"], create["type"])
    update = _UPDATE.fullmatch(path)
    if update:
        return BatchRequest(operations, options[0], options[1], id=int(update["id"]))
    # This answer was observed for an update whose uri names a project.
    raise ModelError(404, f"No HTTP resource was found that matches the request URI '{path}'.")


def _with_created_ids(entry: Any, created: dict[int, int]) -> Any:
    text = json.dumps(entry)
    for temporary, real in created.items():
        text = re.sub(rf"(?i)(/_apis/wit/workitems/){temporary}(?=\")", rf"\g<1>{real}", text)
    return json.loads(text)


def _success(exchange: Exchange, item: WorkItem) -> dict[str, Any]:
    view = View(
        exchange.organization, exchange.base, "relations", shows_formats=exchange.api_version.shows_formats
    )
    return _entry(200, view.work_item(item))


def _refusal(refusal: ServiceError) -> dict[str, Any]:
    return _entry(refusal.status, ModelError(refusal.status, refusal.message).body())


def _entry(status: int, value: Any) -> dict[str, Any]:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return {"code": status, "headers": headers, "body": json_response(value).get_data(as_text=True)}


def batch_rules() -> list[Rule]:
    """The routes of this module."""
    return rules("/wit/$batch", run_batch, "PATCH", "POST", scope=WORK_WRITE, prefixes=(ORGANIZATION,))
