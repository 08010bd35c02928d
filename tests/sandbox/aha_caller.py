"""A caller of the sandbox Aha! over HTTP, with the token of whoever may write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from local.aha import create_app
from local.serving import start_in_thread

WRITER_TOKEN = "sandbox-aha-token"
VIEWER_TOKEN = "sandbox-aha-viewer-token"


class AhaCaller:
    """Calls one sandbox; `api` and `control` are the two ways in."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    def api(
        self, method: str, path: str, *, token: str | None = WRITER_TOKEN, **arguments: Any
    ) -> requests.Response:
        """A call of `/api/v1`."""
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **arguments.pop("headers", {})}
        return self._session.request(
            method, f"{self.url}/api/v1{path}", headers=headers, timeout=30, **arguments
        )

    def control(self, method: str, path: str, **arguments: Any) -> Any:
        """A call of `/_control` that has to succeed; its JSON, or None."""
        answer = self.try_control(method, path, **arguments)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def try_control(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """A call of `/_control` that may be refused."""
        return self._session.request(method, f"{self.url}/_control{path}", timeout=30, **arguments)

    def get(self, url: str, **arguments: Any) -> requests.Response:
        """An address without any token."""
        return requests.get(url, timeout=30, **arguments)

    def feature(self, identifier: str) -> dict[str, Any]:
        """A whole feature."""
        feature: dict[str, Any] = self.api("GET", f"/features/{identifier}").json()["feature"]
        return feature

    def requirement(self, identifier: str) -> dict[str, Any]:
        """A whole requirement."""
        requirement: dict[str, Any] = self.api("GET", f"/requirements/{identifier}").json()["requirement"]
        return requirement

    def put_feature(self, identifier: str, **values: Any) -> requests.Response:
        """A PUT of some keys."""
        return self.api("PUT", f"/features/{identifier}", json={"feature": values})

    def attach(self, **document: Any) -> dict[str, Any]:
        """A file on a record, by control."""
        attachment: dict[str, Any] = self.control("POST", "/attachments", json=document)["attachment"]
        return attachment


@contextmanager
def running_aha(*, limited: bool = False) -> Iterator[AhaCaller]:
    """A new sandbox on a free port, without rate limits unless asked for."""
    with start_in_thread(create_app()) as server:
        caller = AhaCaller(server.url)
        if not limited:
            caller.control("PUT", "/rate_limit", json={"per_second": None, "per_minute": None})
        yield caller
