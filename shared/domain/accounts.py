"""Read the name of an Azure DevOps organization from a person's input."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?")
_LEGACY_HOST = ".visualstudio.com"


def is_same_account(one: str, other: str) -> bool:
    """Whether two names are those of one organization: their case does not matter."""
    return one.casefold() == other.casefold()


def normalise_account_name(text: str, azure_devops_url: str = "https://dev.azure.com") -> str | None:
    """The organization's name, such as `fabrikam`; None if the text is neither a name nor an organization's URL.

    URLs may be `https://dev.azure.com/fabrikam/…`, `https://fabrikam.visualstudio.com` or below `azure_devops_url`.
    """
    text = text.strip()
    name = text
    if "/" in text or "." in text:
        try:
            parts = urlsplit(text if "://" in text else f"https://{text}")
            host = (parts.hostname or "").lower()
        except ValueError:
            return None
        if host.endswith(_LEGACY_HOST):
            name = host.removesuffix(_LEGACY_HOST)
        elif host in ("dev.azure.com", urlsplit(azure_devops_url).hostname):
            name = parts.path.strip("/").split("/")[0]
        else:
            return None
    return name if _NAME.fullmatch(name) else None
