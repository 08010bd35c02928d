"""The same sequences against the running system: function hosts are processes, and a death is a process killed."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import requests

from local.service import Service
from local.serving import start_in_thread
from local.system import PRODUCT_ID, LocalSystem
from shared.domain.claims import abandoned
from shared.secret import Secret
from shared.storage.link_rows import claim_row, partition_of, stored_record
from shared.storage.links import StoredClaim
from shared.storage.rows import Replace
from shared.storage.tables import Tables
from shared.storage.unfinished_sends import StoredUnfinishedSend, UnfinishedSendStore
from tests.torture.stage import AHA_TOKEN, ORGANIZATION, PROJECT, WRITE_TOKEN, Collector
from tests.torture.wire import Break, proxy_status
from tests.torture.workers import FEATURE_STATUSES, REQUIREMENT_STATUSES, SUCCEEDED

_SECONDS = 60
_IDLE_SECONDS = 0.6
_CLOCK_AHEAD_SECONDS = 90.0
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
    """Workers that are three function hosts on one storage; the clock of the third is 90 seconds ahead.

    At a death, a host gets SIGKILL while one of its requests is held.
    """

    breaks = tuple(Break)
    handles_meanwhile = True

    def __init__(self, system: LocalSystem, stage: SystemStage) -> None:
        self.faults: Counter[str] = Counter()
        self._system = system
        self._stage = stage
        self._integration_id = ""
        self._webhook_path = ""
        self._body: dict[str, Any] = {}
        self._headers = {"x-functions-key": system.function_key}
        self._others = ExitStack()
        self._hosts = [
            system.function_host,
            self._others.enter_context(system.another_host(2)),
            self._others.enter_context(system.another_host(3, clock_ahead=_CLOCK_AHEAD_SECONDS)),
        ]
        self._turns = itertools.cycle(self._hosts)

    def close(self) -> None:
        """Stop the hosts that were started here."""
        self._others.close()

    def begin(self, integration_id: str) -> None:
        """As Workers. Removes the one before: its ids come again, and Reconcile would find its links."""
        if self._integration_id:
            requests.delete(
                self._url(self._hosts[0], self._integration_id), headers=self._headers, timeout=_SECONDS
            ).raise_for_status()
        self._integration_id = integration_id
        body = {
            "name": "Torture",
            "product_id": PRODUCT_ID,
            "enabled": True,
            "azure_devops": {
                "account_name": ORGANIZATION,
                "personal_access_token": WRITE_TOKEN,
                "project": PROJECT,
                "area_path": "Fabrikam\\Web",
            },
            "aha": {"url": self._stage.aha_url, "api_token": AHA_TOKEN, "link_back": "all"},
            "feature": {"work_item_type": "Feature", "status_mapping": FEATURE_STATUSES},
            "requirement": {"work_item_type": "User Story", "status_mapping": REQUIREMENT_STATUSES},
        }
        self._body = body
        answer = self._configure()
        assert answer.status_code == 201, answer.text
        webhook_url: str = answer.json()["webhook_url"]
        self._webhook_path = webhook_url[webhook_url.index("/api/") :]

    def use_token(self, token: str) -> None:
        """As Workers."""
        self._body["azure_devops"]["personal_access_token"] = token
        answer = self._configure()
        assert answer.status_code == 200, answer.text

    def _configure(self) -> requests.Response:
        url = self._url(self._hosts[0], self._integration_id)
        return requests.put(url, json=self._body, headers=self._headers, timeout=_SECONDS)

    def send(self, payload: Any, kind: Break | None, at: int) -> str:
        """As Workers."""
        bases = (self._stage.azure_devops_url,)
        return self._work(lambda host: self._post_feature(host, payload), bases, kind, at)

    def send_twice(self, payload: Any) -> str:
        """As Workers."""
        return self._at_once([lambda: self.send(payload, None, 0)] * 2)

    def send_meanwhile(self, payload: Any, meanwhile: Callable[[], None], at: int) -> str:
        """As Workers: the answer to a write is late, and something happens in between."""
        host = next(self._turns)
        base = self._stage.azure_devops_url
        write = {"path": r"/wit/(\$batch|workitems/)", "method": "POST|PATCH", "skip": at % 2}
        self._stage.control(base, "POST", "/faults", {**write, "hold_ms": _HELD_MS})
        with ThreadPoolExecutor(1) as other:
            sending = other.submit(self._post_feature, host, payload)
            while not sending.done() and not self._fired(base):
                time.sleep(0.005)
            meanwhile()
            outcome = sending.result()
        if self._fired(base):
            self.faults["edit and notification before a late answer"] += 1
        self._stage.control(base, "DELETE", "/faults")
        return outcome

    def deliver(self, body: Any, kind: Break | None, at: int) -> str:
        """As Workers."""

        def post(host: Service) -> str:
            return _outcome(requests.post(f"{host.url}{self._webhook_path}", json=body, timeout=_SECONDS))

        bases = (self._stage.azure_devops_url, self._stage.aha_url)
        return self._work(post, bases, kind, at)

    def deliver_two(self, first: Any, second: Any) -> str:
        """As Workers."""
        return self._at_once([lambda: self.deliver(first, None, 0), lambda: self.deliver(second, None, 0)])

    def reconcile(self, kind: Break | None, at: int) -> str:
        """As Workers."""
        del kind, at
        url = f"{next(self._turns).url}/admin/functions/Reconcile"
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
        """As Workers: the claims are abandoned and the notes wait for nothing instead."""
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
        notes = UnfinishedSendStore(self._stage.plain_tables)
        for note in notes.each(self._integration_id):
            if isinstance(note, StoredUnfinishedSend):
                notes.replace(self._integration_id, note, replace(note.note, wait=timedelta()))

    def _url(self, host: Service, integration_id: str) -> str:
        return f"{host.url}/api/integrations/{integration_id}"

    def _post_feature(self, host: Service, payload: Any) -> str:
        url = f"{self._url(host, self._integration_id)}/features"
        return _outcome(requests.post(url, json=payload, headers=self._headers, timeout=_SECONDS))

    def _at_once(self, works: Sequence[Callable[[], str]]) -> str:
        with ThreadPoolExecutor(len(works)) as threads:
            outcomes = list(threads.map(lambda work: work(), works))
        return next((outcome for outcome in outcomes if outcome != SUCCEEDED), SUCCEEDED)

    def _work(self, work: Callable[[Service], str], bases: Sequence[str], kind: Break | None, at: int) -> str:
        """Let a host work, while one of its first requests to one of the systems meets a fault."""
        host = next(self._turns)
        if kind is None:
            return work(host)
        base = bases[at % len(bases)]
        fault: dict[str, Any] = {"path": "/_apis/|/api/v1/", "skip": at // len(bases) % 2, "times": 1}
        breaks: dict[Break, dict[str, Any]] = {
            Break.LOST_REQUEST: {"cut": "before"},
            Break.LOST_ANSWER: {"cut": "after"},
            Break.REFUSED: {"status": 503, "headers": {"Retry-After": "1"}},
            Break.PROXY_BEFORE: {"status": proxy_status(at)},
            Break.PROXY_AFTER: {"status": proxy_status(at), "effect": "done"},
            Break.DEATH_BEFORE: {"delay_ms": _HELD_MS},
        }
        fault |= breaks.get(kind, {"hold_ms": _HELD_MS})
        self._stage.control(base, "POST", "/faults", fault)
        with ThreadPoolExecutor(1) as other:
            working = other.submit(_or_died, lambda: work(host))
            while not working.done() and not self._fired(base):
                time.sleep(0.005)
            if self._fired(base):
                self.faults[f"{kind.value} (process)" if kind.is_death else kind.value] += 1
                if kind.is_death:
                    self._kill(host)
                elif kind is Break.STORAGE_RESTART:
                    self._system.storage.stop()
                    wait([working], timeout=0.3)
                    self._system.storage.start()
            outcome = working.result()
        self._stage.control(base, "DELETE", "/faults")
        return outcome

    def _fired(self, base: str) -> bool:
        return any(item["fired"] for item in self._stage.control(base, "GET", "/faults")["faults"])

    def _kill(self, host: Service) -> None:
        host.kill()
        # What was held is carried out all the same: the request had been sent.
        time.sleep(_HELD_MS / 1000)
        host.start(self._system.host_environment())
        self.wait_out_claims()


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
