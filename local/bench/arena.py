"""The running system as the bench sees it: features of any size, latency on both sides, and what was asked of whom."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from local.sample import sample_integration
from local.system import AHA_TOKEN, LocalSystem

INTEGRATION_ID = "bench"
_RELEASE = "PROD-R-1"
_SECONDS = 300


@dataclass(frozen=True)
class Cost:
    """What one operation cost: requests to Azure DevOps, how many of them had to wait for another, and milliseconds."""

    requests: int
    trips: int
    milliseconds: float


class Arena:
    """One integration of the running system."""

    def __init__(self, system: LocalSystem, latency_ms: int) -> None:
        self.system = system
        self.latency_ms = latency_ms
        self._session = requests.Session()
        self._session.trust_env = False
        body = {**sample_integration(system.aha.url), "product_id": INTEGRATION_ID, "name": "Bench"}
        self.webhook_url = str(self._api("PUT", f"/integrations/{INTEGRATION_ID}", body)["webhook_url"])
        self.control("aha", "PUT", "/rate_limit", {"per_second": None, "per_minute": None})
        self.control("aha", "PUT", "/behaviour", {"attachments_by_redirect": False})

    def _api(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"x-functions-key": self.system.function_key}
        url = f"{self.system.functions_url}/api{path}"
        answer = self._session.request(method, url, json=body, headers=headers, timeout=_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def aha(self, method: str, path: str, body: Any = None) -> Any:
        """A request to the sandbox Aha!'s API."""
        headers = {"Authorization": f"Bearer {AHA_TOKEN}"}
        url = f"{self.system.aha.url}/api/v1{path}"
        answer = self._session.request(method, url, json=body, headers=headers, timeout=_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def control(self, sandbox: str, method: str, path: str, body: Any = None) -> Any:
        """A request to a sandbox's control API; `sandbox` is aha or azure_devops."""
        url = f"{getattr(self.system, sandbox).url}/_control{path}"
        answer = self._session.request(method, url, json=body, timeout=_SECONDS)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def feature(self, requirements: int, attachments: int, kilobytes: int = 20) -> Any:
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
            self.control("aha", "POST", "/attachments", file)
        return self.control("aha", "GET", f"/events/{feature_id}?event=create_feature")

    @contextmanager
    def latency(self) -> Iterator[None]:
        """Both sandboxes answer as late as they would over a network."""
        for sandbox in ("aha", "azure_devops"):
            self.control(sandbox, "PUT", "/latency", {"ms": self.latency_ms})
        try:
            yield
        finally:
            for sandbox in ("aha", "azure_devops"):
                self.control(sandbox, "PUT", "/latency", {"ms": 0})

    def send(self, event: Any) -> Any:
        """Send a feature; the answer's body."""
        return self._api("POST", f"/integrations/{INTEGRATION_ID}/features", event)

    def cost_of(self, work: Any) -> Cost:
        """Do something with latency on, and count."""
        self.control("azure_devops", "DELETE", "/requests")
        with self.latency():
            started = time.perf_counter()
            work()
            milliseconds = (time.perf_counter() - started) * 1000
        made: Sequence[Mapping[str, Any]] = self.control("azure_devops", "GET", "/requests")["requests"]
        return Cost(len(made), trips_of(made), milliseconds)

    def host_cpu_seconds(self) -> float:
        """Processor time that the function host has used so far."""
        fields = Path(f"/proc/{self.system.function_host.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def host_peak_mebibytes(self) -> float:
        """The most memory that the function host has had."""
        status = Path(f"/proc/{self.system.function_host.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024


def trips_of(made: Sequence[Mapping[str, Any]]) -> int:
    """How many requests came one after another: the longest chain of such as began when the one before had ended."""
    count, last_end = 0, float("-inf")
    for entry in sorted(made, key=lambda item: item["ended_at"] or float("inf")):
        if entry["started_at"] >= last_end and entry["ended_at"] is not None:
            count, last_end = count + 1, entry["ended_at"]
    return count
