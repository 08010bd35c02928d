"""Which URLs belong to an Azure DevOps organization, whatever their path.

An organization has two addresses at Microsoft, `https://dev.azure.com/{account}` and
`https://{account}.visualstudio.com`, beside the configured AZURE_DEVOPS_URL:
https://learn.microsoft.com/azure/devops/extend/develop/work-with-urls. URLs are read as a browser reads them:
https://url.spec.whatwg.org/#concept-basic-url-parser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_DEFAULT_URL = "https://dev.azure.com"
_LEGACY_DOMAIN = ".visualstudio.com"
_DEFAULT_COLLECTION = "defaultcollection"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_IGNORED = re.compile(r"[\t\r\n]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_PARTS_OF_AZURE_DEVOPS = frozenset(("_apis", "workitemtracking", ".attachments"))
"""A relative address with one of these segments leads to a file of the organization, wherever it is shown."""


@dataclass(frozen=True)
class OrganizationPath:
    """Where a URL leads within an organization: the decoded segments of its path, and its query as it is written."""

    segments: tuple[str, ...]
    query: str = ""


@dataclass(frozen=True)
class Organization:
    """An Azure DevOps organization. `base_url` is AZURE_DEVOPS_URL; without a name, no URL belongs to it."""

    name: str = ""
    base_url: str = _DEFAULT_URL

    def path_of(self, url: str) -> OrganizationPath | None:
        """Where a URL leads within the organization; None for a URL of anybody else."""
        if not self.name:
            return None
        address, _, query = _as_browsers_read(url).partition("#")[0].partition("?")
        address = address.replace("\\", "/")
        if address.startswith("//"):
            address = f"https:{address}"
        read = self._segments if _SCHEME.match(address) else self._relative_segments
        segments = read(address)
        if segments is None:
            return None
        is_collection = segments[:1] and segments[0].casefold() == _DEFAULT_COLLECTION
        return OrganizationPath(segments[1:] if is_collection else segments, query)

    def _segments(self, address: str) -> tuple[str, ...] | None:
        """The path of an absolute URL below the organization's address."""
        origin = _origin(address)
        if origin is None:
            return None
        path = _path_segments(urlsplit(address).path)
        if origin == (f"{self.name.casefold()}{_LEGACY_DOMAIN}", None):
            return path
        for base in (_DEFAULT_URL, self.base_url):
            prefix = (*_path_segments(urlsplit(base).path), self.name)
            if origin == _origin(base) and _folded(path[: len(prefix)]) == _folded(prefix):
                return path[len(prefix) :]
        return None

    def _relative_segments(self, address: str) -> tuple[str, ...] | None:
        path = _path_segments(address)
        if address.startswith("/") and path and path[0].casefold() == self.name.casefold():
            return path[1:]
        return path if _PARTS_OF_AZURE_DEVOPS.intersection(_folded(path)) else None


def _as_browsers_read(url: str) -> str:
    return _IGNORED.sub("", url.strip(_C0_AND_SPACE))


def _origin(url: str) -> tuple[str, int | None] | None:
    """Host and port of a web address; the port is None if it is the scheme's own. User info does not count."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        return None
    return host.casefold(), None if port == _DEFAULT_PORTS[parts.scheme] else port


def _path_segments(path: str) -> tuple[str, ...]:
    """The segments of a path, decoded, without empty ones; `.` and `..` are resolved."""
    segments: list[str] = []
    for segment in map(unquote, path.split("/")):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    return tuple(segments)


def _folded(segments: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(segment.casefold() for segment in segments)
