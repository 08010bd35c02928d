"""The board page: it shows work items to people, who can change titles and states."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Request, Response

from local.azure_devops.answers import ServiceError, json_response, not_found_page
from local.azure_devops.attachments import content_disposition
from local.azure_devops.edits import edit, engineer
from local.azure_devops.field_definitions import HTML, field_named
from local.azure_devops.rendering import View
from local.azure_devops.sandbox import Sandbox
from local.azure_devops.times import timestamp
from local.azure_devops.work_items import ATTACHED_FILE, CHILD, HYPERLINK, PARENT, Relation, WorkItem

_FILES = Path(__file__).parent / "board_page"
_ASSETS = {"board.css": "text/css", "board.js": "text/javascript"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; frame-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
# A description comes from outside, so the page runs no script of it, has no form and loads only images.
_DESCRIPTION_POLICY = "sandbox; default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'"
WORK_ITEM_PAGE = r"/[^/]+/[^/]+/_workitems/edit/\d+"
"""Path of the page that `_links.html` of a work item leads to."""
_ATTACHMENT = re.compile(
    r"https?://[^\s\"<>]+/(?:_apis/wit/attachments/|AttachFileHandler\.ashx\?FileNameGuid=)"
    r"([0-9a-f-]{36})(?:[?&][^\s\"<>]*)?",
    re.IGNORECASE,
)
_LONG_TEXTS = ("System.Description", "Microsoft.VSTS.TCM.ReproSteps")
_SHOWN_DELIVERIES = 20
_EDITABLE = ("System.Title", "System.State")


class Board:
    """Answers the page, its assets and its data."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def answer(self, request: Request) -> Response:
        """Answer a request for the page or something of it."""
        path = request.path
        response = self._find(request, path)
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    def _find(self, request: Request, path: str) -> Response:
        if request.method in ("GET", "HEAD"):
            if path == "/" or re.fullmatch(WORK_ITEM_PAGE, path):
                return _file("board.html", "text/html")
            if path == "/favicon.ico":
                return Response(status=204)
            name = path.rpartition("/")[2]
            if path == f"/_board/{name}" and name in _ASSETS:
                return _file(name, _ASSETS[name])
            if path == "/_board/state":
                return json_response(self._state(request))
            if path.startswith("/_board/attachments/"):
                return self._attachment(name)
            if path.startswith("/_board/descriptions/"):
                return self._description(name)
        if request.method == "POST" and path == "/_board/edit":
            return self._edit(request)
        return not_found_page()

    def _state(self, request: Request) -> dict[str, Any]:
        organization = self._sandbox.organization
        base = request.host_url + organization.name
        with organization.lock:
            items = [
                self._card(item, base) for item in organization.work_items.values() if not item.is_deleted
            ]
        attempts = self._sandbox.hooks.attempts()
        deliveries = [
            {
                "event_type": attempt.notification.event_type,
                "work_item_id": attempt.notification.work_item_id,
                "notification": attempt.notification.id,
                "attempt": attempt.number,
                "status": attempt.status,
                "error": attempt.error,
                "answer": attempt.answer[:300],
                "milliseconds": round((attempt.ended_at - attempt.started_at) * 1000),
            }
            for attempt in reversed(attempts[-_SHOWN_DELIVERIES:])
        ]
        subscriptions = [
            {"event_type": one.event_type, "status": one.status}
            for one in self._sandbox.hooks.subscriptions()
        ]
        return {"work_items": items, "deliveries": deliveries, "subscriptions": subscriptions}

    def _card(self, item: WorkItem, base: str) -> dict[str, Any]:
        current = item.current
        kind = item.project.type_named(current.type_name)

        def related(rel: str) -> list[Relation]:
            return [relation for relation in current.relations if relation.rel == rel]

        state = kind.state(str(current.fields["System.State"]))
        return {
            "id": item.id,
            "rev": current.rev,
            "title": current.title,
            "type": kind.name,
            "color": kind.color,
            "state": current.fields["System.State"],
            "category": state.category if state else "Proposed",
            "states": [{"name": one.name, "category": one.category} for one in kind.states],
            "project": item.project.name,
            "area": current.area_path,
            "changed_by": current.fields["System.ChangedBy"].display_name,
            "changed_at": timestamp(current.fields["System.ChangedDate"]),
            "parent": next((relation.target for relation in related(PARENT)), None),
            "children": [relation.target for relation in related(CHILD)],
            "page": View(self._sandbox.organization, base).page(item),
            "has_description": any(current.fields.get(name) for name in _LONG_TEXTS),
            "attachments": [self._file_of(relation) for relation in related(ATTACHED_FILE)],
            "links": [relation.url for relation in related(HYPERLINK)],
        }

    @staticmethod
    def _file_of(relation: Relation) -> dict[str, Any]:
        return {
            "name": relation.attributes["name"],
            "size": relation.attributes["resourceSize"],
            "href": f"/_board/attachments/{relation.url}",
        }

    def _attachment(self, attachment_id: str) -> Response:
        file = self._sandbox.organization.attachments.find(attachment_id)
        if file is None or not file.is_complete:
            return not_found_page()
        response = Response(file.read(), content_type="application/octet-stream")
        response.content_length = file.size
        response.headers["Content-Disposition"] = content_disposition("attachment", file.name)
        return response

    def _description(self, text: str) -> Response:
        item = self._sandbox.organization.work_items.get(int(text)) if text.isdecimal() else None
        if item is None or item.is_deleted:
            return not_found_page()
        parts = []
        for name in _LONG_TEXTS:
            value = item.current.fields.get(name)
            if value and field_named(name).kind == HTML:
                is_markdown = item.current.formats.get(name) == "Markdown"
                parts.append(f"<pre>{_escaped(value)}</pre>" if is_markdown else _with_open_images(value))
        style = "<style>body{font:14px/1.5 system-ui,sans-serif;margin:8px}img{max-width:100%}</style>"
        response = Response(
            f"<!DOCTYPE html><meta charset='utf-8'>{style}{''.join(parts)}", mimetype="text/html"
        )
        response.headers["Content-Security-Policy"] = _DESCRIPTION_POLICY
        return response

    def _edit(self, request: Request) -> Response:
        """A person's change. JSON only and from this page only, so that no other site can send it."""
        origin = request.headers.get("Origin", request.host_url.rstrip("/"))
        if request.mimetype != "application/json" or origin != request.host_url.rstrip("/"):
            return json_response({"error": "Only this page can change a work item."}, 403)
        document = request.get_json(silent=True)
        number = document.get("id") if isinstance(document, dict) else None
        fields = document.get("fields") if isinstance(document, dict) else None
        if not isinstance(number, int) or not isinstance(fields, dict) or not set(fields) <= set(_EDITABLE):
            return json_response({"error": "An id, and a title or a state, are needed."}, 400)
        organization = self._sandbox.organization
        base = request.host_url + organization.name
        try:
            item = edit(organization, number, fields, [], engineer(), base)
        except ServiceError as refusal:
            return json_response({"error": refusal.message}, refusal.status)
        return json_response(self._card(item, base))


def _file(name: str, media_type: str) -> Response:
    return Response((_FILES / name).read_bytes(), content_type=f"{media_type}; charset=utf-8")


def _with_open_images(text: str) -> str:
    """The text with pictures that are attachments at the board's own address, which asks for no token."""
    return _ATTACHMENT.sub(r"/_board/attachments/\1", text)


def _escaped(text: str) -> str:
    return str(text).replace("&", "&amp;").replace("<", "&lt;")
