"""What tests of sending and receiving look at: an integration, both sandboxes and the links between them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from azure.data.tables import TableClient, TableServiceClient, UpdateMode
from requests import Response

from local.service import Service
from local.system import LocalSystem
from tests.e2e.sending_payloads import Json
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest

TITLE = "System.Title"
DESCRIPTION = "System.Description"
STATE = "System.State"
PARENT = "System.LinkTypes.Hierarchy-Reverse"

A_WRITE = r"/wit/(\$batch|workitems/)"
"""The path of a request that creates or updates work items; a service hook reads at the second one, too."""

_OUR_USER_AGENT = "aha-azure-devops-integration"


@dataclass(frozen=True)
class Sent:
    """The answer to a send."""

    response: Response

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def body(self) -> Json:
        """The answer's JSON."""
        body: Json = self.response.json()
        return body

    @property
    def feature(self) -> Json:
        """The feature's part of the answer."""
        feature: Json = self.body["feature"]
        return feature

    @property
    def requirements(self) -> list[Json]:
        """The requirements' parts, in their order."""
        parts: list[Json] = self.body["requirements"]
        return parts

    @property
    def records(self) -> list[Json]:
        """The feature's part, then those of the requirements."""
        return [self.feature, *self.requirements]

    @property
    def actions(self) -> list[str]:
        """What was done for the feature, then for each requirement."""
        return [part["action"] for part in self.records]

    @property
    def ids(self) -> list[int]:
        """The work items of the feature and of each requirement."""
        return [part["work_item"]["id"] for part in self.records]

    @property
    def files(self) -> dict[str, str]:
        """What was done for each attachment of the feature, by its id."""
        return {file["id"]: file["action"] for file in self.feature["attachments"]}


