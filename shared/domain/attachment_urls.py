"""What the addresses of attachments say, on either side.

Aha!: `https://{account}.aha.io/attachments/{id}/token/{token}.download?size=original`; the token and the size differ
between the places that name one attachment. Azure DevOps: `{organization}[/{project}]/_apis/wit/attachments/{GUID}`,
with or without a `fileName`, in any case (https://learn.microsoft.com/rest/api/azure/devops/wit/attachments/create).
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

_AHA_DOMAIN = ".aha.io"


def host_of(url: str) -> str:
    """Host and port of an address in lower case, empty where it has none."""
    try:
        return urlsplit(url).netloc.casefold()
    except ValueError:
        return ""


def aha_attachment_id(url: str, aha_host: str) -> str | None:
    """The attachment that an address at Aha! leads to, None for every other address.

    `aha_host` is the host of the integration's account; every host below aha.io is Aha!'s, too.
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
    """The attachment that an address at Azure DevOps leads to, in lower case; None for every other address."""
    try:
        segments = urlsplit(url).path.casefold().rstrip("/").split("/")
    except ValueError:
        return None
    *_, api, area, kind, attachment_id = ["", "", "", "", *segments]
    return attachment_id if (api, area, kind) == ("_apis", "wit", "attachments") and attachment_id else None


def azure_devops_file_name(url: str) -> str:
    """The file name that an address at Azure DevOps bears, empty where it bears none."""
    try:
        query = parse_qs(urlsplit(url).query)
    except ValueError:
        return ""
    names = [values[0] for name, values in query.items() if name.casefold() == "filename"]
    return names[0] if names else ""


def is_same_upload(one: str, other: str) -> bool:
    """Whether two addresses at Azure DevOps lead to the same file."""
    first = azure_devops_attachment_id(one)
    return one == other or (first is not None and first == azure_devops_attachment_id(other))
