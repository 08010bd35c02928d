"""What an operation's entries add up to."""

from __future__ import annotations

from shared import log_events
from shared.operation_counts import OperationCounts


def counts(*requests: tuple[log_events.LogEvent, dict[str, object]]) -> OperationCounts:
    found = OperationCounts()
    for event, detail in requests:
        found.note(event, detail)
    return found


def test_requests_to_every_system_are_counted_and_repeated_ones_apart() -> None:
    found = counts(
        (log_events.AZURE_DEVOPS_REQUEST, {"attempt": 1}),
        (log_events.AZURE_DEVOPS_REQUEST, {"attempt": 2}),
        (log_events.AHA_REQUEST, {"attempt": 3}),
        (log_events.DOWNLOAD_REQUEST, {}),
        (log_events.WORK_ITEM_CREATED, {"attempt": 2}),
    )

    assert found.requests == 4
    assert found.retries == 2
    assert found.events["work-item.created"] == 1


def test_codes_are_counted_where_there_are_some() -> None:
    found = counts(
        (log_events.WORK_ITEM_FAILED, {"code": "aha_forbidden"}),
        (log_events.ATTACHMENT_FAILED, {"code": "aha_forbidden"}),
        (log_events.WORK_ITEM_FAILED, {"code": ""}),
        (log_events.WORK_ITEM_FAILED, {}),
    )

    assert found.codes == {"aha_forbidden": 2}


def test_what_another_operation_did_counts_too() -> None:
    one, other = counts((log_events.AHA_REQUEST, {"attempt": 2, "code": "c"})), OperationCounts()
    one.throttled_seconds = 1.5
    other.add(one)
    other.add(one)

    assert (other.requests, other.retries, other.codes) == (2, 2, {"c": 2})
    assert other.throttled_seconds == 3.0


def test_open_problems_are_those_that_were_counted_first() -> None:
    found, three, none, unknown = (OperationCounts() for _ in range(4))
    three.open_problems, none.open_problems = 3, 0

    found.add(unknown)
    assert found.open_problems is None
    found.add(none)
    found.add(three)
    found.add(unknown)
    assert found.open_problems == 0
