"""Function keys: `x-functions-key` or `?code=`, checked before any Python of the app runs."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from werkzeug.wrappers import Request


@dataclass(frozen=True)
class Keys:
    """A host key, which opens every function of the level `function`, and the master key, which opens all."""

    function: str = field(repr=False)
    master: str = field(repr=False)

    def allow(self, auth_level: str, request: Request) -> bool:
        """Whether the request may reach a function of this level (`anonymous`, `function` or `admin`)."""
        if auth_level == "anonymous":
            return True
        given = request.headers.get("x-functions-key") or request.args.get("code") or ""
        accepted = [self.master] if auth_level == "admin" else [self.function, self.master]
        return any(_same(given, key) for key in accepted)


def _same(given: str, key: str) -> bool:
    return hmac.compare_digest(given.encode(), key.encode())
