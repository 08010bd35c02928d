"""The files of the configuration page. Only names of existing files are answered, so no path leaves the folder."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path

# azure.functions adds the charset, UTF-8.
_CONTENT_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_PAGE = "index.html"
_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # The browser asks each time whether a file has changed, so that a new version of the app is used at once.
    "Cache-Control": "no-cache",
}


class ConsoleFiles:
    """The files of one folder. Each is read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _known(self) -> dict[str, tuple[str, str, bytes]]:
        """Content type, entity tag and content of each file, by file name."""
        found = {}
        for path in sorted(self._folder.iterdir()):
            content_type = _CONTENT_TYPES.get(path.suffix)
            if content_type and path.is_file():
                content = path.read_bytes()
                found[path.name] = (content_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"', content)
        return found

    @property
    def names(self) -> frozenset[str]:
        """The names of the files."""
        return frozenset(self._known)

    def answer(self, name: str, path: str, if_none_match: str | None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and content for a file name. The empty name is the page itself.

        304 if the caller already has the file (RFC 9110 §13.1.2), 404 if there is no such file. The page's URL must not
        end with a slash, because its files are relative to it: with a slash, the answer is a redirect (308).
        """
        if not name and path.endswith("/"):
            return 308, {**_HEADERS, "Location": "../console"}, b""
        known = self._known.get(name or _PAGE)
        if known is None:
            return 404, dict(_HEADERS), b""
        content_type, tag, content = known
        headers = {**_HEADERS, "ETag": tag}
        tags = {one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")}
        if tag in tags or "*" in tags:
            return 304, headers, b""
        return 200, {**headers, "Content-Type": content_type}, content


CONSOLE = ConsoleFiles(Path(__file__).resolve().parents[2] / "Console" / "static")
"""The deployed files of the configuration page."""
