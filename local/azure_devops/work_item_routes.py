"""Reading and writing single work items, and reading many."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from local.azure_devops import recycle_bin
from local.azure_devops.answers import ModelError, ServiceError, json_response, list_response, work_item_error
from local.azure_devops.exchange import Exchange
from local.azure_devops.field_definitions import field_named
from local.azure_devops.json_patch import MEDIA_TYPE, read_document
from local.azure_devops.permissions import check_may_read, may_read
from local.azure_devops.rendering import View
from local.azure_devops.routes import PROJECT, rules
from local.azure_devops.saving import Save
from local.azure_devops.times import read_timestamp
from local.azure_devops.tokens import WORK_WRITE
from local.azure_devops.work_items import WorkItem, missing_work_item

_EXPANSIONS = ("none", "relations", "fields", "links", "all")
_READ_LIMIT = 200


def create(exchange: Exchange) -> Response:
    """Create a work item; 200 with the work item, as the service answers."""
    project = exchange.needed_project()
    operations = _operations(exchange)
    with exchange.organization.lock:
        save = Save(exchange.organization, exchange.caller)
        kind, bypasses_rules = exchange.arguments["type"], _options(exchange)
        draft = save.create(project, kind, operations, bypasses_rules=bypasses_rules)
        if exchange.flag("validateOnly"):
            # What an unsaved work item shows for id and rev is unconfirmed.
            return json_response(_view(exchange).work_item(save.preview(draft)))
        return json_response(_view(exchange).work_item(save.commit(exchange.base)[draft.id]))


def update(exchange: Exchange) -> Response:
    """Change a work item; `validateOnly` answers it unchanged."""
    operations = _operations(exchange)
    with exchange.organization.lock:
        item = _addressed(exchange)
        save = Save(exchange.organization, exchange.caller)
        save.update(item, operations, bypasses_rules=_options(exchange))
        if not exchange.flag("validateOnly"):
            save.commit(exchange.base)
        return json_response(_view(exchange).work_item(item))


def get(exchange: Exchange) -> Response:
    """One work item."""
    view = _read_view(exchange, exchange.request.args.get("fields"), exchange.request.args.get("$expand"))
    with exchange.organization.lock:
        item = _addressed(exchange)
        as_of = exchange.request.args.get("asOf")
        return json_response(_as_of(view, item, as_of) if as_of else view.work_item(item))


def get_many(exchange: Exchange) -> Response:
    """Several work items by `?ids=`."""
    arguments = exchange.request.args
    texts = [text.strip() for text in arguments.get("ids", "").split(",") if text.strip()]
    if not texts or not all(text.lstrip("-").isdecimal() for text in texts):
        raise ModelError(400, "The value of ids is not a list of work item ids.")
    wanted: dict[str, Any] = {"ids": [int(text) for text in texts], "$expand": arguments.get("$expand")}
    wanted |= {"errorPolicy": arguments.get("errorPolicy"), "asOf": arguments.get("asOf")}
    wanted["fields"] = [name for name in arguments.get("fields", "").split(",") if name] or None
    return _read_many(exchange, wanted)


def read_batch(exchange: Exchange) -> Response:
    """Several work items by a JSON body."""
    wanted = exchange.json_object()
    ids, fields = wanted.get("ids"), wanted.get("fields")
    if not isinstance(ids, list) or not ids or not all(type(number) is int for number in ids):
        raise ModelError(400, "The value of ids is not a list of work item ids.")
    if fields is not None and (
        not isinstance(fields, list) or not all(isinstance(name, str) for name in fields)
    ):
        raise ModelError(400, "The value of fields is not a list of field names.")
    return _read_many(exchange, wanted)


def delete(exchange: Exchange) -> Response:
    """Move a work item to the recycle bin, or destroy it."""
    with exchange.organization.lock:
        item = _addressed(exchange)
        recycle_bin.delete(exchange.organization, item, exchange.caller, exchange.base)
        reference = recycle_bin.deleted_reference(item, exchange.base)
        if exchange.flag("destroy"):
            recycle_bin.destroy(exchange.organization, item, exchange.caller, exchange.base)
        return json_response(reference)


def get_deleted(exchange: Exchange) -> Response:
    """A work item of the recycle bin."""
    with exchange.organization.lock:
        item = _addressed_deleted(exchange)
        return json_response(recycle_bin.deleted_reference(item, exchange.base))


def list_deleted(exchange: Exchange) -> Response:
    """The work items of the project's recycle bin, or those of `?ids=` that are in it.

    That ids which are not in it are left out is unconfirmed.
    """
    texts = [text.strip() for text in exchange.request.args.get("ids", "").split(",") if text.strip()]
    if not all(text.isdecimal() for text in texts):
        raise ModelError(400, "The value of ids is not a list of work item ids.")
    wanted = {int(text) for text in texts}
    project = exchange.needed_project()
    with exchange.organization.lock:
        deleted = [
            item
            for item in exchange.organization.work_items.values()
            if item.is_deleted and item.project is project and may_read(exchange.caller, item)
        ]
        references = [recycle_bin.deleted_reference(item, exchange.base) for item in deleted]
    if wanted:
        return list_response([reference for reference in references if reference["id"] in wanted])
    return list_response([{"id": reference["id"], "url": reference["url"]} for reference in references])


def restore(exchange: Exchange) -> Response:
    """Bring a work item back from the recycle bin."""
    if exchange.json_object().get("isDeleted") is not False:
        raise ModelError(400, "The body must be an object with isDeleted false.")
    with exchange.organization.lock:
        item = _addressed_deleted(exchange)
        reference = recycle_bin.deleted_reference(item, exchange.base)
        recycle_bin.restore(exchange.organization, item.id, exchange.caller, exchange.base)
        return json_response(reference)


def destroy(exchange: Exchange) -> Response:
    """Delete a work item of the recycle bin for good."""
    with exchange.organization.lock:
        item = _addressed_deleted(exchange)
        recycle_bin.destroy(exchange.organization, item, exchange.caller, exchange.base)
    return Response(status=204)


def list_revisions(exchange: Exchange) -> Response:
    """The revisions of a work item, oldest first."""
    view = _read_view(exchange, None, exchange.request.args.get("$expand"))
    start = exchange.whole_number("$skip", 0)
    end = start + exchange.whole_number("$top", _READ_LIMIT)
    with exchange.organization.lock:
        item = _addressed(exchange)
        return list_response([view.work_item(item, revision) for revision in item.revisions[start:end]])


def get_revision(exchange: Exchange) -> Response:
    """One revision of a work item."""
    view = _read_view(exchange, None, exchange.request.args.get("$expand"))
    number = exchange.arguments["number"]
    with exchange.organization.lock:
        item = _addressed(exchange)
        for revision in item.revisions:
            if revision.rev == number:
                return json_response(view.work_item(item, revision))
    raise work_item_error(
        404, f"Work item {item.id} has no revision {number}.", "WorkItemIdRevisionNotFoundException"
    )


def list_updates(exchange: Exchange) -> Response:
    """The updates of a work item, oldest first."""
    start = exchange.whole_number("$skip", 0)
    end = start + exchange.whole_number("$top", _READ_LIMIT)
    with exchange.organization.lock:
        item, view = _addressed(exchange), View(exchange.organization, exchange.base)
        return list_response([view.update(item, known) for known in item.updates[start:end]])


def get_update(exchange: Exchange) -> Response:
    """One update of a work item."""
    with exchange.organization.lock:
        item, view = _addressed(exchange), View(exchange.organization, exchange.base)
        for known in item.updates:
            if known.id == exchange.arguments["number"]:
                return json_response(view.update(item, known))
    raise work_item_error(404, f"Work item {item.id} has no such update.", "WorkItemUpdateNotFoundException")


def _operations(exchange: Exchange) -> Any:
    return read_document(exchange.json_body(media_type=MEDIA_TYPE))


def _options(exchange: Exchange) -> bool:
    return check_options(exchange, exchange.flag("bypassRules"), exchange.flag("suppressNotifications"))


def check_options(exchange: Exchange, bypasses_rules: bool, suppresses_notifications: bool) -> bool:
    """Whether to bypass the rules. Raises TF401322 for an option that the caller may not use.

    The text is from solidify/jira-azuredevops-migrator#662; the status and the text for notifications are
    unconfirmed. Notifications are not suppressed for service hooks: vsts-rest-api-specs#243.
    """
    if bypasses_rules and not exchange.caller.bypasses_rules:
        raise work_item_error(
            403,
            "TF401322: You don't have bypass rules permission. Please contact your collection administrator to grant "
            "this permission for enabling this action.",
            "WorkItemTrackingUnauthorizedBypassRulesException",
        )
    if suppresses_notifications and not exchange.caller.suppresses_notifications:
        raise work_item_error(
            403,
            "You don't have suppress notifications permission.",
            "WorkItemTrackingUnauthorizedAccessException",
        )
    return bypasses_rules


def _addressed(exchange: Exchange) -> WorkItem:
    """The work item of the URL, which must be in the URL's project if that names one."""
    item = exchange.organization.work_item(exchange.arguments["id"])
    if exchange.project is not None and item.project is not exchange.project:
        raise missing_work_item(item.id)
    return check_may_read(exchange.caller, item)


