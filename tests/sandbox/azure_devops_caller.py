"""A caller of the sandbox Azure DevOps over HTTP, with the token of whoever may write."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import requests
from werkzeug.wrappers import Request, Response

from local.azure_devops import create_app
from local.serving import start_in_thread

WRITE = "sandbox-write-token"
READ = "sandbox-read-token"
JSON_PATCH = "application/json-patch+json"

Patch = list[dict[str, Any]]


def set_field(name: str, value: Any) -> dict[str, Any]:
    """The operation that sets a field."""
    return {"op": "add", "path": f"/fields/{name}", "value": value}


def title(text: str) -> dict[str, Any]:
    """The operation that sets the title."""
    return set_field("System.Title", text)


def relation(rel: str, url: str, **attributes: Any) -> dict[str, Any]:
    """The operation that adds a relation."""
    value = {"rel": rel, "url": url, "attributes": attributes}
    return {"op": "add", "path": "/relations/-", "value": value}


def child_of(parent: int) -> dict[str, Any]:
    """The operation that puts a work item below a parent."""
    url = f"https://dev.azure.com/fabrikam/_apis/wit/workItems/{parent}"
    return relation("System.LinkTypes.Hierarchy-Reverse", url)


def guard(number: int) -> dict[str, Any]:
    """The operation that guards an update."""
    return {"op": "test", "path": "/rev", "value": number}


class AzureDevOpsCaller:
    """Calls one sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = WRITE,
        version: str | None = "7.1",
        headers: dict[str, str] | None = None,
        **arguments: Any,
    ) -> requests.Response:
        """A call of a path below `/fabrikam`, with an api-version unless that is None."""
        query = {"api-version": version} if version else {}
        params = query | arguments.pop("params", {})
        sent = {"X-TFS-FedAuthRedirect": "Suppress", **(headers or {})}
        return self._session.request(
            method,
            f"{self.url}/fabrikam{path}",
            params=params,
            headers=sent,
            auth=("", token) if token else None,
            timeout=30,
            allow_redirects=False,
            **arguments,
        )

    def get(self, path: str, **arguments: Any) -> Any:
        """The JSON of a GET that has to succeed."""
        answer = self.call("GET", path, **arguments)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, **arguments: Any) -> requests.Response:
        """A POST of JSON."""
        return self.call("POST", path, json=body, **arguments)

    def try_create(
        self, kind: str, patch: Patch, *, project: str = "Fabrikam", **arguments: Any
    ) -> requests.Response:
        """A create that may be refused."""
        path = f"/{quote(project)}/_apis/wit/workitems/${quote(kind)}"
        return self._patched("POST", path, patch, **arguments)

    def create(self, kind: str = "Feature", *operations: dict[str, Any], **arguments: Any) -> dict[str, Any]:
        """A new work item; without operations it has just a title."""
        answer = self.try_create(kind, list(operations) or [title("A work item")], **arguments)
        assert answer.status_code == 200, answer.text
        item: dict[str, Any] = answer.json()
        return item

    def try_update(self, number: int, *operations: dict[str, Any], **arguments: Any) -> requests.Response:
        """An update that may be refused."""
        return self._patched("PATCH", f"/_apis/wit/workitems/{number}", list(operations), **arguments)

    def update(self, number: int, *operations: dict[str, Any], **arguments: Any) -> dict[str, Any]:
        """An update that has to succeed."""
        answer = self.try_update(number, *operations, **arguments)
        assert answer.status_code == 200, answer.text
        item: dict[str, Any] = answer.json()
        return item

    def read(self, number: int, **params: Any) -> dict[str, Any]:
        """A work item with its relations."""
        item: dict[str, Any] = self.get(
            f"/_apis/wit/workitems/{number}", params={"$expand": "relations"} | params
        )
        return item

    def batch(self, *requests_: dict[str, Any], method: str = "PATCH") -> list[dict[str, Any]]:
        """The entries of a `$batch` answer, their bodies read."""
        answer = self.call(method, "/_apis/wit/$batch", json=list(requests_))
        assert answer.status_code == 200, answer.text
        entries: list[dict[str, Any]] = answer.json()["value"]
        assert all(isinstance(entry["body"], str) for entry in entries)
        return [{"code": entry["code"], "body": json.loads(entry["body"])} for entry in entries]

    def query(self, wiql: str, *, project: str | None = "Fabrikam", **params: str) -> requests.Response:
        """A query."""
        prefix = f"/{quote(project)}" if project else ""
        return self.post(f"{prefix}/_apis/wit/wiql", {"query": wiql}, params=params)

    def found(self, where: str, **arguments: Any) -> list[int]:
        """The ids that a condition finds."""
        answer = self.query(f"SELECT [System.Id] FROM WorkItems WHERE {where}", **arguments)
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json()["workItems"]]

    def upload(
        self, content: bytes, *, name: str = "notes.txt", token: str = WRITE, **params: Any
    ) -> requests.Response:
        """A simple upload."""
        return self.call(
            "POST",
            "/Fabrikam/_apis/wit/attachments",
            params={"fileName": name} | params,
            data=content,
            headers={"Content-Type": "application/octet-stream"},
            token=token,
        )

    def subscribe(self, url: str, event_type: str = "workitem.updated", **inputs: str) -> dict[str, Any]:
        """A new subscription; inputs of the publisher and of the consumer are told apart by name."""
        answer = self.post("/_apis/hooks/subscriptions", subscription_of(url, event_type, **inputs))
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def subscription(self, made: dict[str, Any]) -> dict[str, Any]:
        """A subscription as it is now."""
        known: dict[str, Any] = self.get(f"/_apis/hooks/subscriptions/{made['id']}")
        return known

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A call of `/_control` that has to succeed; its JSON, or None."""
        answer = self.try_control(method, path, body)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def try_control(self, method: str, path: str, body: Any = None) -> requests.Response:
        """A call of `/_control` that may be refused."""
        return self._session.request(method, f"{self.url}/_control{path}", json=body, timeout=60)

    def flush(self) -> None:
        """Wait until every notification has been delivered."""
        assert self.control("POST", "/service_hooks/flush") == {"idle": True}

    def deliveries(self) -> list[dict[str, Any]]:
        """Every delivery attempt."""
        listed: list[dict[str, Any]] = self.control("GET", "/service_hooks/deliveries")["deliveries"]
        return listed

    def _patched(self, method: str, path: str, patch: Patch, **arguments: Any) -> requests.Response:
        headers = {"Content-Type": JSON_PATCH} | arguments.pop("headers", {})
        return self.call(method, path, data=json.dumps(patch), headers=headers, **arguments)


def create_request(kind: str, *operations: dict[str, Any], project: str = "Fabrikam") -> dict[str, Any]:
    """A create for `$batch`."""
    return batch_request(f"/{quote(project)}/_apis/wit/workitems/${quote(kind)}?api-version=7.1", *operations)


def update_request(number: int, *operations: dict[str, Any]) -> dict[str, Any]:
    """An update for `$batch`."""
    return batch_request(f"/_apis/wit/workitems/{number}?api-version=7.1", *operations)


def batch_request(uri: str, *operations: dict[str, Any]) -> dict[str, Any]:
    """A request of a `$batch`."""
    return {"method": "PATCH", "uri": uri, "headers": {"Content-Type": JSON_PATCH}, "body": list(operations)}


def temporary_id(number: int) -> dict[str, Any]:
    """The operation that gives a new work item an id within its batch."""
    return {"op": "add", "path": "/id", "value": number}


def subscription_of(url: str, event_type: str, **inputs: str) -> dict[str, Any]:
    """The body that makes a subscription."""
    publisher = {
        name: value
        for name, value in inputs.items()
        if name in ("projectId", "areaPath", "workItemType", "changedFields")
    }
    version = inputs.pop("resourceVersion", "1.0")
    consumer = {name: value for name, value in inputs.items() if name not in publisher}
    return {
        "publisherId": "tfs",
        "eventType": event_type,
        "resourceVersion": version,
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "publisherInputs": publisher,
        "consumerInputs": {"url": url} | consumer,
    }


class Subscriber:
    """A web hook's receiver that answers what it is told to, 200 where nothing is left to say."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.statuses: list[int] = []
        self.decide: Callable[[], int] | None = None
        self._lock = threading.Lock()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        with self._lock:
            self.received.append(request.get_json())
            self.headers.append(dict(request.headers))
            status = self.statuses.pop(0) if self.statuses else 200
        if self.decide is not None:
            status = self.decide()
        return Response('{"result": "updated"}', status)(environ, start_response)


@contextmanager
def running_azure_devops() -> Iterator[AzureDevOpsCaller]:
    """A sandbox at work, and a caller for it."""
    with start_in_thread(create_app()) as server:
        caller = AzureDevOpsCaller(server.url)
        yield caller
        caller.control("DELETE", "/all")


@contextmanager
def running_subscriber() -> Iterator[Subscriber]:
    """A web hook's receiver at work."""
    subscriber = Subscriber()
    with start_in_thread(subscriber) as server:
        subscriber.url = f"{server.url}/hook"
        yield subscriber
