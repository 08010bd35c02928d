"""The features of Aha! that changed since a moment, and those that a search finds."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from shared.clients.aha_features import AhaFeatures, ShortFeature
from shared.clients.process_state import ProcessState
from shared.domain.integration import AhaTarget
from shared.domain.products import Product
from shared.errors import RuleViolation, Unavailable
from shared.secret import Secret
from tests.unit.examples import API_TOKEN, NOON
from tests.unit.operations import an_operation
from tests.unit.scripted_server import Reply, serving

DATE = "Wed, 04 Mar 2026 12:00:09 GMT"


def aha_at(url: str) -> AhaFeatures:
    """Aha! at a server, without the pauses between attempts."""
    operation, _ = an_operation()
    return AhaFeatures(
        AhaTarget(url, Secret(API_TOKEN)),
        operation,
        process_state=ProcessState(allow_local=True),
        sleep=lambda _: None,
    )


def page(*numbers: int, total: int, key: str = "features", date: str = DATE) -> Reply:
    """A page of a list, with so many records on all pages."""
    rows: list[Any] = [{"id": str(number), "reference_num": f"PROD-{number}"} for number in numbers]
    pagination = {"total_records": total, "total_pages": -(-total // 200), "current_page": 1}
    return Reply(200, {key: rows, "pagination": pagination}, {"Date": date})


FIRST_PAGE = range(1, 201)


def test_every_page_is_read_and_the_time_is_that_of_the_first() -> None:
    later = "Wed, 04 Mar 2026 12:03:00 GMT"
    with serving(page(*FIRST_PAGE, total=201), page(201, total=201, date=later)) as server:
        changed = aha_at(server.url).changed_since("PROD", NOON + timedelta(milliseconds=900))

    assert changed.references == {str(number): f"PROD-{number}" for number in (*FIRST_PAGE, 201)}
    assert changed.as_of == datetime(2026, 3, 4, 12, 0, 9, tzinfo=timezone.utc)
    assert {asked.path for asked in server.asked} == {"/api/v1/products/PROD/features"}
    assert [asked.query for asked in server.asked] == [
        "updated_since=2026-03-04T12:00:00Z&per_page=200&page=1",
        "updated_since=2026-03-04T12:00:00Z&per_page=200&page=2",
    ]


def test_nothing_changed() -> None:
    with serving(page(total=0)) as server:
        changed = aha_at(server.url).changed_since("PROD", NOON)

    assert changed.references == {}
    assert changed.as_of is not None
    assert len(server.asked) == 1


SECOND_PAGE = range(201, 401)


@pytest.mark.parametrize(
    "second",
    [
        page(*range(202, 401), total=399),
        page(*range(202, 401), 1, total=400),
        page(*range(200, 400), total=401),
        page(*SECOND_PAGE, total=401),
    ],
    ids=["one was deleted", "one moved to the end", "one came at the front", "one came at the end"],
)
def test_a_list_that_changed_while_it_was_read_may_lack_a_feature(second: Reply) -> None:
    with serving(page(*FIRST_PAGE, total=400), second) as server:
        changed = aha_at(server.url).changed_since("PROD", NOON)

    assert changed.as_of is None


def test_a_list_that_stays_as_it_is_lacks_none() -> None:
    with serving(page(*FIRST_PAGE, total=400), page(*SECOND_PAGE, total=400)) as server:
        changed = aha_at(server.url).changed_since("PROD", NOON)

    assert len(changed.references) == 400
    assert changed.as_of is not None


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 1600 00:00:00 GMT"]
)
def test_a_time_that_cannot_be_is_none(date: str) -> None:
    with serving(page(1, total=1, date=date)) as server:
        changed = aha_at(server.url).changed_since("PROD", NOON)

    assert changed.as_of is None


def test_the_pages_have_a_bound() -> None:
    with (
        serving(page(1, total=40_001)) as server,
        pytest.raises(RuleViolation, match="too many for auto_update"),
    ):
        aha_at(server.url).changed_since("PROD", NOON)

    assert len(server.asked) == 1


@pytest.mark.parametrize("body", [{}, {"features": None}, [], {"features": {"id": "1"}}])
def test_an_answer_of_another_shape_is_no_list(body: Any) -> None:
    with serving(Reply(200, body)) as server, pytest.raises(Unavailable):
        aha_at(server.url).changed_since("PROD", NOON)


@pytest.mark.parametrize(("total", "expected"), [(0, False), (3, True)])
def test_whether_requirements_changed_takes_one_short_request(total: int, expected: bool) -> None:
    rows = (1,) if total else ()
    with serving(page(*rows, total=total, key="requirements")) as server:
        assert aha_at(server.url).has_changed_requirements("6776", NOON) is expected

    (asked,) = server.asked
    assert asked.path == "/api/v1/features/6776/requirements"
    assert asked.query == "updated_since=2026-03-04T12:00:00Z&per_page=1&page=1"


def test_a_search_asks_for_one_page() -> None:
    with serving(page(1, 2, total=3)) as server:
        found = aha_at(server.url).search("PROD", "pay & refund", 2)

    first, second = found.features
    assert first == ShortFeature("1", "PROD-1", "", Product(prefix="PROD"))
    assert (second.id, found.has_more) == ("2", True)
    assert [asked.query for asked in server.asked] == ["q=pay%20%26%20refund&per_page=2&page=1"]


def test_a_search_for_nothing_asks_for_any() -> None:
    with serving(page(1, total=1)) as server:
        found = aha_at(server.url).search("PROD", "", 20)

    assert found.has_more is False
    assert [(asked.path, asked.query) for asked in server.asked] == [
        ("/api/v1/products/PROD/features", "per_page=20&page=1")
    ]


def test_an_answer_with_more_than_was_asked_for_is_cut() -> None:
    with serving(page(1, 2, 3, total=3)) as server:
        found = aha_at(server.url).search("PROD", "", 2)

    assert ([one.id for one in found.features], found.has_more) == (["1", "2"], True)


def test_a_row_without_an_id_is_no_feature() -> None:
    rows: list[Any] = [{"name": "No id"}, 7, {"id": 1, "reference_num": None, "name": None}]
    with serving(Reply(200, {"features": rows})) as server:
        found = aha_at(server.url).search("PROD", "", 20)

    assert found.features == [ShortFeature("1", "", "", Product())]
