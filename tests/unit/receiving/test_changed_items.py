"""Which linked work items changed: the links say what to ask for."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

from shared.clients.azure_devops import AzureDevOps
from shared.clients.process_state import ProcessState
from shared.domain.late_links import LinkedItem
from shared.receiving.changed_items import ChangedPage, changed_items, late_pages
from tests.unit.operations import an_operation
from tests.unit.scripted_server import Reply, ScriptedServer, serving

SINCE = datetime(2026, 3, 2, 12, 0, tzinfo=timezone.utc)
AS_OF = "2026-03-02T13:00:00Z"
INDEXED = datetime(2026, 3, 2, 12, 58, tzinfo=timezone.utc)


def pages(server: ScriptedServer, linked: list[int]) -> list[ChangedPage]:
    """What is found."""
    operation, _ = an_operation()
    azure_devops = AzureDevOps(
        base_url=server.url,
        account_name="fabrikam",
        authorization=lambda: "Basic Og==",
        operation=operation,
        process_state=ProcessState(allow_local=True),
    )
    return list(changed_items(azure_devops, linked, SINCE))


def changed(*numbers: int) -> Any:
    """A server on which these work items changed within the first minute, in this order."""

    def answer(asked: Any) -> Reply:
        query = json.loads(asked.body)["query"]
        wanted = {int(number) for number in re.findall(r"\d+", query.split("(", 1)[1].split(")", 1)[0])}
        is_later = "ChangedDate] >=" in query and "2026-03-02T12:00:00Z" not in query
        found = [] if is_later else [{"id": number} for number in numbers if number in wanted]
        return Reply(200, {"asOf": AS_OF, "workItems": found})

    return answer


def test_only_linked_work_items_are_asked_for() -> None:
    with serving(changed(9, 7, 8)) as server:
        assert pages(server, [7, 9]) == [ChangedPage([9, 7], INDEXED, is_last=True)]

    assert len(server.asked) == 1


def test_without_a_link_the_time_of_azure_devops_is_read_all_the_same() -> None:
    with serving(changed()) as server:
        assert pages(server, []) == [ChangedPage([], INDEXED, is_last=True)]


def test_changes_of_several_queries_come_in_one_order() -> None:
    linked = list(range(1, 4501))
    with serving(changed(4400, 12, 2100, 7)) as server:
        (page,) = pages(server, linked)

    assert list(page.ids) == [4400, 12, 2100, 7]
    assert page.complete_to == INDEXED
    assert len(server.asked) == 4, "three queries for 4,500 links, and one for the order"


def test_changes_of_one_of_several_queries_are_in_order_already() -> None:
    with serving(changed(12, 7)) as server:
        (page,) = pages(server, list(range(1, 4501)))

    assert list(page.ids) == [12, 7]
    assert len(server.asked) == 3


def test_more_than_a_page_comes_in_pages() -> None:
    with serving(changed(*range(1, 451))) as server:
        found = pages(server, list(range(1, 500)))

    assert [len(page.ids) for page in found] == [200, 200, 50]
    assert [page.is_last for page in found] == [False, False, True]


def test_if_too_much_changed_at_once_nothing_is_complete_before_the_last_page() -> None:
    linked = list(range(1, 4001))
    with serving(changed(*linked)) as server:
        found = [page for page in pages(server, linked) if page.ids]

    assert len(found) == 20
    assert {page.complete_to for page in found[:-1]} == {SINCE}
    assert SINCE < found[-1].complete_to <= SINCE + timedelta(minutes=2)


def test_the_work_items_of_late_links_are_read_200_at_a_time_and_move_nothing() -> None:
    linked = [LinkedItem(number, 0, SINCE, None) for number in range(1, 202)]

    assert list(late_pages(linked, SINCE, SINCE)) == [
        ChangedPage(list(range(1, 201)), SINCE, is_last=False),
        ChangedPage([201], SINCE, is_last=False),
    ]
