"""The log of one operation: it collects entries and gives them to a sink."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.errors import System, Unavailable
from shared.log_events import (
    ATTACHMENT_UPLOADED,
    AZURE_DEVOPS_REQUEST_FAILED,
    CLAIM_TAKEN_OVER,
    WORK_ITEM_CREATED,
    WORK_ITEM_FAILED,
    Level,
)
from shared.operation_log import LogEntry, OperationLog
from shared.operation_outcome import OperationKind


def test_an_entry_has_the_name_and_the_level_of_its_event() -> None:
    log, stored = OperationLog("op-1"), list[LogEntry]()
    log.write_to(stored.extend)

    log.add(AZURE_DEVOPS_REQUEST_FAILED, "GET https://dev.azure.com/fabrikam → 503 in 12 ms", status=503)
    log.flush()

    (entry,) = stored
    assert entry.event == "azure-devops.request"
    assert entry.level is Level.WARNING
    assert entry.message == "GET https://dev.azure.com/fabrikam → 503 in 12 ms"
    assert entry.detail == {"status": 503}
    assert entry.operation_id == "op-1"
    assert entry.time.utcoffset() == timedelta()


def test_a_detail_may_have_any_name() -> None:
    log, stored = OperationLog("op-1"), list[LogEntry]()
    log.write_to(stored.extend)

    log.add(WORK_ITEM_FAILED, "PROD-1 was not sent.", event="create_feature", message="No such area.")
    log.flush()

    assert stored[0].detail == {"event": "create_feature", "message": "No such area."}


def test_what_an_operation_sees_again_is_said_once() -> None:
    log, stored = OperationLog("op-1"), list[LogEntry]()
    log.write_to(stored.extend)

    for number in (12, 13, 12):
        log.add_once(CLAIM_TAKEN_OVER, f"Work item {number} is kept.", work_item_id=number)
    log.flush()

    assert [entry.detail["work_item_id"] for entry in stored] == [12, 13]


def test_entries_wait_until_the_log_has_a_sink() -> None:
    log, stored = OperationLog("op-1"), list[LogEntry]()
    log.add(CLAIM_TAKEN_OVER, "An earlier send did not finish.")
    log.flush()

    log.write_to(stored.extend)
    log.add(WORK_ITEM_CREATED, "Work item 12 was created.")
    log.flush()

    assert [entry.event for entry in stored] == ["claim.taken-over", "work-item.created"]
    assert stored[0].time <= stored[1].time


def test_every_entry_says_what_the_operation_is_for() -> None:
    log, stored = OperationLog("op-1"), list[LogEntry]()
    log.add(CLAIM_TAKEN_OVER, "An earlier send did not finish.")
    log.write_to(stored.extend, OperationKind.SEND)
    log.add(WORK_ITEM_CREATED, "Work item 12 was created for PROD-1.")
    log.flush()

    assert [entry.kind for entry in stored] == [OperationKind.SEND, OperationKind.SEND]


def test_a_second_flush_stores_nothing_again() -> None:
    log, stored = OperationLog("op-1"), list[Sequence[LogEntry]]()
    log.write_to(stored.append)
    log.add(WORK_ITEM_CREATED, "Work item 12 was created.")

    log.flush()
    log.flush()

    assert len(stored) == 1


def test_entries_of_a_long_operation_are_stored_eighty_at_a_time() -> None:
    log, stored = OperationLog("op-1"), list[Sequence[LogEntry]]()
    log.write_to(stored.append)

    for number in range(200):
        log.add(ATTACHMENT_UPLOADED, str(number))
    log.flush()

    assert [len(entries) for entries in stored] == [80, 80, 40]
    assert [entry.message for entries in stored for entry in entries] == [
        str(number) for number in range(200)
    ]


def test_each_entry_of_each_thread_is_stored_once() -> None:
    log, stored = OperationLog("op-1"), list[LogEntry]()
    lock = threading.Lock()

    def store(entries: Sequence[LogEntry]) -> None:
        with lock:
            stored.extend(entries)

    def upload(thread: int) -> None:
        for number in range(100):
            log.add(ATTACHMENT_UPLOADED, f"{thread}/{number}")

    log.write_to(store)
    threads = [threading.Thread(target=upload, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.flush()

    assert len(stored) == 800
    assert len({entry.message for entry in stored}) == 800


@pytest.mark.parametrize("problem", [Unavailable(System.STORAGE, "down"), RuntimeError("defect")])
def test_a_sink_that_fails_does_not_fail_the_operation(
    problem: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Sequence[LogEntry]) -> None:
        raise problem

    log = OperationLog("op-1")
    log.write_to(broken)
    log.add(WORK_ITEM_CREATED, "Work item 12 was created.")
    log.flush()

    assert "The integration log of operation op-1 could not be written" in caplog.text


def test_the_log_of_the_process_has_each_entry_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    OperationLog("op-1").add(CLAIM_TAKEN_OVER, "An earlier send did not finish.")

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "claim.taken-over [op-1] An earlier send did not finish.")
    ]


def test_the_log_of_the_process_names_the_error_code(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    OperationLog("op-1").add(WORK_ITEM_FAILED, "No such area.", code="azure_devops_not_found")

    assert caplog.messages == ["work-item.failed (azure_devops_not_found) [op-1] No such area."]


def test_half_of_a_surrogate_pair_is_replaced() -> None:
    log, stored = OperationLog("op-1"), list[LogEntry]()
    log.write_to(stored.extend)

    log.add(ATTACHMENT_UPLOADED, "The file “\ud83d.png” was uploaded.")
    log.flush()

    assert stored[0].message == "The file “?.png” was uploaded."
