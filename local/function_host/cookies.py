"""Cookies of an answer, between Python's SimpleCookie and a Set-Cookie header."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from http.cookies import SimpleCookie
from urllib.parse import quote

from werkzeug.http import dump_cookie

from local.function_host.invocation import Cookie

_SAME_SITE = {"lax": "Lax", "strict": "Strict", "none": "None"}


def cookies_of(jar: SimpleCookie) -> Iterator[Cookie]:
    """The cookies in a jar. Raises ValueError for a date that the worker cannot read either."""
    for name, entry in jar.items():
        expires = entry["expires"]
        yield Cookie(
            name=name,
            value=entry.value,
            domain=entry["domain"] or None,
            path=entry["path"] or None,
            expires=_seconds(expires) if expires else None,
            max_age=float(entry["max-age"]) if entry["max-age"] else None,
            is_secure=bool(entry["secure"]),
            is_http_only=bool(entry["httponly"]),
            same_site=_SAME_SITE.get(entry["samesite"].lower()),
        )


def set_cookie_header(cookie: Cookie) -> str:
    """The header's value. ASP.NET Core escapes a cookie's value, so `a b` goes out as `a%20b`."""
    return dump_cookie(
        cookie.name,
        quote(cookie.value, safe=""),
        domain=cookie.domain,
        path=cookie.path,
        expires=cookie.expires,
        max_age=None if cookie.max_age is None else int(cookie.max_age),
        secure=cookie.is_secure,
        httponly=cookie.is_http_only,
        samesite=cookie.same_site,
    )


def _seconds(expires: str) -> int:
    moment = datetime.strptime(expires, "%a, %d %b %Y %H:%M:%S GMT")
    return int(moment.replace(tzinfo=timezone.utc).timestamp())
