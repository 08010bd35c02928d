"""The same sequences against the running system: function hosts are processes, and a death is a process killed."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import requests

from local.serving import start_in_thread
from local.system import LocalSystem
from shared.domain.claims import abandoned
from shared.secret import Secret
from shared.storage.link_rows import claim_row, partition_of, stored_record
from shared.storage.links import StoredClaim
from shared.storage.rows import Replace
from shared.storage.tables import Tables
from tests.torture.stage import AHA_TOKEN, ORGANIZATION, PROJECT, WRITE_TOKEN, Collector
from tests.torture.wire import Break
from tests.torture.workers import FEATURE_STATUSES, REQUIREMENT_STATUSES, SUCCEEDED

_SECONDS = 60
_IDLE_SECONDS = 0.6
_HELD_MS = 800
"""How long a request is held, so that its sender can be killed while it waits for the answer."""


class SystemStage:
    """The running system's sandboxes and tables."""

    def __init__(self, system: LocalSystem) -> None:
        self.azure_devops_url = system.azure_devops.url
        self.aha_url = system.aha.url
        self.collector = Collector()
        self._server = start_in_thread(self.collector)
        self.collector_url = self._server.url
        self.plain_tables = Tables(Secret(system.tables_connection_string))
        self._session = requests.Session()
        self._session.trust_env = False

    def reset(self) -> None:
        """As Stage."""
        for base in (self.azure_devops_url, self.aha_url):
            self.control(base, "DELETE", "/faults")
            self.control(base, "DELETE", "/all")
            self.control(base, "DELETE", "/requests")
        self.control(self.aha_url, "PUT", "/rate_limit", {"per_second": None, "per_minute": None})
        self.collector.take()

    def control(self, base: str, method: str, path: str, body: Any = None) -> Any:
        """As Stage."""
        return self.by_hand(base, method, f"/_control{path}", body)

    def by_hand(self, base: str, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """As Stage."""
        headers = {"Authorization": token} if token else {}
        answer = self._session.request(method, f"{base}{path}", json=body, headers=headers, timeout=_SECONDS)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def close(self) -> None:
        """Stop collecting."""
        self._server.stop()


class HostProcesses:
    """Workers that are function hosts. At a death the process gets SIGKILL while one of its requests is held."""

    def __init__(self, system: LocalSystem, stage: SystemStage) -> None:
        self.faults: Counter[str] = Counter()
        self._system = system
        self._stage = stage
        self._integration_id = ""
        self._webhook_url = ""
        self._headers = {"x-functions-key": system.function_key}

    def begin(self, integration_id: str) -> None:
        """As Workers. The one before goes: ids come again, and Reconcile would take what it linked for its own."""
        if self._integration_id:
            url = f"{self._system.functions_url}/api/integrations/{self._integration_id}"
            requests.delete(url, headers=self._headers, timeout=_SECONDS).raise_for_status()
        self._integration_id = integration_id
        body = {
            "name": "Torture",
            "product_id": integration_id,
            "enabled": True,
            "azure_devops": {
                "account_name": ORGANIZATION,
                "personal_access_token": WRITE_TOKEN,
                "project": PROJECT,
                "area_path": "Fabrikam\\Web",
            },
            "aha": {"url": self._stage.aha_url, "api_token": AHA_TOKEN},
            "feature": {"work_item_type": "Feature", "status_mapping": FEATURE_STATUSES},
            "requirement": {"work_item_type": "User Story", "status_mapping": REQUIREMENT_STATUSES},
        }
        url = f"{self._system.functions_url}/api/integrations/{integration_id}"
        answer = requests.put(url, json=body, headers=self._headers, timeout=_SECONDS)
        assert answer.status_code == 201, answer.text
        self._webhook_url = answer.json()["webhook_url"]

    def send(self, payload: Any, kind: Break | None, at: int) -> str:
        """As Workers."""
        url = f"{self._system.functions_url}/api/integrations/{self._integration_id}/features"

        def post() -> str:
            return _outcome(requests.post(url, json=payload, headers=self._headers, timeout=_SECONDS))

        return self._work(post, kind, at)

    def send_twice(self, payload: Any) -> str:
        """As Workers."""
        outcomes: list[str] = []
        threads = [
            threading.Thread(target=lambda: outcomes.append(self.send(payload, None, 0))) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return next((outcome for outcome in outcomes if outcome != SUCCEEDED), SUCCEEDED)

    def send_meanwhile(self, payload: Any, edit: Callable[[], None], at: int) -> str:
        """As Workers; when exactly the edit happens is left to chance."""
        editing = threading.Timer(0.01 * at, edit)
        editing.start()
        outcome = self.send(payload, None, 0)
        editing.join()
        return outcome

    def deliver(self, body: Any, kind: Break | None, at: int) -> str:
        """As Workers."""
        return self._work(
            lambda: _outcome(requests.post(self._webhook_url, json=body, timeout=_SECONDS)), kind, at
        )

    def deliver_two(self, first: Any, second: Any) -> str:
        """As Workers."""
        self.deliver(first, None, 0)
        return self.deliver(second, None, 0)

    def reconcile(self, kind: Break | None, at: int) -> str:
        """As Workers."""
        del kind, at
        url = f"{self._system.functions_url}/admin/functions/Reconcile"
        headers = {"x-functions-key": self._system.master_key}
        requests.post(url, json={}, headers=headers, timeout=_SECONDS).raise_for_status()
        self._wait_until_idle()
        return SUCCEEDED

    def _wait_until_idle(self) -> None:
        """The timer answers nobody: it is over when neither sandbox has been asked anything for a while."""
        seen, quiet_since = -1, time.monotonic()
        while time.monotonic() - quiet_since < _IDLE_SECONDS:
            bases = (self._stage.azure_devops_url, self._stage.aha_url)
            count = sum(len(self._stage.control(base, "GET", "/requests")["requests"]) for base in bases)
            if count != seen:
                seen, quiet_since = count, time.monotonic()
            time.sleep(0.05)

    def wait_out_claims(self) -> None:
        """As Workers: the claims are abandoned instead."""
        table = self._stage.plain_tables.links
        rows = table.query(
            "PartitionKey eq @partition and is_claim eq true",
            {"partition": partition_of(self._integration_id)},
        )
        for row in list(rows):
            stored = stored_record(row)
            if isinstance(stored, StoredClaim):
                table.transact(
                    [Replace(claim_row(self._integration_id, abandoned(stored.claim)), stored.etag)]
                )

    def _work(self, work: Callable[[], str], kind: Break | None, at: int) -> str:
        if kind is None:
            return work()
        base = self._stage.azure_devops_url if at % 2 else self._stage.aha_url
        fault: dict[str, Any] = {"path": "/_apis/|/api/v1/|/attachments/", "skip": at // 2, "times": 1}
        breaks: dict[Break, dict[str, Any]] = {
            Break.LOST_REQUEST: {"cut": "before"},
            Break.LOST_ANSWER: {"cut": "after"},
            Break.REFUSED: {"status": 503, "headers": {"Retry-After": "1"}},
        }
        fault |= breaks.get(kind, {"delay_ms": _HELD_MS})
        self._stage.control(base, "POST", "/faults", fault)
        outcomes: list[str] = []
        working = threading.Thread(target=lambda: outcomes.append(_or_died(work)))
        working.start()
        if kind.is_death:
            self._kill_when_held(base, working)
        working.join()
        fired = any(item["fired"] for item in self._stage.control(base, "GET", "/faults")["faults"])
        self._stage.control(base, "DELETE", "/faults")
        if fired:
            self.faults[f"{kind.value} (process)" if kind.is_death else kind.value] += 1
        return outcomes[0]

    def _kill_when_held(self, base: str, working: threading.Thread) -> None:
        while working.is_alive():
            faults = self._stage.control(base, "GET", "/faults")["faults"]
            if any(item["fired"] for item in faults):
                self._system.function_host.kill()
                working.join()
                # What was held is carried out all the same: the request had been sent.
                time.sleep(_HELD_MS / 1000)
                self._system.restart_host()
                self.wait_out_claims()
                return
            time.sleep(0.005)


def _or_died(work: Callable[[], str]) -> str:
    """The outcome of some work; a process that is killed answers nothing."""
    try:
        return work()
    except requests.ConnectionError:
        return "the process died"


def _outcome(answer: requests.Response) -> str:
    body = answer.json()
    if answer.status_code < 300:
        return str(body.get("status", SUCCEEDED))
    return f"{body['code']}: {body['detail']}"
