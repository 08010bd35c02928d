"""No number and no word of another system decides for how long the app waits, or how often it asks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from shared.api.connection_test import all_area_paths
from shared.clients.aha_account import AhaAccount
from shared.clients.azure_devops import AzureDevOps
from shared.clients.process_state import ProcessState
from shared.clients.rate_limits import RateLimits
from shared.domain.integration import AhaTarget
from shared.domain.retry import LONGEST_WAIT
from shared.errors import Unavailable
from shared.secret import Secret
from tests.unit.operations import Clock, an_operation
from tests.unit.scripted_server import Asked, Reply, ScriptedServer, serving

A_YEAR = "31536000"


@contextmanager
def azure_devops(
    *replies: Reply | Callable[[Asked], Reply], seconds: float = 60
) -> Iterator[tuple[AzureDevOps, ScriptedServer]]:
    """An organization that gives these replies, the last one for ever."""
    clock = Clock()
    operation, _ = an_operation(seconds, clock)
    with serving(*replies) as server:
        client = AzureDevOps(
            base_url=server.url,
            account_name="fabrikam",
            authorization=lambda: "Basic OlMzY3JldA==",
            operation=operation,
            process_state=ProcessState(allow_local=True),
            sleep=clock.sleep,
        )
        yield client, server


@contextmanager
def aha(*replies: Reply | Callable[[Asked], Reply]) -> Iterator[tuple[AhaAccount, ScriptedServer]]:
    """An Aha! account that gives these replies, the last one for ever."""
    operation, _ = an_operation()
    with serving(*replies) as server:
        target = AhaTarget(server.url, Secret("aha-token"))
        yield AhaAccount(target, operation, process_state=ProcessState(allow_local=True)), server


@pytest.mark.parametrize("value", [A_YEAR, "1e300", "Fri, 31 Dec 9999 23:59:59 GMT", "9" * 400])
def test_a_refusal_holds_an_account_for_minutes_at_most(value: str) -> None:
    limits = RateLimits(Clock())

    assert limits.observe("fabrikam", {"retry-after": value}) == LONGEST_WAIT
    assert limits.wait("fabrikam") == LONGEST_WAIT


@pytest.mark.parametrize("value", [A_YEAR, "1e300", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_success_slows_an_account_down_and_does_not_ban_it(value: str) -> None:
    limits = RateLimits(Clock())

    limits.observe("fabrikam", {"retry-after": value}, is_success=True)

    assert limits.wait("fabrikam") == 30


def test_an_allowance_that_is_renewed_in_a_year_slows_down_by_seconds() -> None:
    limits = RateLimits(Clock(), lambda: 0.0)

    limits.observe(
        "fabrikam", {"x-ratelimit-limit": "300", "x-ratelimit-remaining": "0", "x-ratelimit-reset": A_YEAR}
    )

    assert limits.wait("fabrikam") == 5


def test_a_year_in_a_refusal_is_answered_by_minutes() -> None:
    with (
        azure_devops(Reply(503, b"", {"Retry-After": A_YEAR})) as (client, server),
        pytest.raises(Unavailable) as caught,
    ):
        client.projects()

    assert caught.value.retry_after == LONGEST_WAIT
    assert len(server.asked) == 1


# Pages.


def page(number: int, token: str) -> Reply:
    """A page with one project, and the token of the next page."""
    project = {"id": f"id-{number}", "name": f"Project {number}"}
    return Reply(200, {"value": [project]}, {"x-ms-continuationtoken": token} if token else {})


@pytest.mark.parametrize(
    ("pages", "names", "requests"),
    [
        ([page(1, "a"), page(2, "")], 2, 2),
        # The token leads to the same page again and again.
        ([page(1, "a"), page(2, "a")], 2, 2),
        # The tokens lead in a circle; the last reply is given for ever.
        ([page(1, "a"), page(2, "b"), page(1, "a"), page(2, "b")], 2, 3),
        # An empty page with a token.
        ([page(1, "a"), Reply(200, {"value": []}, {"x-ms-continuationtoken": "b"})], 1, 2),
    ],
    ids=["an end", "a token that repeats", "a circle", "an empty page"],
)
def test_projects_end_where_nothing_new_comes(pages: list[Reply], names: int, requests: int) -> None:
    with azure_devops(*pages) as (client, server):
        assert len(client.projects()) == names

    assert len(server.asked) == requests


def test_projects_that_never_end_are_read_up_to_a_number_of_pages() -> None:
    numbers = itertools.count()

    with azure_devops(lambda _: page(number := next(numbers), f"token-{number}")) as (client, server):
        client.projects()

    assert len(server.asked) == 50


def products(number: int, total: int) -> Reply:
    """A page of products that claims so many pages."""
    row = {"id": str(number), "reference_prefix": f"P{number}", "name": f"Product {number}"}
    return Reply(200, {"products": [row], "pagination": {"total_pages": total}})


@pytest.mark.parametrize(
    ("pages", "found"),
    [
        ([products(1, 2), products(2, 2)], 2),
        # The page number is passed over: the first page comes for ever.
        ([products(1, 10**9)], 1),
        ([products(1, 3), Reply(200, {"products": [], "pagination": {"total_pages": 10**9}})], 1),
    ],
)
def test_products_end_where_nothing_new_comes(pages: list[Reply], found: int) -> None:
    with aha(*pages) as (account, server):
        assert len(account.products()) == found

    assert len(server.asked) <= 2


def test_products_that_never_end_are_read_up_to_a_number_of_pages() -> None:
    numbers = itertools.count()

    with aha(lambda _: products(next(numbers), 10**9)) as (account, server):
        account.products()

    assert len(server.asked) == 50


def test_an_area_whose_children_are_left_out_for_ever_is_asked_for_once() -> None:
    asked: list[str] = []

    def read_tree(path: str) -> Mapping[str, Any]:
        asked.append(path)
        root = {"name": "Fabrikam", "hasChildren": True, "children": [{"name": "Web", "hasChildren": True}]}
        return root if not path else {"name": "Web", "hasChildren": True}

    assert all_area_paths(read_tree) == ["Fabrikam", "Fabrikam\\Web"]
    assert asked == ["", "Web"]


def test_areas_that_go_down_for_ever_are_asked_for_a_number_of_times() -> None:
    asked: list[str] = []

    def read_tree(path: str) -> Mapping[str, Any]:
        asked.append(path)
        name = path.split("/")[-1] or "Fabrikam"
        return {"name": name, "hasChildren": True, "children": [{"name": "Deeper", "hasChildren": True}]}

    all_area_paths(read_tree)

    assert len(asked) == 500


# Numbers that become ids.


@pytest.mark.parametrize("number", [0, -1, 1 << 31, 10**30, True, 1.5, "7"])
@pytest.mark.parametrize("key", ["id", "rev"])
def test_a_number_that_no_work_item_has_makes_the_answer_unusable(key: str, number: Any) -> None:
    with (
        azure_devops(Reply(200, {"id": 7, "rev": 1, key: number})) as (client, _),
        pytest.raises(Unavailable),
    ):
        client.work_item(7)


def test_a_query_returns_no_more_than_the_service_does_and_only_ids() -> None:
    items: list[Any] = [{"id": number} for number in (7, 0, True, 10**30, "9")]
    items += [{"id": 8}] * 20_000

    with azure_devops(Reply(200, {"workItems": items})) as (client, _):
        found = client.query("Fabrikam", "SELECT [System.Id] FROM WorkItems")

    assert found.ids[:2] == (7, 8)
    assert len(found.ids) == 19_996
