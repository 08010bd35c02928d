"""The system that the bench measures: features of any size, latency on both sides, and the requests that were made."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import requests
from requests.adapters import HTTPAdapter

from local.bench.calls import Call, floor_of, longest_chain, of_system
from local.bench.process import Process
from local.sample import sample_integration
from local.service import Service
from local.system import AHA_TOKEN, LocalSystem

AZURE_DEVOPS, AHA = "azure_devops", "aha"
_RELEASE = "PROD-R-1"
_SECONDS = 300
_CALLERS = 128
_PAUSE = 0.05

_edits = itertools.count(1)


@dataclass(frozen=True)
class Cost:
    """What one operation cost: the calls that it made, its duration, and the host's processor time."""

    calls: Sequence[Call]
    milliseconds: float
    cpu_milliseconds: float

    def requests(self, system: str | None = None) -> int:
        """The number of calls of one system, or of all."""
        return len(self.calls if system is None else of_system(self.calls, system))

    def trips(self, system: str) -> int:
        """The number of calls of a system that were made one after another."""
        return longest_chain(of_system(self.calls, system))


class _Timed(Protocol):
    @property
    def milliseconds(self) -> float: ...


T = TypeVar("T", bound=_Timed)


def middle(costs: Sequence[T]) -> T:
    """The cost with the median time."""
    time_of_middle = statistics.median_low(cost.milliseconds for cost in costs)
    return next(cost for cost in costs if cost.milliseconds == time_of_middle)


