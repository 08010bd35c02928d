"""Uploading and downloading attachments."""

from __future__ import annotations

import re

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from local.azure_devops.answers import ModelError, json_response, work_item_error
from local.azure_devops.attachments import Attachment, content_disposition
from local.azure_devops.exchange import Exchange
from local.azure_devops.permissions import check_may_save
from local.azure_devops.routes import rules
from local.azure_devops.tokens import WORK_WRITE
from local.azure_devops.work_items import ATTACHED_FILE

_OLDER_ADDRESS = "/workitemtracking/v1.0/attachfilehandler.ashx"
_COLLECTIONS = ("/<organization>", "/<organization>/<project>")
_REFUSED_IN_NAMES = re.compile('[\x00-\x1f"*:<>?|]')
_MEDIA_TYPES = ("application/octet-stream", "application/json", "")


def upload(exchange: Exchange) -> Response:
    """Take a whole file, or begin a chunked upload; 201 with `{id, url}`."""
    media_type = (exchange.request.content_type or "").partition(";")[0].strip().casefold()
    if media_type not in _MEDIA_TYPES:
        raise ModelError(
            415, f"The request entity's media type '{media_type}' is not supported for this resource."
        )
    _check_permission(exchange)
    name = exchange.request.args.get("fileName") or "attachment"
    _check_name(name)
    kind = exchange.request.args.get("uploadType", "simple").casefold()
    files, uploader = exchange.organization.attachments, exchange.caller.identity
    if kind == "chunked":
        attachment = files.start_chunked(name, uploader)
    elif kind == "simple":
        attachment = files.add_simple(name, uploader, exchange.request.stream)
    else:
        raise ModelError(400, f"The value '{kind}' is not valid for uploadType.")
    return _reference(exchange, attachment, 201)


def _check_name(name: str) -> None:
    """Names with these characters are refused elsewhere in the service (azure-pipelines-agent#1847)."""
    if _REFUSED_IN_NAMES.search(name) or len(name) > 255:
        raise ModelError(400, f"The file name '{name[:255]}' contains invalid characters or is too long.")


def upload_chunk(exchange: Exchange) -> Response:
    """Take the next chunk of a file."""
    attachment = _addressed(exchange)
    content_range = exchange.request.headers.get("Content-Range", "")
    exchange.organization.attachments.add_chunk(attachment, content_range, exchange.request.stream)
    return _reference(exchange, attachment, 200)


def download(exchange: Exchange) -> Response:
    """The content of a file."""
    attachment = _addressed(exchange)
    if not attachment.is_complete:
        raise _missing(attachment.id)
    name = exchange.request.args.get("fileName") or attachment.name
    response = Response(attachment.read(), content_type="application/octet-stream")
    response.content_length = attachment.size
    disposition = "attachment" if exchange.flag("download") else "inline"
    response.headers["Content-Disposition"] = content_disposition(disposition, name)
    return response


def download_by_older_address(exchange: Exchange) -> Response:
    """The content of a file, by the address that images pasted years ago still have (vsts-work-item-migrator#55)."""
    parameters = {name.casefold(): value for name, value in exchange.request.args.items()}
    exchange.arguments["id"] = parameters.get("filenameguid", "")
    return download(exchange)


def is_related(exchange: Exchange, attachment: Attachment) -> bool:
    """Whether a work item has the file."""
    with exchange.organization.lock:
        return any(
            relation.rel == ATTACHED_FILE and relation.url == attachment.id
            for item in exchange.organization.work_items.values()
            for relation in item.current.relations
        )


def _addressed(exchange: Exchange) -> Attachment:
    """The file of the URL. If no work item has it, only its uploader can see it."""
    attachment = exchange.organization.attachments.find(exchange.arguments["id"])
    if attachment is None:
        raise _missing(exchange.arguments["id"])
    if attachment.uploader != exchange.caller.identity and not is_related(exchange, attachment):
        raise _missing(attachment.id)
    return attachment


def _missing(attachment_id: str) -> Exception:
    # The text is unconfirmed.
    return work_item_error(
        404, f"The attachment {attachment_id} does not exist.", "AttachmentNotFoundException"
    )


def _check_permission(exchange: Exchange) -> None:
    """The area of the future work item. Without one, the caller must have the right in at least one area."""
    path, area = exchange.request.args.get("areaPath"), None
    if path and exchange.project is not None:
        area = exchange.project.areas.at_work_item_path(path, -1, "System.AreaPath")
    check_may_save(exchange.caller, area)


def _reference(exchange: Exchange, attachment: Attachment, status: int) -> Response:
    return json_response({"id": attachment.id, "url": attachment.url(exchange.base)}, status)


def attachment_rules() -> list[Rule]:
    """The routes of this module."""
    one = "/wit/attachments/<id>"
    return [
        *rules("/wit/attachments", upload, "POST", scope=WORK_WRITE),
        *rules(one, upload_chunk, "PUT", scope=WORK_WRITE),
        *rules(one, download, "GET"),
        *rules(_OLDER_ADDRESS, download_by_older_address, "GET", prefixes=_COLLECTIONS),
    ]