def _addressed_deleted(exchange: Exchange) -> WorkItem:
    """The work item of the URL in the recycle bin of the URL's project."""
    item = recycle_bin.deleted_item(exchange.organization, exchange.arguments["id"])
    if item.project is not exchange.needed_project():
        raise missing_work_item(item.id)
    return check_may_read(exchange.caller, item)


def _view(exchange: Exchange) -> View:
    """How a write answers."""
    shown = _expansion(exchange.request.args.get("$expand"))
    return View(exchange.organization, exchange.base, shown, shows_formats=exchange.api_version.shows_formats)


def _read_view(
    exchange: Exchange, fields: str | list[str] | None, expand: str | None, *, is_single: bool = True
) -> View:
    names = fields.split(",") if isinstance(fields, str) else fields
    shown = _expansion(expand)
    if names and shown not in ("none", "links"):
        raise ServiceError(
            400,
            "The expand parameter can not be used with the fields parameter.",
            "ConflictingParametersException",
        )
    only = [field_named(name.strip()).reference_name for name in names] if names else None
    return View(
        exchange.organization,
        exchange.base,
        shown,
        only,
        exchange.api_version.shows_formats and only is None,
        shows_links=is_single and only is None,
    )


def _expansion(text: str | None) -> str:
    expand = (text or "none").casefold()
    if expand not in _EXPANSIONS:
        raise ModelError(400, f"The value '{text}' is not valid for $expand.")
    return expand


