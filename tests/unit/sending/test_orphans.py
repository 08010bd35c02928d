"""Work items that an interrupted send created."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from shared.clients.azure_devops import AzureDevOps
from shared.clients.process_state import ProcessState
from shared.domain.markers import Marker, marker_of
from shared.domain.records import Record
from shared.errors import Defect, NotFound, OperationFailed
from shared.operation_log import LogEntry
from shared.sending.orphans import Orphan, SearchContext, find_first_revisions, find_orphans
from tests.unit.examples import a_record, a_requirement, an_integration
from tests.unit.operations import an_operation
from tests.unit.scripted_server import Reply, ScriptedServer, serving

SINCE = datetime(2026, 3, 2, 12, 0, 0, tzinfo=timezone.utc)
PUBLIC_URL = "https://app.example.com"
FEATURE, REQUIREMENT = a_record(), a_requirement()
INTEGRATION = an_integration(
    azure_devops=replace(an_integration().azure_devops, project="Fabrikam Web", area_path="Fabrikam Web")
)


def marker(record: Record, **changes: Any) -> Marker:
    """The marker of a record's work item."""
    return marker_of(record, replace(INTEGRATION, **changes), PUBLIC_URL)


def item(work_item_id: int, *markers: Marker, revision: int = 1, title: str = "") -> dict[str, Any]:
    """A work item as Azure DevOps answers it."""
    return {
        "id": work_item_id,
        "rev": revision,
        "fields": {"System.Title": title},
        "relations": [marker.relation() for marker in markers],
    }


class Search:
    """A search of Azure DevOps as the server answers for it."""

    def __init__(self, server: ScriptedServer) -> None:
        operation, self._log = an_operation()
        azure_devops = AzureDevOps(
            base_url=server.url,
            account_name="fabrikam",
            authorization=lambda: "Basic Og==",
            operation=operation,
            process_state=ProcessState(allow_local=True),
        )
        self.context = SearchContext(azure_devops, INTEGRATION, PUBLIC_URL, operation)

    def found(self, *records: Record) -> dict[str, Orphan | OperationFailed]:
        """What is found, by record id."""
        return find_orphans(self.context, records, SINCE)

    def logged(self, event: str) -> list[LogEntry]:
        """The log's entries of one event."""
        self.context.operation.log.flush()
        return self._log.of(event)


def found(server: ScriptedServer, *records: Record) -> dict[str, int]:
    """The ids of the work items that are found, by record id."""
    orphans = Search(server).found(*records)
    return {key: orphan.present.id for key, orphan in orphans.items() if isinstance(orphan, Orphan)}


def ids(*numbers: int) -> Reply:
    """The answer of a query."""
    return Reply(200, {"asOf": "2026-03-02T12:01:00Z", "workItems": [{"id": number} for number in numbers]})


def read(*items: Any) -> Reply:
    """The answer of a batch read."""
    return Reply(200, {"count": len(items), "value": list(items)})


def test_the_marker_says_which_record_a_work_item_belongs_to() -> None:
    with serving(
        ids(20, 21, 22), read(item(21, marker(REQUIREMENT)), item(22), item(20, marker(FEATURE)))
    ) as server:
        assert found(server, FEATURE, REQUIREMENT) == {FEATURE.id: 20, REQUIREMENT.id: 21}


def test_the_query_goes_back_further_than_the_clocks_may_differ() -> None:
    with serving(ids()) as server:
        found(server, FEATURE, REQUIREMENT)

    (asked,) = server.asked
    assert asked.path == "/fabrikam/_apis/wit/wiql"
    assert "timePrecision=true" in asked.query
    query = json.loads(asked.body)["query"]
    assert "[System.CreatedDate] >= '2026-03-02T11:55:00Z'" in query


def test_the_query_asks_for_no_type_no_user_and_no_place() -> None:
    # All of these can change after the create: an engineer, another token, another configuration.
    with serving(ids()) as server:
        found(server, FEATURE, REQUIREMENT)

    query = json.loads(server.asked[0].body)["query"]
    for word in ("WorkItemType", "CreatedBy", "@Me", "AreaPath", "TeamProject"):
        assert word not in query


def test_if_nothing_was_created_nothing_is_read() -> None:
    with serving(ids()) as server:
        assert found(server, FEATURE) == {}

    assert len(server.asked) == 1


def test_of_two_with_the_same_marker_the_oldest_is_taken() -> None:
    with serving(ids(31, 30), read(item(31, marker(FEATURE)), item(30, marker(FEATURE)))) as server:
        assert found(server, FEATURE) == {FEATURE.id: 30}


def test_the_log_names_the_other_ones_with_the_same_marker_whoever_searches() -> None:
    two = (ids(31, 30), read(item(31, marker(FEATURE)), item(30, marker(FEATURE))))
    for find in (find_orphans, find_first_revisions):
        with serving(*two) as server:
            search = Search(server)
            find(search.context, [FEATURE], SINCE)

        (entry,) = search.logged("work-item.second")
        assert (entry.detail["work_item_id"], entry.detail["second_work_item_id"]) == (30, 31)


