"""The pages for people: the list of features, and the page of a feature or requirement."""

from __future__ import annotations

import re
from pathlib import Path

from werkzeug.wrappers import Request, Response

from local.aha.call import html_not_found

_TYPES = {".css": "text/css", ".js": "text/javascript", ".html": "text/html"}
_FILES = re.compile(r"/_board/((?:board|page|record|extension)\.(?:css|js))")
_LISTS = re.compile(r"/|/(releases|products)/[^/]+")
_RECORDS = re.compile(r"/(features|requirements)/[^/]+")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY.format(styles="'self'"),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
# On a record's page, views of extensions include their styles, as in Aha!.
_RECORD_HEADERS = {**_HEADERS, "Content-Security-Policy": _POLICY.format(styles="'self' 'unsafe-inline'")}


def answer(request: Request) -> Response:
    """The list of features, a record's page, or a file of these pages."""
    name = _file_name(request.path)
    path = Path(__file__).parent / "board" / name
    if request.method != "GET" or not name or not path.is_file():
        return html_not_found()
    content_type = f"{_TYPES[path.suffix]}; charset=utf-8"
    headers = _RECORD_HEADERS if name == "record.html" else _HEADERS
    return Response(path.read_bytes(), headers=headers, content_type=content_type)


def _file_name(path: str) -> str:
    if file := _FILES.fullmatch(path):
        return file[1]
    if _RECORDS.fullmatch(path):
        return "record.html"
    return "index.html" if _LISTS.fullmatch(path) else ""
