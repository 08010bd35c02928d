"""A small JSON client that needs the standard library only, so that it works before packages are installed."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

_SECONDS = 60


class ApiError(Exception):
    """A failed request, with or without an answer."""


class ApiClient:
    """Sends JSON below one base URL with the same headers each time.

    `basic_password` is sent with an empty user name, as Azure DevOps wants its tokens. Each method returns the
    answer's JSON (None where it has no body) and raises ApiError for a status of 300 or more.
    """

    def __init__(
        self, base_url: str, headers: Mapping[str, str] | None = None, *, basic_password: str | None = None
    ) -> None:
        self._base_url = base_url
        self._headers = {"content-type": "application/json", **(headers or {})}
        if basic_password is not None:
            self._headers["authorization"] = (
                "Basic " + base64.b64encode(f":{basic_password}".encode()).decode()
            )

    def get(self, path: str) -> Any:
        """GET."""
        return self._send("GET", path, None)

    def put(self, path: str, body: object) -> Any:
        """PUT a JSON value."""
        return self._send("PUT", path, body)

    def post(self, path: str, body: object) -> Any:
        """POST a JSON value."""
        return self._send("POST", path, body)

    def _send(self, method: str, path: str, body: object) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self._base_url}{path}", data=data, method=method, headers=self._headers
        )
        # Requests go to loopback only, so a proxy in the user's environment is ignored.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_SECONDS) as answer:
                content = answer.read()
        except urllib.error.HTTPError as refusal:
            detail = refusal.read().decode(errors="replace")
            raise ApiError(f"{method} {path} was answered {refusal.code}: {detail}") from refusal
        except OSError as problem:
            raise ApiError(f"{method} {path} was not answered: {problem}") from problem
        return json.loads(content) if content else None