def test_the_log_names_another_one_once_however_often_the_operation_searches() -> None:
    def page(asked: Any) -> Reply:
        found_items = read(item(31, marker(FEATURE)), item(30, marker(FEATURE)))
        return ids(31, 30) if asked.path.endswith("/wiql") else found_items

    with serving(page) as server:
        search = Search(server)
        search.found(FEATURE)
        search.found(FEATURE)

    assert len(search.logged("work-item.second")) == 1


def test_one_that_goes_out_of_sight_stops_its_record_alone() -> None:
    edited = item(30, marker(FEATURE), revision=3)
    gone = Reply(404, {"message": "TF401232: Work item 30 does not exist, or you do not have permissions."})
    with serving(ids(30, 31), read(edited, item(31, marker(REQUIREMENT))), gone) as server:
        orphans = Search(server).found(FEATURE, REQUIREMENT)

    assert isinstance(orphans[FEATURE.id], NotFound)
    assert isinstance(orphans[REQUIREMENT.id], Orphan)


def test_a_record_for_which_no_marker_can_be_made_stops_itself_alone() -> None:
    # Half of a surrogate pair, which JSON can carry, fits into no URL.
    strange = a_requirement(reference="PROD-\ud83d", url="")
    with serving(ids(30), read(item(30, marker(FEATURE)))) as server:
        orphans = Search(server).found(FEATURE, strange)

    assert isinstance(orphans[FEATURE.id], Orphan)
    assert isinstance(orphans[strange.id], Defect)


def test_if_very_much_was_created_only_work_items_with_hyperlinks_are_read() -> None:
    def page(asked: Any) -> Reply:
        if asked.path.endswith("/wiql"):
            return ids(1200) if "HyperLinkCount" in asked.body.decode() else ids(*range(1, 1500))
        return read(*[item(number, marker(FEATURE)) for number in json.loads(asked.body)["ids"]])

    with serving(page) as server:
        assert found(server, FEATURE) == {FEATURE.id: 1200}

    assert len(server.asked) == 3


def test_more_than_a_query_may_find_is_asked_for_in_parts() -> None:
    too_many = Reply(400, {"message": "VS402337: The number of work items returned exceeds the size limit."})

    def page(asked: Any) -> Reply:
        text = asked.body.decode()
        if not asked.path.endswith("/wiql"):
            return read(*[item(number, marker(FEATURE)) for number in json.loads(text)["ids"]])
        if "CreatedDate] < " not in text and "2026-03-02" in text:
            return too_many
        return ids(77) if "HyperLinkCount" in text else ids(*range(1, 5000))

    with serving(page) as server:
        assert found(server, FEATURE) == {FEATURE.id: 77}


def test_a_work_item_that_was_deleted_meanwhile_is_left_out() -> None:
    with serving(ids(30, 31), read(None, item(31, marker(FEATURE)))) as server:
        assert found(server, FEATURE) == {FEATURE.id: 31}


def test_a_work_item_of_another_integration_is_left_alone() -> None:
    # microsoft/onefuzz#2169: a search changed somebody else's work item.
    other = marker(FEATURE, integration_id="other")
    with serving(ids(30), read(item(30, other))) as server:
        assert found(server, FEATURE) == {}


def test_many_candidates_are_read_two_hundred_at_a_time() -> None:
    def page(asked: Any) -> Reply:
        if asked.path.endswith("/wiql"):
            return ids(*range(1, 451))
        return read(*[item(number) for number in json.loads(asked.body)["ids"]])

    with serving(page) as server:
        found(server, FEATURE)

    reads = [json.loads(asked.body)["ids"] for asked in server.asked[1:]]
    assert sorted(len(page_ids) for page_ids in reads) == [50, 200, 200]
    assert sorted(number for page_ids in reads for number in page_ids) == list(range(1, 451))


def test_a_work_item_that_an_engineer_changed_since_is_shown_as_it_was_created() -> None:
    # What it said then is the base: the engineer's change must not count as agreed.
    edited = item(30, marker(FEATURE), revision=3, title="By an engineer")
    first = item(30, marker(FEATURE), title="Search by colour")
    with serving(ids(30), read(edited), Reply(200, first)) as server:
        revisions = find_first_revisions(Search(server).context, [FEATURE], SINCE)

    assert server.asked[-1].path == "/fabrikam/_apis/wit/workItems/30/revisions/1"
    assert (revisions[FEATURE.id].revision, revisions[FEATURE.id].title) == (1, "Search by colour")


def test_a_work_item_at_its_first_revision_is_not_read_again() -> None:
    with serving(ids(30), read(item(30, marker(FEATURE)))) as server:
        find_first_revisions(Search(server).context, [FEATURE], SINCE)

    assert len(server.asked) == 2
