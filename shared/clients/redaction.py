"""Addresses as logs and errors may show them: without tokens and keys."""

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
    """Scheme, host and port only. Any part of a storage host's address may be a key."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{_host_and_port(parts)}/…"
    except ValueError:
        return _MALFORMED


def shown_url(url: str) -> str:
    """The address without user name, fragment, tokens in the path, and values of query parameters that may be keys."""
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
    # A parameter without a value may itself be a key.
    return f"{name}=•••" if value else "•••"