@dataclass(frozen=True)
class Scene:
    """One integration between both sandboxes. What tests do to look or to steer is in no list of requests."""

    system: LocalSystem
    api: Api
    azure_devops: AzureDevOps
    aha: Aha
    integration: IntegrationUnderTest

    # Sending.

    def send(self, feature: Json, event: str = "create_feature", **query: str) -> Sent:
        """Send a feature, as the product tool's front end does; the lists of requests start anew."""
        self.azure_devops.clear_requests()
        self.aha.clear_requests()
        return self.post({"event": event, "feature": feature}, **query)

    def post(self, body: Any, **query: str) -> Sent:
        """Send a body as it is."""
        return Sent(self.api.send(self.integration.id, body, **query))

    def send_reference(self, reference: str, **arguments: Any) -> Sent:
        """Send a feature that the app reads from Aha!; the lists of requests start anew."""
        self.azure_devops.clear_requests()
        self.aha.clear_requests()
        return Sent(self.api.send_reference(self.integration.id, reference, **arguments))

    def at(self, api: Api) -> Scene:
        """The same, sent by way of another function host."""
        return replace(self, api=api)

    def configure(self, **changes: Any) -> Response:
        """PUT the integration with other top-level keys; one that is None is left out."""
        body = {
            key: value for key, value in {**self.integration.body, **changes}.items() if value is not None
        }
        return self.api.put_integration(self.integration.id, body)

    def events(self, level: str | None = None) -> list[str]:
        """The names of the log's entries, newest first."""
        return [entry["event"] for entry in self.log(level=level)]

    def log(self, event: str | None = None, level: str | None = None) -> list[Json]:
        """The log's entries, newest first; those of one event if it is named."""
        query = {"level": level} if level else {}
        entries = self.api.log(self.integration.id, limit=500, **query)
        return [entry for entry in entries if event in (None, entry["event"])]

    # Azure DevOps.

    def items(self) -> dict[int, Json]:
        """Every work item that is not deleted, by id."""
        listed = self.azure_devops.control("GET", "/work_items")["work_items"]
        return {item["id"]: item for item in listed if not item["deleted"]}

    def item(self, work_item_id: int) -> Json:
        """A work item as it is now."""
        return self.items()[work_item_id]

    def value(self, work_item_id: int, field_name: str) -> Any:
        """The value of a field, None where it is empty."""
        return self.item(work_item_id)["fields"].get(field_name)

    def parent(self, work_item_id: int) -> int | None:
        """The id of a work item's parent."""
        parents = [relation["url"].rsplit("/", 1)[-1] for relation in self.relations(work_item_id, PARENT)]
        assert len(parents) <= 1
        return int(parents[0]) if parents else None

    def relations(self, work_item_id: int, rel: str) -> list[Json]:
        """A work item's relations of one kind."""
        relations = self.item(work_item_id).get("relations") or []
        return [relation for relation in relations if relation["rel"] == rel]

    def file_names(self, work_item_id: int) -> list[str]:
        """The names of a work item's attached files, sorted."""
        files = self.relations(work_item_id, "AttachedFile")
        return sorted(file["attributes"]["name"] for file in files)

    def items_of(self, record: Json) -> list[int]:
        """The work items that carry a record's marker."""
        return self._items_by_record().get(record["id"], [])

    def _items_by_record(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number, item in self.items().items():
            for relation in item.get("relations") or []:
                if relation["rel"] == "Hyperlink":
                    record_id = relation["attributes"]["comment"].rsplit(" ", 1)[-1]
                    found.setdefault(record_id, []).append(number)
        return found

    def assert_one_each(self, feature: Json) -> None:
        """The feature and each of its requirements have exactly one work item, requirements below the feature's."""
        below = [item["id"] for item in feature.get("requirements", ())]
        found = self._items_by_record()
        assert {key: len(numbers) for key, numbers in found.items()} == dict.fromkeys(
            [feature["id"], *below], 1
        )
        items = self.items()
        assert len(items) == 1 + len(below)
        parents = {items[found[record_id][0]]["fields"].get("System.Parent") for record_id in below}
        assert parents <= {found[feature["id"]][0]}
        assert self.claims() == []

    def edit(self, work_item_id: int, operations: Sequence[Json] = (), **fields: str) -> Json:
        """An engineer's edit in the web portal: `title`, `description`, `state`, or JSON Patch operations."""
        names = {"title": TITLE, "description": DESCRIPTION, "state": STATE}
        values = {names[key]: value for key, value in fields.items()}
        body = {"id": work_item_id, "fields": values, "operations": list(operations)}
        edited: Json = self.azure_devops.control("POST", "/edit", body)
        return edited

    def remove_relation(self, work_item_id: int, relation: Json) -> None:
        """An engineer takes a link or a file off a work item."""
        index = self.item(work_item_id)["relations"].index(relation)
        self.edit(work_item_id, [{"op": "remove", "path": f"/relations/{index}"}])

    def set_parent(self, work_item_id: int, parent_id: int) -> None:
        """An engineer puts a work item below another one."""
        for relation in self.relations(work_item_id, PARENT):
            self.remove_relation(work_item_id, relation)
        url = f"{self.azure_devops.url}/_apis/wit/workItems/{parent_id}"
        value = {"rel": PARENT, "url": url}
        self.edit(work_item_id, [{"op": "add", "path": "/relations/-", "value": value}])

    def requests(self, path: str = "") -> list[Json]:
        """The product's requests to Azure DevOps since the last send, or those whose path holds `path`."""
        return [
            request
            for request in self.azure_devops.requests()
            if request["headers"].get("user-agent", "").startswith(_OUR_USER_AGENT)
            and path in request["path"]
        ]

    def writes(self) -> list[Json]:
        """Those of the requests that write work items."""
        return [
            request
            for request in self.requests()
            if request["method"] != "GET"
            and re.search(A_WRITE, request["path"])
            and "validateOnly=true" not in request["query"]
        ]

    def uploads(self) -> list[Json]:
        """Those of the requests that upload attachments."""
        return self.requests("/_apis/wit/attachments")

    # Notifications.

    def deliver(self, **settings: Any) -> list[Json]:
        """Deliver the notifications that are held; the answers to each attempt.

        `settings` are those of the sandbox: shuffle, duplicate, drop, time_scale.
        """
        before = len(self._attempts())
        self.azure_devops.control("PUT", "/service_hooks", {**settings, "paused": False})
        flushed = self.azure_devops.control("POST", "/service_hooks/flush", {"timeout_seconds": 30})
        assert flushed == {"idle": True}
        self.hold_notifications()
        return [
            {"status": attempt["status"], **json.loads(attempt["answer"] or "{}")}
            for attempt in self._attempts()[before:]
        ]

    def hold_notifications(self) -> None:
        """From here on, Azure DevOps keeps notifications until they are to be delivered."""
        self.azure_devops.control("PUT", "/service_hooks", {"paused": True})

    def subscribe_anew(self, **changes: Any) -> None:
        """Replace the subscription by one with other top-level keys."""
        path = "/_apis/hooks/subscriptions"
        for subscription in self.azure_devops.get(path).json()["value"]:
            self.azure_devops.delete(f"{path}/{subscription['id']}")
        self.azure_devops.subscribe(self.integration.webhook_url, **changes)

    def notify(self, body: Any, webhook_url: str = "") -> Response:
        """Call the webhook with a body of the test's own."""
        return self.api.post(webhook_url or self.integration.webhook_url, json=body)

    def _attempts(self) -> list[Json]:
        attempts: list[Json] = self.azure_devops.control("GET", "/service_hooks/deliveries")["deliveries"]
        return attempts

    # Aha!.

    def aha_requests(self, method: str) -> list[Json]:
        """The product's requests to Aha!'s API of one method, since the last send."""
        requests = self.aha.requests()
        return [item for item in requests if item["method"] == method and item["path"].startswith("/api/v1/")]

    def attach(self, reference: str, file_name: str, **keys: Any) -> str:
        """Attach a file to a record of the sandbox Aha!; answers the attachment's id."""
        given = {"record": reference, "file_name": file_name, "content": file_name, **keys}
        if "size" in keys:
            del given["content"]
        attachment_id: str = self.aha.control("POST", "/attachments", given)["attachment"]["id"]
        return attachment_id

    # Storage.

    def claims(self) -> list[str]:
        """The Aha! ids of claims that stand."""
        return [row["aha_id"] for row in self._links().list_entities() if self._is_our_claim(row)]

    def give_claims_up(self) -> None:
        """As if the minute for which a claim holds were over: the next sender takes it over at once."""
        links = self._links()
        for row in list(links.list_entities()):
            if self._is_our_claim(row):
                links.update_entity({**row, "operation_id": ""})

    def link_rows(self) -> dict[int, Json]:
        """The rows of the integration's links, by work item."""
        rows = self._links().query_entities(f"PartitionKey eq '{self.integration.id}' and RowKey ge 'w:'")
        return {row["work_item_id"]: dict(row) for row in rows if row["RowKey"].startswith("w:")}

    def take_out_of_link_rows(self, *names: str) -> None:
        """As if a version of the app that does not know these properties had written the links."""
        for row in self.link_rows().values():
            older = {name: value for name, value in row.items() if name not in names}
            self._links().update_entity(older, mode=UpdateMode.REPLACE)

    def _is_our_claim(self, row: Any) -> bool:
        return bool(row["PartitionKey"] == self.integration.id and row.get("is_claim"))

    def _links(self) -> TableClient:
        tables = TableServiceClient.from_connection_string(self.system.tables_connection_string)
        # It may be that nothing was sent yet.
        return tables.create_table_if_not_exists("Links")


@contextmanager
def another_host(system: LocalSystem, **settings: str) -> Iterator[tuple[Service, Api]]:
    """A second function host on the same storage, with other app settings."""
    with system.another_host(env=settings) as service:
        yield service, Api(service.url, system.function_key)
