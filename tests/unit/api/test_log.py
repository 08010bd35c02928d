"""The query parameters of a request for the log."""

from __future__ import annotations

import pytest

from shared.api.log import LogQuery, read_query
from shared.errors import InvalidRequest
from shared.log_events import Level
from shared.log_filter import LogFilter


def test_without_parameters_the_newest_fifty_entries_are_wanted() -> None:
    assert read_query({}) == LogQuery(limit=50, before=None, only=LogFilter())


def test_all_parameters_together() -> None:
    parameters = {
        "limit": "500",
        "before": "MTIz",
        "operation_id": "3717c7e9",
        "level": "warning",
        "event": "work-item.conflict",
        "reference": "PROD-12",
        "work_item_id": "174",
        "text": "both sides",
    }

    assert read_query(parameters) == LogQuery(
        500,
        "MTIz",
        LogFilter("3717c7e9", Level.WARNING, "work-item.conflict", "PROD-12", 174, "both sides"),
    )


@pytest.mark.parametrize("number", ["", "0", "-1", "PROD-12", "1.5", "١٢", "99999999999"])
def test_a_work_item_is_named_by_its_id(number: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_query({"work_item_id": number})

    assert [fault.pointer for fault in refused.value.errors] == ["/work_item_id"]


@pytest.mark.parametrize("text", ["", "x" * 201])
@pytest.mark.parametrize("name", ["event", "reference", "text"])
def test_what_is_searched_for_has_1_to_200_characters(name: str, text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_query({name: text})

    assert [fault.pointer for fault in refused.value.errors] == [f"/{name}"]


@pytest.mark.parametrize("limit", ["", "0", "-1", "501", "1.5", "1e2", "ten", "٣", "99999999999999999999"])
def test_a_limit_is_a_whole_number_from_1_to_500(limit: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_query({"limit": limit})

    (fault,) = refused.value.errors
    assert (fault.pointer, fault.detail) == ("/limit", "must be a whole number from 1 to 500")


@pytest.mark.parametrize("level", ["", "debug", "ERROR", "info,error"])
def test_a_level_is_one_of_three(level: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_query({"level": level})

    (fault,) = refused.value.errors
    assert (fault.pointer, fault.detail) == ("/level", "must be one of info, warning, error")


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_query({"limit": "0", "level": "debug"})

    assert [fault.pointer for fault in refused.value.errors] == ["/limit", "/level"]
