"""Which entries of the log a reader wants."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from shared.log_events import Level
from shared.log_filter import LogFilter
from shared.operation_log import LogEntry

CONFLICT = LogEntry(
    datetime(2026, 11, 26, 12, tzinfo=timezone.utc),
    Level.WARNING,
    "op-1",
    "work-item.conflict",
    "Both sides changed the name of PROD-12; Aha!'s text was kept.",
    {"reference": "PROD-12", "work_item_id": 174, "field": "name"},
)


@pytest.mark.parametrize(
    "wanted",
    [
        LogFilter(),
        LogFilter(operation_id="op-1"),
        LogFilter(level=Level.WARNING),
        LogFilter(event="work-item.conflict"),
        LogFilter(reference="prod-12"),
        LogFilter(work_item_id=174),
        LogFilter(text="BOTH SIDES"),
        LogFilter("op-1", Level.WARNING, "work-item.conflict", "PROD-12", 174, "aha!"),
    ],
    ids=str,
)
def test_an_entry_that_meets_every_condition_is_wanted(wanted: LogFilter) -> None:
    assert wanted.matches(CONFLICT)


@pytest.mark.parametrize(
    "wanted",
    [
        LogFilter(operation_id="op-2"),
        LogFilter(level=Level.ERROR),
        LogFilter(event="work-item"),
        LogFilter(reference="PROD-1"),
        LogFilter(reference="PROD-12-1"),
        LogFilter(work_item_id=17),
        LogFilter(text="name of PROD-13"),
        LogFilter(reference="PROD-12", text="neither side"),
    ],
    ids=str,
)
def test_an_entry_that_fails_one_condition_is_not_wanted(wanted: LogFilter) -> None:
    assert not wanted.matches(CONFLICT)


def test_a_record_is_found_by_its_aha_id_and_a_work_item_as_the_second_one() -> None:
    entry = LogEntry(
        CONFLICT.time,
        Level.ERROR,
        "op-1",
        "work-item.second",
        "PROD-12 is linked to work item 174.",
        {"aha_id": "7489142925063756888", "work_item_id": 174, "second_work_item_id": 181},
    )

    assert LogFilter(reference="7489142925063756888").matches(entry)
    assert LogFilter(work_item_id=181).matches(entry)


def test_an_entry_may_name_several_records() -> None:
    detail = {"references": ["PROD-12", "PROD-12-1"]}
    entry = LogEntry(CONFLICT.time, Level.INFO, "op-1", "link-back.written", "Written.", detail)

    assert LogFilter(reference="PROD-12-1").matches(entry)
    assert not LogFilter(reference="PROD-1").matches(entry)


def test_an_entry_about_no_record_is_about_none() -> None:
    entry = LogEntry(
        CONFLICT.time, Level.INFO, "op-1", "integration.saved", "The integration was created.", {}
    )

    assert not LogFilter(reference="None").matches(entry)
    assert not LogFilter(work_item_id=0).matches(entry)
