"""The control API of the sandbox, under `/_control`; it needs no token.

POST   /tokens                   {"token", "kind": write | write_as_second_user | read | expired | forbidden
                                  | no_project | unlicensed | administrator | revoked | all_organizations
                                  | conditional_access}
DELETE /tokens/{token}
PUT    /organization             {"name"}: renames the organization; its old name leads nowhere
POST   /clock                    {"seconds"}: as much time passes for work items and queries
PUT    /identity                 {"token_lifetime_seconds"?, "expire_issued"?: bool}
POST   /projects                 {"name"} or {"count", "prefix"?}
POST   /areas                    {"project", "paths"?: […], "count"?}
PUT    /areas/visibility         {"area", "token", "visible": bool}: work items there, for the token's user
GET    /work_items               all of them with relations; "deleted", "updates" (how many)
POST   /work_items               {"count", "project"?, "type"?, "title"?, "as"?}: many at once
POST   /edit                     {"id", "fields"?: {…}, "operations"?: [JSON Patch], "as"?}
POST   /delete, /restore         {"id", "as"?}
PUT    /batch                    {"mode": all_or_nothing | independent | whole_refusal_single_item | refused
                                  | no_temporary_ids}
PUT    /limits                   {"attachment_bytes"?, "simple_upload_bytes"?, "query_results"?}
PUT    /throttle                 {"delay_seconds"?, "remaining"?, "limit"?, "reset_in_seconds"?, "retry_after"?}
GET    /attachments
PUT    /service_hooks            {"time_scale"?, "timeout_seconds"?, "shuffle"?, "duplicate"?, "drop"?, "paused"?}
POST   /service_hooks/flush      {"timeout_seconds"?} -> {"idle": bool}
GET    /service_hooks/deliveries
POST   /service_hooks/redeliver  {"notification", "subscription_id"?}
DELETE /all                      back to the seed
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from local.azure_devops import recycle_bin
from local.azure_devops.answers import ServiceError, json_response
from local.azure_devops.control_input import Given, Misuse
from local.azure_devops.edits import edit, engineer
from local.azure_devops.json_patch import read_document
from local.azure_devops.organization import BATCH_MODES, Throttle
from local.azure_devops.rendering import View
from local.azure_devops.sandbox import Sandbox
from local.azure_devops.saving import Save
from local.azure_devops.seed import add_projects
from local.azure_devops.times import timestamp
from local.azure_devops.tokens import KINDS
from local.azure_devops.work_items import ATTACHED_FILE

_FLUSH_SECONDS = 30.0
_ROUTES = (
    ("/tokens", "POST", "_add_token"),
    ("/tokens/<token>", "DELETE", "_revoke_token"),
    ("/organization", "PUT", "_rename"),
    ("/clock", "POST", "_let_time_pass"),
    ("/identity", "PUT", "_set_identity"),
    ("/projects", "POST", "_add_projects"),
    ("/areas", "POST", "_add_areas"),
    ("/areas/visibility", "PUT", "_show_area"),
    ("/work_items", "GET", "_list_work_items"),
    ("/work_items", "POST", "_add_work_items"),
    ("/edit", "POST", "_edit"),
    ("/delete", "POST", "_delete"),
    ("/restore", "POST", "_restore"),
    ("/batch", "PUT", "_set_batch"),
    ("/limits", "PUT", "_set_limits"),
    ("/throttle", "PUT", "_set_throttle"),
    ("/attachments", "GET", "_list_attachments"),
    ("/service_hooks", "PUT", "_set_hooks"),
    ("/service_hooks/flush", "POST", "_flush"),
    ("/service_hooks/deliveries", "GET", "_list_deliveries"),
    ("/service_hooks/redeliver", "POST", "_redeliver"),
    ("/all", "DELETE", "_reset"),
)
"""Path, method and the method of Control that answers."""


@cache
def _addresses() -> Map:
    return Map([Rule(f"/_control{path}", methods=[method], endpoint=name) for path, method, name in _ROUTES])


class Control:
    """The handlers by path and method."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def answer(self, request: Request) -> Response:
        """Answer a request. An invalid one is answered with 400 and the reason."""
        try:
            name, arguments = _addresses().bind_to_environ(request.environ).match()
            value = getattr(self, name)(Given(request), **arguments)
        except Misuse as misuse:
            return json_response({"error": str(misuse)}, 400)
        except ServiceError as refusal:
            return json_response({"error": refusal.message}, refusal.status)
        except HTTPException as refusal:
            return json_response({"error": refusal.description}, refusal.code or 400)
        return Response(status=204) if value is None else json_response(value)

    def _add_token(self, given: Given) -> dict[str, str]:
        token, kind = given.text("token"), given.one_of("kind", tuple(KINDS))
        self._sandbox.organization.tokens.add(token, kind)
        return {"kind": kind}

    def _revoke_token(self, given: Given, token: str) -> None:
        if not self._sandbox.organization.tokens.revoke(token):
            raise Misuse("there is no such token")

    def _rename(self, given: Given) -> dict[str, str]:
        organization = self._sandbox.organization
        with organization.lock:
            organization.name = given.text("name").casefold()
            return {"name": organization.name}

    def _set_identity(self, given: Given) -> dict[str, Any]:
        tokens = self._sandbox.organization.tokens
        tokens.lifetime_seconds = given.number("token_lifetime_seconds", tokens.lifetime_seconds)
        if given.flag("expire_issued", default=False):
            tokens.expire_issued()
        return {"token_lifetime_seconds": tokens.lifetime_seconds}

    def _let_time_pass(self, given: Given) -> dict[str, str]:
        organization = self._sandbox.organization
        with organization.lock:
            organization.clock_ahead += timedelta(seconds=given.whole_number("seconds"))
            return {"now": timestamp(organization.now())}

    def _add_projects(self, given: Given) -> dict[str, Any]:
        organization = self._sandbox.organization
        if given.has("count"):
            prefix = given.text("prefix", "Project ")
            names = [f"{prefix}{number:03}" for number in range(1, given.whole_number("count") + 1)]
        else:
            names = [given.text("name")]
        with organization.lock:
            if any(organization.find_project(name) for name in names):
                raise Misuse("there is a project with that name already")
            return {
                "projects": [{"id": one.id, "name": one.name} for one in add_projects(organization, names)]
            }

    def _add_areas(self, given: Given) -> dict[str, Any]:
        organization = self._sandbox.organization
        with organization.lock:
            tree = organization.project(given.text("project")).areas
            paths = given.texts("paths") if given.has("paths") else []
            count = given.whole_number("count") if given.has("count") else 0
            paths += [f"Area {number:05}" for number in range(1, count + 1)]
            if not paths:
                raise Misuse("paths or count is needed")
            below = [path.strip("\\").split("\\") for path in paths]
            root = tree.root.name.casefold()
            added = [tree.add(names[1:] if names[0].casefold() == root else names) for names in below]
            return {"areas": [node.work_item_path for node in added]}

    def _show_area(self, given: Given) -> dict[str, bool]:
        organization = self._sandbox.organization
        user, path = organization.tokens.user_of(given.text("token")), given.text("area")
        with organization.lock:
            tree = organization.project(path.partition("\\")[0]).areas
            area = tree.find_work_item_path(path)
            if user is None or area is None:
                raise Misuse("there is no such token" if user is None else "there is no such area")
            visible = given.flag("visible", default=True)
            area.hidden_from = area.hidden_from - {user.id} if visible else area.hidden_from | {user.id}
        return {"visible": visible}

    def _list_work_items(self, given: Given) -> dict[str, Any]:
        organization = self._sandbox.organization
        view = View(organization, given.base(organization), "all", shows_formats=True)
        with organization.lock:
            items = [
                {**view.work_item(item), "deleted": item.is_deleted, "updates": len(item.updates)}
                for item in organization.work_items.values()
            ]
        return {"work_items": items}

    def _add_work_items(self, given: Given) -> dict[str, Any]:
        organization = self._sandbox.organization
        count, title = given.whole_number("count"), given.text("title", "Work item")
        kind, caller = given.text("type", "User Story"), engineer(given.value("as"))
        base = given.base(organization)
        ids = []
        with organization.lock:
            project = organization.project(given.text("project", "Fabrikam"))
            for number in range(1, count + 1):
                operation = {"op": "add", "path": "/fields/System.Title", "value": f"{title} {number}"}
                save = Save(organization, caller)
                draft = save.create(project, kind, read_document([operation]))
                ids.append(save.commit(base)[draft.id].id)
        return {"ids": ids}

    def _edit(self, given: Given) -> dict[str, Any]:
        organization = self._sandbox.organization
        base, operations = given.base(organization), given.value("operations") or []
        if not isinstance(operations, list):
            raise Misuse("operations must be a list of JSON Patch operations")
        fields = given.object("fields") if given.has("fields") else {}
        caller = engineer(given.value("as"))
        item = edit(organization, given.whole_number("id"), fields, operations, caller, base)
        return View(organization, base, "all", shows_formats=True).work_item(item)

    def _delete(self, given: Given) -> dict[str, Any]:
        organization = self._sandbox.organization
        base, caller = given.base(organization), engineer(given.value("as"))
        with organization.lock:
            item = organization.work_item(given.whole_number("id"))
            recycle_bin.delete(organization, item, caller, base)
            return recycle_bin.deleted_reference(item, base)

    def _restore(self, given: Given) -> dict[str, Any]:
        organization = self._sandbox.organization
        base, caller = given.base(organization), engineer(given.value("as"))
        with organization.lock:
            item = recycle_bin.restore(organization, given.whole_number("id"), caller, base)
        return View(organization, base, "all").work_item(item)

    def _set_batch(self, given: Given) -> dict[str, str]:
        mode = given.one_of("mode", BATCH_MODES)
        self._sandbox.organization.batch_mode = mode
        return {"mode": mode}

    def _set_limits(self, given: Given) -> dict[str, int]:
        organization = self._sandbox.organization
        files = organization.attachments
        files.limit_bytes = given.whole_number("attachment_bytes", files.limit_bytes)
        files.simple_limit_bytes = given.whole_number("simple_upload_bytes", files.simple_limit_bytes)
        organization.query_result_limit = given.whole_number("query_results", organization.query_result_limit)
        return {
            "attachment_bytes": files.limit_bytes,
            "simple_upload_bytes": files.simple_limit_bytes,
            "query_results": organization.query_result_limit,
        }

    def _set_throttle(self, given: Given) -> dict[str, Any]:
        names = ("delay_seconds", "remaining", "limit", "reset_in_seconds", "retry_after")
        values = given.only(names)
        for name, value in values.items():
            if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
                raise Misuse(f"{name} must be a number or null")
        self._sandbox.organization.throttle = replace(Throttle(), **values)
        return values

    def _list_attachments(self, given: Given) -> dict[str, Any]:
        organization = self._sandbox.organization
        with organization.lock:
            owners = [
                (item.id, relation.url)
                for item in organization.work_items.values()
                for relation in item.current.relations
                if relation.rel == ATTACHED_FILE
            ]
            files = [
                {
                    "id": file.id,
                    "name": file.name,
                    "size": file.size,
                    "sha256": file.digest.hexdigest(),
                    "complete": file.is_complete,
                    "work_items": [number for number, url in owners if url == file.id],
                }
                for file in organization.attachments.all()
            ]
        return {"attachments": files}

    def _set_hooks(self, given: Given) -> dict[str, Any]:
        hooks = self._sandbox.hooks
        settings = hooks.settings
        for name in ("shuffle", "duplicate", "drop", "paused"):
            setattr(settings, name, given.flag(name, default=getattr(settings, name)))
        for name in ("time_scale", "timeout_seconds"):
            setattr(settings, name, given.number(name, getattr(settings, name)))
        hooks.wake()
        return vars(settings)

    def _flush(self, given: Given) -> dict[str, bool]:
        return {"idle": self._sandbox.hooks.flush(given.number("timeout_seconds", _FLUSH_SECONDS))}

    def _list_deliveries(self, given: Given) -> dict[str, Any]:
        return {"deliveries": self._sandbox.hooks.deliveries()}

    def _redeliver(self, given: Given) -> dict[str, Any]:
        subscription_id = given.value("subscription_id")
        if not self._sandbox.hooks.redeliver(given.whole_number("notification"), subscription_id):
            raise Misuse("there is no such notification")
        return {"queued": True}

    def _reset(self, given: Given) -> None:
        self._sandbox.reset()
