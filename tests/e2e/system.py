"""How a test talks to the running system: our API as a caller would, each sandbox as its own users would."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import requests

from local.sample import sample_integration, service_hook_subscription
from local.system import ACCOUNT, AHA_TOKEN, WRITE_TOKEN, LocalSystem, SystemOptions
from tests.documented_answers import check_answer
from tests.logs import TEST_LOGS
from tests.secrets_search import KEPT

SECONDS = 60
_T = TypeVar("_T")


@contextmanager
def started_system(**options: Any) -> Iterator[LocalSystem]:
    """A system on free ports; `options` are those of SystemOptions.

    Its tables lie in a folder of their own, so that they outlive a stop of the storage.
    """
    with tempfile.TemporaryDirectory() as folder:
        chosen = {"storage_folder": Path(folder), "logs": TEST_LOGS, **options}
        with LocalSystem(SystemOptions(**chosen)) as system:
            KEPT.note_secret("the key of the secrets", system.secrets_key)
            yield system


def ensure_running(system: LocalSystem) -> None:
    """Start again what a test has stopped, and undo what it changed in the function app's settings."""
    for service in system.services:
        if service.pid is None and service is not system.function_host:
            service.start()
    if system.function_host.pid is None or system.host_changes:
        system.restart_host()


def eventually(look: Callable[[], _T], seconds: float = 20) -> _T:
    """What `look` answers once that is true; fails with its last answer when it stays false for too long."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"still {found!r} after {seconds} s"
        time.sleep(0.02)
    return found


class Client:
    """Requests below one URL on one kept-alive session."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update(headers or {})

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Send a request to a path below the URL, or to a whole URL."""
        url = path if path.startswith("http") else f"{self.url}{path}"
        arguments.setdefault("timeout", SECONDS)
        return self.session.request(method, url, **arguments)

    def get(self, path: str, **arguments: Any) -> requests.Response:
        """GET."""
        return self.request("GET", path, **arguments)

    def post(self, path: str, json: Any = None, **arguments: Any) -> requests.Response:
        """POST, with a JSON body unless `data` is given."""
        return self.request("POST", path, json=json, **arguments)

    def put(self, path: str, json: Any = None, **arguments: Any) -> requests.Response:
        """PUT, with a JSON body unless `data` is given."""
        return self.request("PUT", path, json=json, **arguments)

    def delete(self, path: str, **arguments: Any) -> requests.Response:
        """DELETE."""
        return self.request("DELETE", path, **arguments)


class Api(Client):
    """Our HTTP API; paths below /api. Without a function key only what is open to everybody answers.

    An answer that is not as openapi.yaml says fails the test, whatever the test is about.
    """

    def __init__(self, functions_url: str, function_key: str | None = None) -> None:
        headers = {} if function_key is None else {"x-functions-key": function_key}
        super().__init__(f"{functions_url}/api", headers)
        self.made: set[str] = set()

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Send a request and check every answer that comes, redirects among them, against openapi.yaml."""
        answer = super().request(method, path, **arguments)
        for one in (*answer.history, answer):
            KEPT.keep_answer(one)
            check_answer(one)
        return answer

    def put_integration(
        self, integration_id: str, body: Any, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """PUT an integration, and remember to delete it after the test."""
        self.made.add(integration_id)
        return self.put(f"/integrations/{integration_id}", json=body, headers=headers)

    def send(self, integration_id: str, event: Any, **query: str) -> requests.Response:
        """POST a feature's event, as the product tool's front end does."""
        return self.post(f"/integrations/{integration_id}/features", json=event, params=query)

    def send_reference(self, integration_id: str, reference: str, **arguments: Any) -> requests.Response:
        """POST to a feature's reference, as a front end does that leaves the reading to the app."""
        return self.post(f"/integrations/{integration_id}/features/{reference}", **arguments)

    def log(self, integration_id: str, **query: str | int) -> list[dict[str, Any]]:
        """The entries of the integration's log, newest first."""
        answer = self.get(f"/integrations/{integration_id}/log", params=query)
        assert answer.status_code == 200, answer.text
        entries: list[dict[str, Any]] = answer.json()["entries"]
        return entries

    def delete_what_was_made(self) -> None:
        """Delete the integrations that were made; a product belongs to one integration at a time."""
        for integration_id in self.made:
            answer = self.delete(f"/integrations/{integration_id}")
            assert answer.status_code in (204, 404), answer.text
        self.made.clear()


class Sandbox(Client):
    """What both sandboxes have in common: faults, latency and the list of requests, below /_control."""

    def control(self, method: str, path: str, json: Any = None) -> Any:
        """A request to /_control; answers its JSON, None where there is none."""
        answer = self.request(method, f"{self._root}/_control{path}", json=json)
        assert answer.ok, f"{method} /_control{path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    @property
    def _root(self) -> str:
        return "/".join(self.url.split("/")[:3])

    def reset(self) -> None:
        """Back to the start: data, faults, latency and the list of requests. A delayed request is dropped."""
        self.control("DELETE", "/all")

    def add_fault(self, **fault: Any) -> str:
        """Make requests fail, see local/faults.py for the keys; answers the fault's id."""
        fault_id: str = self.control("POST", "/faults", fault)["id"]
        return fault_id

    def clear_faults(self) -> None:
        """No more faults."""
        self.control("DELETE", "/faults")

    def set_latency(self, milliseconds: int) -> None:
        """Delay every answer."""
        self.control("PUT", "/latency", {"ms": milliseconds})

    def requests(self) -> list[dict[str, Any]]:
        """The requests since the last reset or clear_requests(), in order of their start."""
        listed: list[dict[str, Any]] = self.control("GET", "/requests")["requests"]
        return listed

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self.control("DELETE", "/requests")


class AzureDevOps(Sandbox):
    """The sandbox Azure DevOps, as an engineer with the writing token uses it; paths below the organization."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url}/{ACCOUNT}")
        self.session.auth = ("", WRITE_TOKEN)
        self.session.params = {"api-version": "7.1"}

    def work_item(self, work_item_id: int) -> dict[str, Any]:
        """A work item with its fields and relations."""
        answer = self.get(f"/_apis/wit/workitems/{work_item_id}", params={"$expand": "all"})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def fields(self, work_item_id: int) -> dict[str, Any]:
        """A work item's fields."""
        fields: dict[str, Any] = self.work_item(work_item_id)["fields"]
        return fields

    def relations(self, work_item_id: int, rel: str | None = None) -> list[dict[str, Any]]:
        """A work item's relations, or those of one kind, such as `AttachedFile`."""
        relations: list[dict[str, Any]] = self.work_item(work_item_id).get("relations") or []
        return [relation for relation in relations if rel in (None, relation["rel"])]

    def all_work_items(self) -> list[dict[str, Any]]:
        """Every work item of every project with relations; `deleted` and `updates` (a number) beside its keys."""
        work_items: list[dict[str, Any]] = self.control("GET", "/work_items")["work_items"]
        return work_items

    def ids(self) -> list[int]:
        """The ids of all work items that are not deleted."""
        return sorted(item["id"] for item in self.all_work_items() if not item["deleted"])

    def edit(self, work_item_id: int, fields: Mapping[str, Any], operations: Any = ()) -> dict[str, Any]:
        """An engineer's edit in the web portal: fields by reference name, further JSON Patch; service hooks fire."""
        body = {"id": work_item_id, "fields": dict(fields), "operations": list(operations)}
        edited: dict[str, Any] = self.control("POST", "/edit", body)
        return edited

    def update(self, work_item_id: int, fields: Mapping[str, Any]) -> dict[str, Any]:
        """An edit over the REST API, by the identity that the integration writes as; service hooks fire."""
        answer = self.request(
            "PATCH",
            f"/_apis/wit/workitems/{work_item_id}",
            json=[{"op": "add", "path": f"/fields/{name}", "value": value} for name, value in fields.items()],
            headers={"content-type": "application/json-patch+json"},
        )
        assert answer.status_code == 200, answer.text
        updated: dict[str, Any] = answer.json()
        return updated

    def delete_work_item(self, work_item_id: int) -> None:
        """An engineer moves a work item to the recycle bin."""
        self.control("POST", "/delete", {"id": work_item_id})

    def restore_work_item(self, work_item_id: int) -> None:
        """An engineer takes it out again."""
        self.control("POST", "/restore", {"id": work_item_id})

    def deliver(self) -> None:
        """Wait until every notification that is due was delivered, retries too."""
        assert self.control("POST", "/service_hooks/flush", {})["idle"], (
            "notifications are still on their way"
        )

    def deliveries(self) -> list[dict[str, Any]]:
        """The notifications that were sent and how they were answered."""
        deliveries: list[dict[str, Any]] = self.control("GET", "/service_hooks/deliveries")["deliveries"]
        return deliveries

    def subscribe(self, webhook_url: str, **changes: Any) -> dict[str, Any]:
        """Set up the *Work item updated* service hook; `changes` replace top-level keys of the subscription."""
        projects = self.get("/_apis/projects").json()["value"]
        body = {**service_hook_subscription(webhook_url, projects), **changes}
        answer = self.post("/_apis/hooks/subscriptions", json=body)
        assert answer.status_code == 200, answer.text
        subscription: dict[str, Any] = answer.json()
        return subscription


class Aha(Sandbox):
    """The sandbox Aha!, as a product manager uses it; paths below /api/v1."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url}/api/v1", {"authorization": f"Bearer {AHA_TOKEN}"})

    @property
    def account_url(self) -> str:
        """What an integration has as `aha.url`."""
        return self._root

    def feature(self, reference: str) -> dict[str, Any]:
        """A feature by id or reference number."""
        return self._record("feature", reference)

    def requirement(self, reference: str) -> dict[str, Any]:
        """A requirement by id or reference number."""
        return self._record("requirement", reference)

    def event(self, reference: str, event: str = "create_feature", style: str = "current") -> dict[str, Any]:
        """The event that Aha! makes for a feature as it is now."""
        made: dict[str, Any] = self.control("GET", f"/events/{reference}?event={event}&style={style}")
        return made

    def edit(self, reference: str, **changes: Any) -> None:
        """A product manager's edit: `name`, `description`, `status`."""
        self.control("POST", "/edit", {"id": reference, **changes})

    def press_send(self, reference: str) -> None:
        """A press on *Send* on a feature's page: Aha!'s servers call the product's Integration webhook."""
        path = f"{self.account_url}/_board/data/records/{reference}/send"
        assert self.post(path, json={}).status_code == 202

    def takes_writes(self, reference: str, **how: Any) -> None:
        """How a record takes the app's writes from now on: `refuses`, `keeps`; as usual if neither is given."""
        self.control("PUT", "/writes", {"id": reference, **how})

    def records(self) -> list[dict[str, Any]]:
        """All features and requirements, short."""
        records: list[dict[str, Any]] = self.control("GET", "/records")["records"]
        return records

    def limit_requests(self, *, per_second: int | None, per_minute: int | None) -> None:
        """The limits of the account from now on; None means no limit."""
        self.control("PUT", "/rate_limit", {"per_second": per_second, "per_minute": per_minute})

    def status(self, reference: str) -> str:
        """The status of a record, without a request that counts towards the rate limit: for looking again and again."""
        return next(str(one["status"]) for one in self.records() if one["reference_num"] == reference)

    def _record(self, kind: str, reference: str) -> dict[str, Any]:
        answer = self.get(f"/{kind}s/{reference}")
        assert answer.status_code == 200, answer.text
        record: dict[str, Any] = answer.json()[kind]
        return record


@dataclass(frozen=True)
class IntegrationUnderTest:
    """A complete integration between both sandboxes: its id, the PUT's body and the webhook's URL."""

    id: str
    body: dict[str, Any]
    webhook_url: str

    @classmethod
    def set_up(
        cls, api: Api, azure_devops: AzureDevOps, aha: Aha, integration_id: str
    ) -> IntegrationUnderTest:
        """PUT the sample integration under an id of its own and subscribe its webhook in Azure DevOps."""
        body = sample_integration(aha.account_url)
        answer = api.put_integration(integration_id, body)
        assert answer.status_code == 201, answer.text
        webhook_url: str = answer.json()["webhook_url"]
        azure_devops.subscribe(webhook_url)
        return cls(integration_id, body, webhook_url)