def _as_of(view: View, item: WorkItem, text: str) -> dict[str, Any]:
    try:
        moment = read_timestamp(text)
    except ValueError:
        raise ModelError(400, f"The value '{text}' is not valid for asOf.") from None
    earlier = [revision for revision in item.revisions if revision.fields["System.ChangedDate"] <= moment]
    if not earlier:
        raise missing_work_item(item.id)
    return view.work_item(item, earlier[-1])


def _read_many(exchange: Exchange, wanted: dict[str, Any]) -> Response:
    ids: list[int] = wanted["ids"]
    if len(ids) > _READ_LIMIT:
        raise work_item_error(
            400,
            f"VS403474: You requested {len(ids)} work items which exceeds the limit of {_READ_LIMIT} work items that "
            "can be requested in one call.",
            "WorkItemPageSizeExceededException",
        )
    omits = str(wanted.get("errorPolicy") or "fail").casefold()
    if omits not in ("fail", "omit"):
        raise ModelError(400, f"The value '{omits}' is not valid for errorPolicy.")
    view = _read_view(exchange, wanted.get("fields"), wanted.get("$expand"), is_single=False)
    as_of = wanted.get("asOf")
    values: list[dict[str, Any] | None] = []
    with exchange.organization.lock:
        for number in ids:
            try:
                item = check_may_read(exchange.caller, exchange.organization.work_item(number))
                if exchange.project is not None and item.project is not exchange.project:
                    raise missing_work_item(number)
                values.append(_as_of(view, item, as_of) if as_of else view.work_item(item))
            except ServiceError:
                if omits == "fail":
                    raise
                values.append(None)
    return list_response(values)


def work_item_rules() -> list[Rule]:
    """The routes of this module."""
    items, recycled = "/wit/workitems", "/wit/recyclebin"
    one = f"{items}/<int:id>"
    return [
        *rules(f"{items}/$<type>", create, "POST", "PATCH", scope=WORK_WRITE, prefixes=(PROJECT,)),
        *rules(items, get_many, "GET"),
        *rules(one, get, "GET"),
        *rules(one, update, "PATCH", scope=WORK_WRITE),
        *rules(one, delete, "DELETE", scope=WORK_WRITE),
        *rules(f"{one}/revisions", list_revisions, "GET"),
        *rules(f"{one}/revisions/<int:number>", get_revision, "GET"),
        *rules(f"{one}/updates", list_updates, "GET"),
        *rules(f"{one}/updates/<int:number>", get_update, "GET"),
        *rules("/wit/workitemsbatch", read_batch, "POST"),
        *rules(recycled, list_deleted, "GET", prefixes=(PROJECT,)),
        *rules(f"{recycled}/<int:id>", get_deleted, "GET", prefixes=(PROJECT,)),
        *rules(f"{recycled}/<int:id>", restore, "PATCH", scope=WORK_WRITE, prefixes=(PROJECT,)),
        *rules(f"{recycled}/<int:id>", destroy, "DELETE", scope=WORK_WRITE, prefixes=(PROJECT,)),
    ]
