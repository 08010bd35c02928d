"""The control API of the sandbox for tests and people: `/_control/…`, without a token and without limits."""

from __future__ import annotations

import re
from typing import Any

from werkzeug.wrappers import Response

from local.aha import seed
from local.aha.call import Call, Route, json_response
from local.aha.changes import update_record
from local.aha.errors import RecordNotFound, Refusal
from local.aha.events import EVENTS, RELEASE_EVENTS, STYLES, feature_event, release_event
from local.aha.file_content import GeneratedContent, StoredContent
from local.aha.inline_images import image_markup
from local.aha.records import Attachment, Feature, Record, Requirement, User, time_text
from local.aha.writes import Writes

_BEHAVIOURS = re.compile(r"ok|purged|expired|access_denied|cut_after:\d+")


def get_behaviour(call: Call) -> Response:
    """All switches."""
    return json_response(call.account.behaviour.to_json())


def put_behaviour(call: Call) -> Response:
    """Sets the named switches. The others stay as they are."""
    try:
        call.account.behaviour.change(_document(call))
    except ValueError as error:
        raise Refusal(400, str(error)) from None
    return get_behaviour(call)


def get_rate_limit(call: Call) -> Response:
    """Both limits. null means no limit."""
    limit = call.account.rate_limit
    return json_response({"per_second": limit.per_second, "per_minute": limit.per_minute})


def put_rate_limit(call: Call) -> Response:
    """Sets the named limits and starts counting again."""
    document = _document(call)
    limit = call.account.rate_limit
    values = [document.get(name, getattr(limit, name)) for name in ("per_second", "per_minute")]
    for value in values:
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            raise Refusal(400, "per_second and per_minute must be whole numbers or null")
    limit.change(*values)
    return get_rate_limit(call)


def list_records(call: Call) -> Response:
    """All features, each followed by its requirements in their order, hidden ones too."""
    return json_response({"records": [_summary(call, record) for record in call.account.records()]})


def _summary(call: Call, record: Record) -> dict[str, Any]:
    files = [*record.attachments, *record.description.attachments]
    return {
        "id": record.id,
        "reference_num": record.reference_num,
        "kind": record.kind,
        "feature": record.feature.reference_num if isinstance(record, Requirement) else None,
        "name": record.name,
        "description": call.show.description(record.description)["body"],
        "status": record.status.name,
        "updated_at": time_text(record.updated_at),
        "puts": record.puts,
        "hidden": not record.is_visible,
        "attachments": [call.show.attachment(attachment) for attachment in files],
        "integration_fields": [call.show.integration_field(field) for field in record.integration_fields],
        **call.show.address(record),
    }


def edit(call: Call) -> Response:
    """A person's edit in Aha!, through the same checks as a PUT; `hidden` takes the record out of sight."""
    document = _document(call)
    record = call.account.any_record(str(document.get("id")))
    user = _user(call, document.get("as"))
    keys = {"name": "name", "description": "description", "status": "workflow_status"}
    values = {written: document[given] for given, written in keys.items() if given in document}
    changes = update_record(call.account, record, values)
    if isinstance(document.get("hidden"), bool):
        record.hidden = document["hidden"]
    call.activity.report(record, "update", changes, user, call.base)
    return json_response({record.kind: call.show.record(record)})


def put_writes(call: Call) -> Response:
    """How a record (`id`) takes writes from now on; see `local.aha.writes`. Without other keys, as usual."""
    document = _document(call)
    record = call.account.any_record(str(document.get("id")))
    try:
        record.writes = Writes.from_json(document)
    except ValueError as error:
        raise Refusal(400, str(error)) from None
    return Response(status=204)


def _user(call: Call, email: object) -> User:
    user = call.user if email is None else call.account.user(email)
    if user is None:
        raise Refusal(400, f"as must be one of {[user.email for user in call.account.users]}")
    return user


def post_attachment(call: Call) -> Response:
    """A file on a record or its description, of given text or generated to a size, with a behaviour."""
    document = _document(call)
    record = call.account.any_record(str(document.get("record")))
    where = document.get("where", "record")
    if where not in ("record", "description"):
        raise Refusal(400, 'where must be "record" or "description"')
    attachment = _new_attachment(call, document)
    if document.get("listed", True):
        (record.attachments if where == "record" else record.description.attachments).append(attachment)
    if document.get("inline", False):
        call.account.unlisted_attachments.append(attachment)
        record.description.body += f"<p>{image_markup(attachment)}</p>"
    record.touch()
    return json_response({"attachment": call.show.attachment(attachment)})


