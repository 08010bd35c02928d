"""Addresses as they may be shown: without anything that opens a door."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

_SHOWN_NAMES = """
api-version $expand $top $depth $skip continuationtoken validateonly timeprecision uploadtype filename errorpolicy
page per_page
"""
_SHOWN_PARAMETERS = frozenset(_SHOWN_NAMES.split())
_MALFORMED = "(a malformed address)"
_AFTER_TOKEN = re.compile(r"(/token/)[^/?#]+", re.IGNORECASE)
_AFTER_WEBHOOKS = re.compile(r"(/webhooks/(?:[^/?#]+/)?)[^/?#]+", re.IGNORECASE)


def shown_origin(url: str) -> str:
    """Only where an address leads: a storage host's addresses may be keys from end to end."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{_host_and_port(parts)}/…"
    except ValueError:
        return _MALFORMED


def shown_url(url: str) -> str:
    """The address without user names, tokens in its path, fragment, and all but harmless query parameters."""
    try:
        parts = urlsplit(url)
        host = _host_and_port(parts)
    except ValueError:
        return _MALFORMED
    path = _AFTER_TOKEN.sub(r"\1•••", parts.path)
    path = _AFTER_WEBHOOKS.sub(r"\1•••", path)
    query = "&".join(
        _parameter(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return f"{parts.scheme}://{host}{path}" + (f"?{query}" if query else "")


def _host_and_port(parts: SplitResult) -> str:
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{parts.port}" if parts.port else host


def _parameter(name: str, value: str) -> str:
    if name.lower() in _SHOWN_PARAMETERS:
        return f"{name}={quote(value, safe='')}"
    # Without a value, the name itself may be a key.
    return f"{name}=•••" if value else "•••"
