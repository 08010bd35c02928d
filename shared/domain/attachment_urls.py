"""Read attachment ids and file names from the URLs of attachments.

Aha!: `https://{account}.aha.io/attachments/{id}/token/{token}.download?size=original`. Two URLs of one attachment may
differ in token and size. Azure DevOps: `{organization}[/{project}]/_apis/wit/attachments/{GUID}`, in any case, with or
without a `fileName` (https://learn.microsoft.com/rest/api/azure/devops/wit/attachments/create), or the older
`…/WorkItemTracking/v1.0/AttachFileHandler.ashx?FileNameGuid={GUID}`, which leads to the same file.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl, unquote, urlsplit

from shared.domain.organization_urls import Organization

_AHA_DOMAIN = ".aha.io"
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FILE_HANDLER = "attachfilehandler.ashx"


def host_of(url: str) -> str:
    """Host and port of a URL in lower case, empty if it has no host."""
    try:
        return urlsplit(url).netloc.casefold()
    except ValueError:
        return ""


def aha_attachment_id(url: str, aha_host: str) -> str | None:
    """The id of the attachment that an Aha! URL leads to; None for any other URL.

    `aha_host` is the host of the integration's account. Every host below aha.io counts as Aha! too.
    """
    try:
        parts = urlsplit(url)
        host = parts.netloc.casefold()
        is_of_aha = (parts.hostname or "").endswith(_AHA_DOMAIN) or (bool(aha_host) and host == aha_host)
    except ValueError:
        return None
    _, kind, attachment_id, *rest = [*parts.path.split("/"), "", "", ""][:4]
    if parts.scheme not in ("http", "https") or not is_of_aha or kind != "attachments" or not rest[0]:
        return None
    is_id = attachment_id.isascii() and attachment_id.isalnum()
    return attachment_id if is_id else None


def azure_devops_attachment_id(url: str) -> str | None:
    """The id, in lower case, of the attachment that an Azure DevOps URL leads to; None for any other URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    *_, api, area, kind, name = ["", "", "", "", *parts.path.casefold().rstrip("/").split("/")]
    if name == _FILE_HANDLER:
        name = _parameter(parts.query, "filenameguid").casefold()
    elif (api, area, kind) != ("_apis", "wit", "attachments"):
        return None
    return name or None


def organization_file_key(url: str, organization: Organization) -> str | None:
    """What identifies a file of the organization: its attachment's GUID, else 32 hexadecimal digits of its path.

    None for a URL of another host.
    """
    place = organization.path_of(url)
    if place is None:
        return None
    attachment_id = azure_devops_attachment_id(url)
    if attachment_id is not None and _GUID.fullmatch(attachment_id):
        return attachment_id
    path = "/".join(place.segments)
    return hashlib.sha256(f"{path}?{place.query}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def azure_devops_file_name(url: str) -> str:
    """The file name in the URL of a file in Azure DevOps, empty if it has none.

    A parameter has it, else the path: of a file in a repository, in a parameter too, or of the URL.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    named = _parameter(parts.query, "filename")
    if named:
        return named
    last = (_parameter(parts.query, "path") or unquote(parts.path)).rsplit("/", 1)[-1]
    return last if "." in last and last.casefold() != _FILE_HANDLER else ""


def _parameter(query: str, wanted: str) -> str:
    """The first value of a parameter, whose name is in any case; empty if there is none."""
    try:
        parameters = parse_qsl(query)
    except ValueError:
        return ""
    return next((value for name, value in parameters if name.casefold() == wanted), "")


def is_same_upload(one: str, other: str) -> bool:
    """Whether two Azure DevOps URLs lead to the same attachment."""
    first = azure_devops_attachment_id(one)
    return one == other or (first is not None and first == azure_devops_attachment_id(other))
