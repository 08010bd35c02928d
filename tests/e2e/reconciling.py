"""What tests of Reconcile need: start the timer, wait for its end, let time pass, and read the watermark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableClient, TableServiceClient

from local.service import Service
from local.system import MASTER_KEY
from shared.domain.times import parse_time
from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import Scene
from tests.e2e.system import eventually

_SECONDS = 60
_ENDED = re.compile(r"Executed 'Functions\.Reconcile' \((\w+),")


@dataclass(frozen=True)
class Run:
    """One run of Reconcile in one function host. The host's log says when it ended and how."""

    host: Service
    log_start: int

    @classmethod
    def start(cls, host: Service) -> Run:
        """Start the timer by the admin API, which does not wait for the end."""
        run = cls(host, host.log.stat().st_size)
        answer = start_timer(host)
        assert answer.status_code == 202, answer.text
        return run

    def wait(self) -> None:
        """Return when the run has ended, which has to be without an exception."""
        assert eventually(self._results, _SECONDS) == ["Succeeded"]

    def _results(self) -> list[str]:
        with self.host.log.open("rb") as log:
            log.seek(self.log_start)
            return _ENDED.findall(log.read().decode("utf-8", "replace"))


def start_timer(host: Service) -> requests.Response:
    """The admin API's answer to the call that starts Reconcile."""
    headers = {"x-functions-key": MASTER_KEY}
    url = f"{host.url}/admin/functions/Reconcile"
    return requests.post(url, json={}, headers=headers, timeout=_SECONDS)


def reconcile(scene: Scene) -> None:
    """Run Reconcile once, to its end. The lists of requests then hold those of this run."""
    scene.azure_devops.clear_requests()
    scene.aha.clear_requests()
    Run.start(scene.system.function_host).wait()


def hours_pass(scene: Scene, hours: float) -> datetime:
    """Time passes in Azure DevOps. Answers the time by its clock."""
    given = {"seconds": round(hours * 3600)}
    return _moment(scene.azure_devops.control("POST", "/clock", given)["now"])


def rename(scene: Scene, work_item_id: int, title: str) -> datetime:
    """An engineer gives a work item another title. Answers the moment of the change."""
    return _moment(scene.edit(work_item_id, title=title)["fields"]["System.ChangedDate"])


def watermark(scene: Scene, integration_id: str = "") -> datetime:
    """Up to when an integration's changes have been looked at; before the first run, when it was created."""
    name = integration_id or scene.integration.id
    tables = TableServiceClient.from_connection_string(scene.system.tables_connection_string)
    try:
        return _moment(tables.get_table_client("Links").get_entity(name, "watermark")["seen_until"])
    except ResourceNotFoundError:
        return _moment(scene.api.get(f"/integrations/{name}").json()["created_at"])


def damage_link(scene: Scene, work_item_id: int) -> Json:
    """Break a rule in the row of a work item's link, which a defect of this app may do. Answers the row as it was."""
    row = scene.link_rows()[work_item_id]
    _links(scene).update_entity({**row, "base_0": "{"})
    return row


def lose_links(scene: Scene) -> None:
    """Remove every link of the integration from the table, and the pointers to them."""
    for row in _links(scene).query_entities(f"PartitionKey eq '{scene.integration.id}'"):
        if row["RowKey"].startswith(("w:", "r:")):
            _links(scene).delete_entity(row)


def repair_link(scene: Scene, row: Json) -> None:
    """Write a row back as it was."""
    _links(scene).update_entity(row)


def damage_watermark(scene: Scene) -> None:
    """Put something into the row of the watermark that is no time."""
    key = {"PartitionKey": scene.integration.id, "RowKey": "watermark"}
    _links(scene).upsert_entity({**key, "schema": 1, "seen_until": "yesterday"})


def write_row_of_newer_version(scene: Scene, row_key: str) -> None:
    """Write a row in a shape that this version does not know."""
    _links(scene).upsert_entity({"PartitionKey": scene.integration.id, "RowKey": row_key, "schema": 2})


def date_creation_ahead(scene: Scene, seconds: float) -> None:
    """As if a host whose clock is fast had made the integration."""
    _date_ahead(scene, "created_at", timedelta(seconds=seconds))


def date_last_save_ahead(scene: Scene, hours: float) -> None:
    """As if hours had passed before somebody saved the integration for the last time."""
    _date_ahead(scene, "updated_at", timedelta(hours=hours))


def _date_ahead(scene: Scene, name: str, by: timedelta) -> None:
    tables = TableServiceClient.from_connection_string(scene.system.tables_connection_string)
    table = tables.get_table_client("Integrations")
    row = dict(table.get_entity("integrations", f"i:{scene.integration.id}"))
    table.update_entity({**row, name: row[name] + by})


def _links(scene: Scene) -> TableClient:
    return TableServiceClient.from_connection_string(scene.system.tables_connection_string).get_table_client(
        "Links"
    )


def _moment(value: Any) -> datetime:
    """A stored time, whether it is kept as a time or as text."""
    moment = value if isinstance(value, datetime) else parse_time(value)
    assert moment is not None, f"{value!r} is not a time"
    return moment


def add_changes_in_sync(scene: Scene, count: int, like: int, **damage: str) -> None:
    """Work items that changed now, whose links say that they are in sync; their links are made like another one.

    `damage`: properties of the links that are different.
    """
    made = scene.azure_devops.control("POST", "/work_items", {"count": count, "type": "Feature"})["ids"]
    row = scene.link_rows()[like]
    table = TableServiceClient.from_connection_string(scene.system.tables_connection_string).get_table_client(
        "Links"
    )
    rows = [
        {**row, "RowKey": f"w:{number:010}", "work_item_id": number, "aha_id": f"in-sync-{number}", **damage}
        for number in made
    ]
    for start in range(0, len(rows), 100):
        table.submit_transaction([("create", entity) for entity in rows[start : start + 100]])


def queries(scene: Scene) -> list[Any]:
    """The queries of the last run."""
    return scene.requests("/wit/wiql")


def batch_reads(scene: Scene) -> list[Any]:
    """The requests of the last run that read work items, many at a time."""
    return scene.requests("/wit/workitemsbatch")


def names(scene: Scene) -> dict[str, str]:
    """The names of all records in Aha!, by reference."""
    return {record["reference_num"]: record["name"] for record in scene.aha.records()}


def notes(scene: Scene) -> list[Json]:
    """The notes of unfinished sends."""
    query = f"PartitionKey eq '{scene.integration.id}' and RowKey ge 'u:' and RowKey lt 'u;'"
    return [dict(row) for row in _links(scene).query_entities(query)]


def minutes_pass(scene: Scene) -> None:
    """As if the minutes were over for which claims hold and notes of unfinished sends are left alone."""
    scene.give_claims_up()
    for row in notes(scene):
        _links(scene).update_entity({**row, "wait_seconds": 0})
