"""Attachments: uploaded over the API, downloaded by anybody who knows the token in their URL.

A storage host serves the download address; here it is another path. It refuses a request that
carries an Authorization header, as the real one does (thoroughcare/aha-cli).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wrappers import Request, Response

from local.aha.account import Account
from local.aha.call import Call, Route, html_not_found, json_response
from local.aha.errors import RecordNotFound, Refusal
from local.aha.file_content import StoredContent
from local.aha.records import Attachment
from local.faults import cut_connection

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def post_attachment(call: Call, identifier: str) -> Response:
    """A file for a description, as multipart form or by link; the same file again is a duplicate."""
    _, description = call.account.note(identifier)
    attachment = _uploaded(call)
    for other in description.attachments:
        if _digest(other) == _digest(attachment):
            url = f"{call.base}/attachments/{other.id}/token/{other.token}?size=original"
            duplicate = {
                "status": "duplicate",
                "success": False,
                "attachmentId": other.id,
                "attachmentUrl": url,
            }
            return json_response(duplicate, 412)
    description.attachments.append(attachment)
    return json_response({"attachment": call.show.attachment(attachment)})


def _uploaded(call: Call) -> Attachment:
    upload = call.request.files.get("attachment[data]")
    if upload is not None:
        content = StoredContent(upload.read())
        return call.account.new_attachment(upload.filename or "file", upload.mimetype, content)
    form = {
        name: call.request.form.get(f"attachment[{name}]")
        for name in ("file_url", "content_type", "file_name")
    }
    in_body = call.body().get("attachment")
    if isinstance(in_body, dict):
        form |= {name: str(in_body[name]) for name in form if in_body.get(name)}
    if not form["file_url"]:
        raise Refusal(400, "param is missing or the value is empty: attachment")
    link = form["file_url"]
    file_name = form["file_name"] or link.rpartition("/")[2] or "link"
    attachment = call.account.new_attachment(
        file_name, form["content_type"] or "application/octet-stream", StoredContent(b"")
    )
    attachment.redirect_to = link
    return attachment


def _digest(attachment: Attachment) -> str:
    digest = hashlib.sha256((attachment.redirect_to or "").encode())
    for piece in attachment.content.pieces(0, attachment.content.size):
        digest.update(piece)
    return digest.hexdigest()


def get_attachment(call: Call, identifier: str) -> Response:
    """One attachment of any record (observed, not documented)."""
    return json_response({"attachment": call.show.attachment(call.account.attachment(identifier))})


def delete_attachment(call: Call, identifier: str) -> Response:
    """Takes a file off its record."""
    attachment = call.account.attachment(identifier)
    for record in call.account.records():
        for attached in (record.attachments, record.description.attachments):
            if attachment in attached:
                attached.remove(attachment)
    return Response(status=204)


ROUTES: list[Route] = [
    ("POST", "/notes/<identifier>/attachments", post_attachment),
    ("GET", "/attachments/<identifier>", get_attachment),
    ("DELETE", "/attachments/<identifier>", delete_attachment),
]


def download(account: Account, request: Request, identifier: str, token: str) -> Response:
    """The answer of a download URL: the bytes, a redirect to them, or a refusal."""
    with account.lock:
        try:
            attachment = account.attachment(identifier)
        except RecordNotFound:
            return html_not_found()
        by_redirect, ranges = account.behaviour.attachments_by_redirect, account.behaviour.ranges
    if attachment.behaviour == "expired" or token in attachment.retired_tokens:
        return Response("The link has expired.", status=403, content_type="text/plain; charset=utf-8")
    known = token in (attachment.token, attachment.inline_token)
    if not known or attachment.behaviour in ("purged", "access_denied"):
        return _redirect("/access_denied")
    if attachment.redirect_to is not None:
        return _redirect(attachment.redirect_to)
    if by_redirect:
        return _redirect(f"/storage/{identifier}/{token}/{quote(attachment.file_name, safe='')}")
    return _content(attachment, request, ranges)


def download_from_storage(account: Account, request: Request, identifier: str, token: str) -> Response:
    """The storage host's answer; the signature in its URL is the only key it takes."""
    if "Authorization" in request.headers:
        problem = (
            "<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>"
        )
        return Response(problem, status=400, content_type="application/xml")
    with account.lock:
        try:
            attachment = account.attachment(identifier)
        except RecordNotFound:
            return _storage_refusal()
        ranges = account.behaviour.ranges
    if token not in (attachment.token, attachment.inline_token):
        return _storage_refusal()
    return _content(attachment, request, ranges)


def access_denied() -> Response:
    """The error page that a purged file leads to."""
    page = "<!DOCTYPE html><html><body><h1>Record not found</h1></body></html>"
    return Response(page, status=500, content_type="text/html; charset=utf-8")


def _storage_refusal() -> Response:
    problem = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    return Response(problem, status=403, content_type="application/xml")


def _redirect(location: str) -> Response:
    response = Response(status=302, headers={"Location": location})
    # A redirect inside the sandbox is written with the host, as the original's are.
    response.autocorrect_location_header = True
    return response


def _content(attachment: Attachment, request: Request, ranges: bool) -> Response:
    size = attachment.content.size
    start, stop, status = 0, size, 200
    headers = {
        "ETag": f'"{attachment.id}"',
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(attachment.file_name, safe='')}",
    }
    if ranges:
        headers["Accept-Ranges"] = "bytes"
        if request.range is not None:
            wanted = request.range.range_for_length(size)
            if wanted is None:
                return RequestedRangeNotSatisfiable(size).get_response(request.environ)
            start, stop = wanted
            status = 206
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    headers["Content-Length"] = str(stop - start)
    pieces = attachment.content.pieces(start, stop)
    if attachment.behaviour.startswith("cut_after:"):
        pieces = _cut_after(int(attachment.behaviour.partition(":")[2]), pieces, request.environ)
    return Response(pieces, status=status, headers=headers, content_type=attachment.content_type)


def _cut_after(count: int, pieces: Iterator[bytes], environ: WSGIEnvironment) -> Iterator[bytes]:
    for piece in pieces:
        if len(piece) > count:
            yield piece[:count]
            raise cut_connection(environ)
        count -= len(piece)
        yield piece
