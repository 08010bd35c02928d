"""Turns the outputs of a function into an HTTP answer, as the host does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response

from local.function_host.cookies import set_cookie_header
from local.function_host.invocation import HttpOutput, Output

_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json; charset=utf-8"


def answer_of(output: Output) -> Response:
    """The answer for a function's http output; none at all is 204."""
    if output is None:
        return empty_answer(204)
    if isinstance(output, HttpOutput):
        return _answer_of_http(output)
    if isinstance(output, bytes):
        return _answer(200, {"content-type": "application/octet-stream"}, output)
    return _answer_of_text(output)


def empty_answer(status: int) -> Response:
    """An answer of the host itself: a status, no body and so no content type."""
    return _answer(status, {}, b"")


def _answer_of_http(output: HttpOutput) -> Response:
    response = _answer(output.status, output.headers, output.body)
    for cookie in output.cookies:
        response.headers.add("Set-Cookie", set_cookie_header(cookie))
    return response


def _answer_of_text(text: str) -> Response:
    """HttpBinding.cs: a text that is JSON is taken as such, and an object with a `body` describes the answer."""
    try:
        value = json.loads(text)
    except ValueError:
        return _answer(200, {"content-type": _TEXT}, text.encode())
    described = {str(key).lower(): entry for key, entry in value.items()} if isinstance(value, dict) else {}
    if "body" not in described:
        return _answer(200, {"content-type": _JSON}, text.encode())
    body = described["body"]
    is_text = isinstance(body, str)
    headers = {"content-type": _TEXT if is_text else _JSON, **_headers(described.get("headers"))}
    status = described.get("statuscode", described.get("status", 200))
    return _answer(_status(status), headers, (body if is_text else json.dumps(body)).encode())


def _headers(value: Any) -> dict[str, str]:
    return {str(name).lower(): str(text) for name, text in value.items()} if isinstance(value, dict) else {}


def _status(value: Any) -> int:
    return int(value) if str(value).isdecimal() and 100 <= int(value) <= 999 else 200


def _answer(status: int, headers: Mapping[str, str], body: bytes) -> Response:
    # Header names are not case-sensitive; the last value counts.
    kept = Headers()
    for name, text in headers.items():
        if name.lower() != "content-length":
            kept.set(name, text)
    has_no_body = status < 200 or status in (204, 304)
    response = Response(b"" if has_no_body else body, status=status)
    response.headers.clear()
    response.headers.extend(kept)
    if not has_no_body:
        response.headers["Content-Length"] = str(len(body))
    return response
