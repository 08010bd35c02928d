"""Function keys: `x-functions-key` or `?code=`, checked before any Python of the app runs."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from werkzeug.wrappers import Request


@dataclass(frozen=True)
class Keys:
    """A host key, which opens every function of the level `function`, and the master key, which opens all.

    `of_functions` are keys by the name of the one function that each opens.
    """

    function: str = field(repr=False)
    master: str = field(repr=False)
    of_functions: Mapping[str, str] = field(default_factory=dict, repr=False)

    def allow(self, auth_level: str, request: Request, function: str = "") -> bool:
        """Whether the request may reach a function of this level (`anonymous`, `function` or `admin`)."""
        if auth_level == "anonymous":
            return True
        given = request.headers.get("x-functions-key") or request.args.get("code") or ""
        if auth_level == "admin":
            return _same(given, self.master)
        own = self.of_functions.get(function)
        return any(_same(given, key) for key in (self.function, self.master, own) if key is not None)


def _same(given: str, key: str) -> bool:
    return hmac.compare_digest(given.encode(), key.encode())
