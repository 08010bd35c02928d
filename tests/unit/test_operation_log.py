"""The steps of an operation, written down."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import pytest

from shared.errors import System, Unavailable
from shared.log_events import Level
from shared.operation_log import LogEntry, OperationLog


def test_entries_wait_until_their_place_is_known() -> None:
    journal, kept = OperationLog("op-1"), list[LogEntry]()
    journal.info("a.first", "First.")
    journal.flush()

    journal.write_to(kept.extend)
    journal.warning("a.second", "Second.", work_item_id=12)
    journal.error("a.third", "Third.")
    journal.flush()

    assert [(entry.event, entry.level) for entry in kept] == [
        ("a.first", Level.INFO),
        ("a.second", Level.WARNING),
        ("a.third", Level.ERROR),
    ]
    assert kept[1].detail == {"work_item_id": 12}
    assert {entry.operation_id for entry in kept} == {"op-1"}
    assert kept[0].time <= kept[1].time <= kept[2].time


def test_entries_are_handed_over_once() -> None:
    journal, kept = OperationLog("op-1"), list[Sequence[LogEntry]]()
    journal.write_to(kept.append)
    journal.info("a.first", "First.")
    journal.flush()
    journal.flush()

    assert len(kept) == 1


def test_a_long_operation_is_written_a_few_dozen_at_a_time() -> None:
    journal, kept = OperationLog("op-1"), list[Sequence[LogEntry]]()
    journal.write_to(kept.append)
    for number in range(200):
        journal.info("a.step", str(number))
    journal.flush()

    assert [len(entries) for entries in kept] == [80, 80, 40]
    assert [entry.message for entries in kept for entry in entries] == [str(number) for number in range(200)]


def test_no_entry_of_any_thread_is_lost_or_doubled() -> None:
    journal, kept = OperationLog("op-1"), list[LogEntry]()
    lock = threading.Lock()

    def keep(entries: Sequence[LogEntry]) -> None:
        with lock:
            kept.extend(entries)

    journal.write_to(keep)

    def work(name: int) -> None:
        for number in range(100):
            journal.info("a.step", f"{name}/{number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.flush()

    assert len(kept) == 800
    assert len({entry.message for entry in kept}) == 800


@pytest.mark.parametrize("problem", [Unavailable(System.STORAGE, "down"), RuntimeError("defect")])
def test_a_log_that_cannot_be_written_does_not_fail_the_operation(
    problem: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Sequence[LogEntry]) -> None:
        raise problem

    journal = OperationLog("op-1")
    journal.write_to(broken)
    journal.info("a.first", "First.")
    journal.flush()

    assert "could not be written" in caplog.text
    assert "op-1" in caplog.text


def test_the_apps_own_log_gets_every_step_with_the_operations_id(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    OperationLog("op-1").warning("a.second", "Second.")

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "a.second [op-1] Second.")
    ]
