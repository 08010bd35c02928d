"""Addresses as they may be shown: without anything that opens a door."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlsplit

_SHOWN_NAMES = """
api-version $expand $top $depth $skip continuationtoken validateonly timeprecision uploadtype filename errorpolicy
page per_page
"""
_SHOWN_PARAMETERS = frozenset(_SHOWN_NAMES.split())
_AFTER_TOKEN = re.compile(r"(/token/)[^/?#]+", re.IGNORECASE)
_AFTER_WEBHOOKS = re.compile(r"(/webhooks/(?:[^/?#]+/)?)[^/?#]+", re.IGNORECASE)


def shown_origin(url: str) -> str:
    """Only where an address leads: a storage host's addresses may be keys from end to end."""
    parts = urlsplit(shown_url(url))
    return f"{parts.scheme}://{parts.netloc}/…"


def shown_url(url: str) -> str:
    """The address without user names, tokens in its path, fragment, and all but harmless query parameters."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.port:
        host = f"{host}:{parts.port}"
    path = _AFTER_TOKEN.sub(r"\1•••", parts.path)
    path = _AFTER_WEBHOOKS.sub(r"\1•••", path)
    query = "&".join(
        f"{name}={quote(value, safe='') if name.lower() in _SHOWN_PARAMETERS else '•••'}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return f"{parts.scheme}://{host}{path}" + (f"?{query}" if query else "")