class MeasuredSystem:
    """One integration of the running system. Both outside systems have a latency of `latency_ms`."""

    def __init__(self, system: LocalSystem, latency_ms: int, integration_id: str = "bench") -> None:
        self.system = system
        self.latency_ms = latency_ms
        self.integration_id = integration_id
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("http://", HTTPAdapter(pool_maxsize=_CALLERS))
        sample = sample_integration(system.aha.url)
        # A link back adds one trip to a first send. The naive way and the bare packages write none.
        aha = {**sample["aha"], "link_back": "none"}
        body = {**sample, "aha": aha, "product_id": integration_id, "name": integration_id}
        webhook_url = str(self._api("PUT", f"/integrations/{integration_id}", body)["webhook_url"])
        self.webhook_path = webhook_url.removeprefix(system.functions_url)
        self.control(AHA, "PUT", "/rate_limit", {"per_second": None, "per_minute": None})
        self.control(AHA, "PUT", "/behaviour", {"attachments_by_redirect": False})
        # The bench delivers the notifications itself.
        self.control(AZURE_DEVOPS, "PUT", "/service_hooks", {"drop": True})

    @property
    def host(self) -> Process:
        """The function host's current process. `restart_host` replaces it."""
        pid = self.system.function_host.pid
        if pid is None:
            raise RuntimeError("the function host does not run")
        return Process(pid)

    def restart_host(self, env: Mapping[str, str | None] | None = None) -> float:
        """Start a new host process with these settings. Returns the milliseconds from its start until it listens."""
        self.system.function_host.stop()
        started = time.perf_counter()
        self.system.restart_host(env)
        return (time.perf_counter() - started) * 1000

    def use_host(self, env: Mapping[str, str | None] | None = None) -> None:
        """Restart the host with exactly these settings, unless it already has them."""
        if self.system.host_changes != dict(env or {}):
            self.restart_host(env)

    def request(self, method: str, path: str, body: Any = None) -> requests.Response:
        """A request to the function app, at a path below `/api`."""
        headers = {"x-functions-key": self.system.function_key}
        return self._call(method, f"{self.system.functions_url}/api{path}", json=body, headers=headers)

    def _api(self, method: str, path: str, body: Any = None) -> Any:
        return self.request(method, path, body).json()

    def aha(self, method: str, path: str, body: Any = None) -> Any:
        """A request to the sandbox Aha!'s API."""
        headers = {"Authorization": f"Bearer {AHA_TOKEN}"}
        return self._call(method, f"{self.system.aha.url}/api/v1{path}", json=body, headers=headers).json()

    def control(self, sandbox: str, method: str, path: str, body: Any = None) -> Any:
        """A request to a sandbox's control API; `sandbox` is AHA or AZURE_DEVOPS."""
        url = f"{getattr(self.system, sandbox).url}/_control{path}"
        answer = self._call(method, url, json=body)
        return answer.json() if answer.content else None

    def _call(self, method: str, url: str, **arguments: Any) -> requests.Response:
        answer = self._session.request(method, url, timeout=_SECONDS, **arguments)
        answer.raise_for_status()
        return answer

    def feature(self, requirements: int, attachments: int = 0, kilobytes: int = 20) -> Any:
        """The event of a new feature."""
        body = {
            "feature": {"name": f"{requirements} and {attachments}", "description": "<p>What it is for</p>"}
        }
        feature_id = self.aha("POST", f"/releases/{_RELEASE}/features", body)["feature"]["id"]
        for number in range(requirements):
            body = {"requirement": {"name": f"Requirement {number}", "description": f"<p>Text {number}</p>"}}
            self.aha("POST", f"/features/{feature_id}/requirements", body)
        for number in range(attachments):
            file = {
                "record": feature_id,
                "where": "record",
                "file_name": f"{number}.bin",
                "size": kilobytes * 1000,
            }
            self.control(AHA, "POST", "/attachments", file)
        event = self.control(AHA, "GET", f"/events/{feature_id}?event=create_feature")
        # Several integrations of the bench send features of one sandbox; a product belongs to one integration.
        event["feature"]["project"] = {"reference_prefix": self.integration_id}
        return event

    def send(self, event: Any) -> Any:
        """Send a feature. Returns the answer's body. Raises RuntimeError if not all of it was sent."""
        answer = self._api("POST", f"/integrations/{self.integration_id}/features", event)
        if answer["status"] != "succeeded":
            raise RuntimeError(f"a send of the bench ended as {answer['status']}")
        return answer

    def linked_work_items(self, count: int) -> list[int]:
        """Send a feature with `count` requirements. Returns the ids of the requirements' work items."""
        answer = self.send(self.feature(count))
        return [part["work_item"]["id"] for part in answer["requirements"]]

    def edit(self, work_item_ids: Sequence[int]) -> None:
        """Change the title of each work item in Azure DevOps."""
        for work_item_id in work_item_ids:
            change = {"id": work_item_id, "fields": {"System.Title": f"Edit {next(_edits)}"}}
            self.control(AZURE_DEVOPS, "POST", "/edit", change)

    def notify(
        self,
        work_item_id: int,
        expected: str = "updated",
        revision: int | None = None,
        host: Service | None = None,
    ) -> None:
        """Deliver a notification as the service hook does, to the system's host or another one.

        Raises RuntimeError if the result is not the expected one.
        """
        result = self.notification(work_item_id, revision, host).json()["result"]
        if result != expected:
            raise RuntimeError(f"a notification of the bench led to {result}, not {expected}")

    def notification(
        self, work_item_id: int, revision: int | None = None, host: Service | None = None
    ) -> requests.Response:
        """The answer to a notification. One that the app has no room for is delivered again, as Azure DevOps does."""
        resource = {"workItemId": work_item_id, **({"rev": revision} if revision is not None else {})}
        body = {"eventType": "workitem.updated", "resource": resource}
        url = f"{(host or self.system.function_host).url}{self.webhook_path}"
        while True:
            answer = self._session.post(url, json=body, timeout=_SECONDS)
            if answer.status_code != 503:
                answer.raise_for_status()
                return answer
            time.sleep(_PAUSE)

    @contextmanager
    def latency(self) -> Iterator[None]:
        """Both sandboxes answer with the latency of a network."""
        for sandbox in (AHA, AZURE_DEVOPS):
            self.control(sandbox, "PUT", "/latency", {"ms": self.latency_ms})
        try:
            yield
        finally:
            for sandbox in (AHA, AZURE_DEVOPS):
                self.control(sandbox, "PUT", "/latency", {"ms": 0})

    def cost_of(self, work: Callable[[], object]) -> Cost:
        """Do something with latency, and measure it."""
        for sandbox in (AHA, AZURE_DEVOPS):
            self.control(sandbox, "DELETE", "/requests")
        with self.latency():
            cpu, started = self.host.cpu_seconds(), time.perf_counter()
            work()
            milliseconds = (time.perf_counter() - started) * 1000
            cpu_milliseconds = (self.host.cpu_seconds() - cpu) * 1000
        calls = [call for sandbox in (AHA, AZURE_DEVOPS) for call in self._calls_of(sandbox)]
        return Cost(calls, milliseconds, cpu_milliseconds)

    def _calls_of(self, sandbox: str) -> list[Call]:
        made = self.control(sandbox, "GET", "/requests")["requests"]
        return [Call(sandbox, entry["started_at"], entry["ended_at"]) for entry in made]

    def floor(self, cost: Cost) -> float:
        """The milliseconds that an operation takes if only the latency of both outside systems counts."""
        return floor_of(cost.calls, {AHA: self.latency_ms, AZURE_DEVOPS: self.latency_ms})


def change_all(event: Any) -> None:
    """Change the name of every record of an event, as a person in Aha! would."""
    for record in (event["feature"], *event["feature"]["requirements"]):
        record["name"] += ", changed"
        record["updated_at"] = "2099-01-01T00:00:00Z"
