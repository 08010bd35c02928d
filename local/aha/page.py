"""The page for people: features with their requirements, statuses and descriptions."""

from __future__ import annotations

import re
from pathlib import Path

from werkzeug.wrappers import Request, Response

from local.aha.call import html_not_found

_FILES = {
    "/_board/board.css": ("board.css", "text/css; charset=utf-8"),
    "/_board/board.js": ("board.js", "text/javascript; charset=utf-8"),
}
_PAGES = re.compile(r"/|/(features|requirements|releases|products)/[^/]+")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def answer(request: Request) -> Response:
    """The page, also under the address of any record, and its two files."""
    name, content_type = _FILES.get(request.path, ("index.html", "text/html; charset=utf-8"))
    if request.method != "GET" or (request.path not in _FILES and not _PAGES.fullmatch(request.path)):
        return html_not_found()
    content = (Path(__file__).parent / "board" / name).read_bytes()
    return Response(content, headers=_HEADERS, content_type=content_type)