def _new_attachment(call: Call, document: dict[str, Any]) -> Attachment:
    file_name, size, text = document.get("file_name"), document.get("size"), document.get("content")
    if not isinstance(file_name, str) or not file_name:
        raise Refusal(400, "file_name is needed")
    if (text is None) == (size is None):
        raise Refusal(400, "exactly one of size and content is needed")
    if text is not None and not isinstance(text, str):
        raise Refusal(400, "content must be text")
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
        raise Refusal(400, "size must be a number of bytes")
    content = GeneratedContent(size) if size is not None else StoredContent(str(text).encode())
    content_type = str(document.get("content_type", "application/octet-stream"))
    attachment = call.account.new_attachment(file_name, content_type, content)
    _set_behaviour(attachment, document)
    return attachment


def _set_behaviour(attachment: Attachment, document: dict[str, Any]) -> None:
    behaviour = document.get("behaviour", attachment.behaviour)
    if not isinstance(behaviour, str) or not _BEHAVIOURS.fullmatch(behaviour):
        raise Refusal(400, "behaviour must be ok, purged, expired, access_denied or cut_after:BYTES")
    attachment.behaviour = behaviour
    redirect_to = document.get("redirect_to", attachment.redirect_to)
    attachment.redirect_to = None if redirect_to is None else str(redirect_to)


def put_attachment(call: Call, identifier: str) -> Response:
    """Changes how a file behaves; `new_token` makes the URLs that were given out expire."""
    document = _document(call)
    attachment = call.account.attachment(identifier)
    _set_behaviour(attachment, document)
    if document.get("new_token") is True:
        attachment.renew_token()
    return json_response({"attachment": call.show.attachment(attachment)})


def get_event(call: Call, identifier: str) -> Response:
    """The event that Aha! would send for a feature (`?event=`, `?style=current|older`) or a release (`?event=`)."""
    event, style = call.request.args.get("event"), call.request.args.get("style", "current")
    if event in RELEASE_EVENTS:
        return json_response(release_event(call.show, call.account.release(identifier), event))
    record = call.account.any_record(identifier)
    if not isinstance(record, Feature):
        raise RecordNotFound
    if (event is not None and event not in EVENTS) or style not in STYLES:
        raise Refusal(400, f"event must be one of {(*EVENTS, *RELEASE_EVENTS)}, style one of {STYLES}")
    return json_response(feature_event(call.show, record, event, style))


def list_activity_webhooks(call: Call) -> Response:
    """The subscriptions, with how many events reached them."""
    return json_response({"activity_webhooks": [item.to_json() for item in call.activity.subscriptions()]})


def post_activity_webhook(call: Call) -> Response:
    """Every later change is reported to the URL."""
    document = _document(call)
    url = document.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise Refusal(400, "url must be an http(s) URL")
    with_associated = document.get("with_associated", True) is True
    return json_response({"id": call.activity.subscribe(url, with_associated=with_associated).id})


def delete_activity_webhooks(call: Call) -> Response:
    """Stops reporting."""
    call.activity.clear()
    return Response(status=204)


def delete_all(call: Call) -> Response:
    """Back to what a new sandbox holds: records, switches, limits, subscriptions."""
    call.activity.clear()
    seed.fill(call.account)
    return Response(status=204)


def _document(call: Call) -> dict[str, Any]:
    document = call.request.get_json(force=True, silent=True)
    if not isinstance(document, dict):
        raise Refusal(400, "the body must be a JSON object")
    return document


ROUTES: list[Route] = [
    ("GET", "/behaviour", get_behaviour),
    ("PUT", "/behaviour", put_behaviour),
    ("GET", "/rate_limit", get_rate_limit),
    ("PUT", "/rate_limit", put_rate_limit),
    ("GET", "/records", list_records),
    ("POST", "/edit", edit),
    ("PUT", "/writes", put_writes),
    ("POST", "/attachments", post_attachment),
    ("PUT", "/attachments/<identifier>", put_attachment),
    ("GET", "/events/<identifier>", get_event),
    ("GET", "/activity_webhooks", list_activity_webhooks),
    ("POST", "/activity_webhooks", post_activity_webhook),
    ("DELETE", "/activity_webhooks", delete_activity_webhooks),
    ("DELETE", "/all", delete_all),
]
