"""The query parameters of a request for the log."""

from __future__ import annotations

import pytest

from shared.api.log import LogQuery, read_query
from shared.errors import InvalidRequest
from shared.log_events import Level


def test_without_parameters_the_newest_fifty_entries_are_wanted() -> None:
    assert read_query({}) == LogQuery(limit=50, before=None, operation_id=None, level=None)


def test_all_parameters_together() -> None:
    parameters = {"limit": "500", "before": "MTIz", "operation_id": "3717c7e9", "level": "warning"}

    assert read_query(parameters) == LogQuery(500, "MTIz", "3717c7e9", Level.WARNING)


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
