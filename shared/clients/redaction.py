"""Removes tokens and keys from addresses and from texts of other systems, for logs and errors."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote, quote_plus, urlsplit

_SHOWN_NAMES = """
api-version $expand $top $depth $skip continuationtoken validateonly timeprecision uploadtype filename errorpolicy
page per_page
"""
_SHOWN_PARAMETERS = frozenset(_SHOWN_NAMES.split())
_DOTS = "•••"
_SHORTEST_SECRET = 4
_MALFORMED = "(a malformed address)"
_AFTER_TOKEN = re.compile(r"(/token/)[^/?#\s\"']+", re.IGNORECASE)
_AFTER_WEBHOOKS = re.compile(r"(/webhooks/(?:[^/?#\s\"']+/)?)[^/?#\s\"']+", re.IGNORECASE)


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


@lru_cache(maxsize=64)
def mask_secrets(authorization: str) -> Callable[[str], str]:
    """A function that masks the secrets of a request in a text, in each spelling that another system may echo.

    `authorization` is the value of the request's Authorization header. Webhook URLs and download addresses contain
    other tokens, which are masked, too.
    """
    spellings = {spelling for form in _forms(authorization) for spelling in _spellings(form)}
    longest_first = sorted(spellings, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if longest_first else None

    def mask(text: str) -> str:
        hidden = pattern.sub(_DOTS, text) if pattern else text
        return _AFTER_WEBHOOKS.sub(rf"\1{_DOTS}", _AFTER_TOKEN.sub(rf"\1{_DOTS}", hidden))

    return mask


def _forms(authorization: str) -> set[str]:
    """The header's value without its scheme, and the token behind Basic."""
    value = authorization.partition(" ")[2]
    forms = {value, value.rstrip("=")}
    if authorization.startswith("Basic "):
        try:
            token = base64.b64decode(value).decode().partition(":")[2]
        except ValueError:
            token = ""
        encoded = base64.b64encode(token.encode()).decode()
        forms |= {token, encoded, encoded.rstrip("=")}
    return {form for form in forms if len(form) >= _SHORTEST_SECRET}


def _spellings(form: str) -> set[str]:
    in_json = json.dumps(form)[1:-1]
    return {
        form,
        quote(form, safe=""),
        quote(quote(form, safe=""), safe=""),
        quote_plus(form),
        in_json,
        in_json.replace("/", "\\/"),
        html.escape(form),
    }


def _host_and_port(parts: SplitResult) -> str:
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{parts.port}" if parts.port else host


def _parameter(name: str, value: str) -> str:
    if name.lower() in _SHOWN_PARAMETERS:
        return f"{name}={quote(value, safe='')}"
    # A parameter without a value may itself be a key.
    return f"{name}=•••" if value else "•••"
