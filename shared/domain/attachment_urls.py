"""Read attachment ids and file names from the URLs of attachments.

Aha!: `https://{account}.aha.io/attachments/{id}/token/{token}.download?size=original`. Two URLs of one attachment may
differ in token and size. Azure DevOps: `{organization}[/{project}]/_apis/wit/attachments/{GUID}`, in any case, with or
without a `fileName` (https://learn.microsoft.com/rest/api/azure/devops/wit/attachments/create).
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

_AHA_DOMAIN = ".aha.io"


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
        segments = urlsplit(url).path.casefold().rstrip("/").split("/")
    except ValueError:
        return None
    *_, api, area, kind, attachment_id = ["", "", "", "", *segments]
    return attachment_id if (api, area, kind) == ("_apis", "wit", "attachments") and attachment_id else None


def azure_devops_file_name(url: str) -> str:
    """The file name in the URL of an Azure DevOps attachment, empty if it has none."""
    try:
        query = parse_qs(urlsplit(url).query)
    except ValueError:
        return ""
    names = [values[0] for name, values in query.items() if name.casefold() == "filename"]
    return names[0] if names else ""


def is_same_upload(one: str, other: str) -> bool:
    """Whether two Azure DevOps URLs lead to the same attachment."""
    first = azure_devops_attachment_id(one)
    return one == other or (first is not None and first == azure_devops_attachment_id(other))
