"""Work items that an interrupted send created."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from shared.clients.azure_devops import AzureDevOps
from shared.clients.process_state import ProcessState
from shared.domain.markers import Marker, marker_of
from shared.sending.orphans import find_orphans
from tests.unit.examples import a_record, a_requirement, an_integration
from tests.unit.operations import an_operation
from tests.unit.scripted_server import Reply, ScriptedServer, serving

SINCE = datetime(2026, 3, 2, 12, 0, 0, tzinfo=timezone.utc)
FEATURE = marker_of(a_record(), an_integration(), "https://app.example.com")
REQUIREMENT = marker_of(a_requirement(), an_integration(), "https://app.example.com")
TYPES = frozenset({"Feature", "User Story"})


def item(work_item_id: int, *markers: Marker) -> dict[str, Any]:
    """A work item as the batch read answers it."""
    return {
        "id": work_item_id,
        "rev": 1,
        "fields": {},
        "relations": [marker.relation() for marker in markers],
    }


def found(server: ScriptedServer, markers: dict[str, Marker]) -> dict[str, int]:
    """What is found, by record id."""
    operation, _ = an_operation()
    azure_devops = AzureDevOps(
        base_url=server.url,
        account_name="fabrikam",
        authorization=lambda: "Basic Og==",
        operation=operation,
        process_state=ProcessState(allow_local=True),
    )
    items = find_orphans(azure_devops, "Fabrikam Web", markers, TYPES, SINCE)
    return {record_id: found_item.id for record_id, found_item in items.items()}


def ids(*numbers: int) -> Reply:
    """The answer of a query."""
    return Reply(200, {"asOf": "2026-03-02T12:01:00Z", "workItems": [{"id": number} for number in numbers]})


def read(*items: Any) -> Reply:
    """The answer of a batch read."""
    return Reply(200, {"count": len(items), "value": list(items)})


def test_the_marker_tells_which_work_item_is_whose() -> None:
    with serving(ids(20, 21, 22), read(item(21, REQUIREMENT), item(22), item(20, FEATURE))) as server:
        assert found(server, {"f": FEATURE, "r": REQUIREMENT}) == {"f": 20, "r": 21}


def test_what_was_created_lately_is_asked_for_with_a_margin_for_the_clocks() -> None:
    with serving(ids()) as server:
        found(server, {"f": FEATURE})

    (asked,) = server.asked
    assert asked.path == "/fabrikam/Fabrikam Web/_apis/wit/wiql"
    assert "timePrecision=true" in asked.query
    query = json.loads(asked.body)["query"]
    assert "IN ('Feature', 'User Story')" in query
    assert "[System.CreatedBy] = @Me" in query
    assert "[System.CreatedDate] >= '2026-03-02T11:55:00Z'" in query


def test_where_nothing_was_created_nothing_is_read() -> None:
    with serving(ids()) as server:
        assert found(server, {"f": FEATURE}) == {}

    assert len(server.asked) == 1


def test_of_two_with_the_same_marker_the_oldest_is_taken() -> None:
    with serving(ids(31, 30), read(item(31, FEATURE), item(30, FEATURE))) as server:
        assert found(server, {"f": FEATURE}) == {"f": 30}


def test_a_work_item_that_was_deleted_meanwhile_is_left_out() -> None:
    with serving(ids(30, 31), read(None, item(31, FEATURE))) as server:
        assert found(server, {"f": FEATURE}) == {"f": 31}


def test_a_work_item_of_another_integration_is_left_alone() -> None:
    # microsoft/onefuzz#2169: a search changed somebody else's work item.
    other = marker_of(a_record(), an_integration(integration_id="other"), "https://app.example.com")
    with serving(ids(30), read(item(30, other))) as server:
        assert found(server, {"f": FEATURE}) == {}


def test_many_candidates_are_read_two_hundred_at_a_time() -> None:
    def page(asked: Any) -> Reply:
        if asked.path.endswith("/wiql"):
            return ids(*range(1, 451))
        return read(*[item(number) for number in json.loads(asked.body)["ids"]])

    with serving(page) as server:
        found(server, {"f": FEATURE})

    reads = [json.loads(asked.body)["ids"] for asked in server.asked[1:]]
    assert sorted(len(page_ids) for page_ids in reads) == [50, 200, 200]
    assert sorted(number for page_ids in reads for number in page_ids) == list(range(1, 451))
