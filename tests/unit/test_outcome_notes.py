"""What an operation came to, by its log entries."""

from __future__ import annotations

from typing import Any

import pytest

from shared import log_events
from shared.errors import System
from shared.log_events import LogEvent
from shared.operation_log import LogEntry, OperationLog
from shared.operation_outcome import SEVERAL_FEATURES, OperationKind, OperationOutcome

SEND, NOTIFICATION, RECONCILE = (
    OperationKind.SEND,
    OperationKind.NOTIFICATION,
    OperationKind.RECONCILE,
)
REQUEST: tuple[LogEvent, dict[str, Any]] = (log_events.AZURE_DEVOPS_REQUEST, {})


def entry(event: LogEvent, reference: str = "", code: str = "") -> tuple[LogEvent, dict[str, Any]]:
    detail = {"reference": reference, "code": code}
    return event, {name: value for name, value in detail.items() if value}


def outcome(
    kind: OperationKind, *entries: tuple[LogEvent, dict[str, Any]], known: tuple[str, ...] = ("PROD-1",)
) -> OperationOutcome:
    log, stored = OperationLog("op-1"), list[LogEntry]()
    log.write_to(stored.extend, kind)
    for name in known:
        log.know_record(name, f"id of {name}")
    for event, detail in entries:
        log.add(event, "What happened.", **detail)
    log.flush()
    found = stored[-1].outcome
    assert found is not None
    return found


def test_a_send_that_created_a_work_item_succeeded() -> None:
    found = outcome(SEND, REQUEST, entry(log_events.WORK_ITEM_CREATED, "PROD-1"))

    assert found.has_succeeded
    assert found.has_sent
    assert not found.has_received
    assert found.through == {"PROD-1"}
    assert found.feature_id == "id of PROD-1"
    assert found.reached == {System.AZURE_DEVOPS}
    assert found.problems == ()


def test_the_outcome_is_with_the_last_entry() -> None:
    log, stored = OperationLog("op-1"), list[LogEntry]()
    log.write_to(stored.extend, SEND)
    for _ in range(160):
        log.add(log_events.WORK_ITEM_CREATED, "Created.", reference="PROD-1")
    log.flush()

    assert [number for number, one in enumerate(stored) if one.outcome] == [159]


def test_an_operation_of_no_kind_says_nothing() -> None:
    log, stored = OperationLog("op-1"), list[LogEntry]()
    log.write_to(stored.extend)
    log.add(log_events.OPERATION_FAILED, "No.", code="internal_error")
    log.flush()

    assert stored[0].outcome is None


def test_a_record_with_an_error_did_not_go_through() -> None:
    found = outcome(
        SEND,
        entry(log_events.WORK_ITEM_CREATED, "PROD-1"),
        entry(log_events.WORK_ITEM_CREATED, "PROD-1-1"),
        entry(log_events.ATTACHMENT_FAILED, "PROD-1-1", "aha_unavailable"),
        known=("PROD-1", "PROD-1-1"),
    )

    assert found.through == {"PROD-1"}
    assert found.has_succeeded
    (problem,) = found.problems
    assert (problem.code, problem.record, problem.is_of_record) == ("aha_unavailable", "PROD-1-1", True)


@pytest.mark.parametrize("code", ["azure_devops_credentials_rejected", "aha_credentials_rejected"])
def test_a_refused_token_is_no_fault_of_the_record(code: str) -> None:
    found = outcome(SEND, entry(log_events.WORK_ITEM_FAILED, "PROD-1", code))

    assert not found.problems[0].is_of_record
    assert found.problems[0].record == "PROD-1"
    assert not found.has_succeeded


def test_a_record_that_the_operation_does_not_know_has_no_problem_of_its_own() -> None:
    found = outcome(SEND, entry(log_events.OPERATION_FAILED, "PROD-99", "aha_not_found"))

    assert not found.problems[0].is_of_record


def test_a_mistake_of_the_caller_is_no_problem_and_no_success() -> None:
    found = outcome(
        OperationKind.LINK, REQUEST, entry(log_events.OPERATION_REFUSED, "PROD-1", "already_linked")
    )

    assert found.problems == ()
    assert not found.has_succeeded


@pytest.mark.parametrize(
    "entries",
    [
        [entry(log_events.EVENT_IGNORED)],
        [entry(log_events.NOTIFICATION_IGNORED)],
        [REQUEST, entry(log_events.ATTACHMENT_PENDING, "PROD-1")],
    ],
    ids=["release", "test notification", "out of time"],
)
@pytest.mark.parametrize("kind", [SEND, NOTIFICATION])
def test_what_carried_no_record_proves_nothing(
    kind: OperationKind, entries: list[tuple[LogEvent, dict[str, Any]]]
) -> None:
    assert not outcome(kind, *entries).has_succeeded


def test_a_run_of_reconcile_succeeds_without_a_change() -> None:
    assert outcome(RECONCILE, REQUEST).has_succeeded
    assert not outcome(RECONCILE, entry(log_events.RECONCILE_FAILED, code="aha_unavailable")).has_succeeded


def test_what_is_known_from_the_link_alone_ends_no_problem() -> None:
    in_sync = entry(log_events.NOTIFICATION_NOTHING_TO_DO, "PROD-1")

    assert outcome(NOTIFICATION, in_sync).through == frozenset()
    assert not outcome(NOTIFICATION, in_sync).has_succeeded
    assert outcome(NOTIFICATION, REQUEST, in_sync).through == {"PROD-1"}
    assert outcome(NOTIFICATION, REQUEST, in_sync).has_succeeded


def test_a_change_that_aha_refused_was_not_received() -> None:
    changes = entry(log_events.RECORD_CHANGES, "PROD-1")

    assert outcome(NOTIFICATION, changes).has_received
    refused = outcome(NOTIFICATION, changes, entry(log_events.AHA_REFUSED, "PROD-1", "aha_forbidden"))
    assert not refused.has_received
    assert refused.through == frozenset()


def test_an_unlinked_record_is_settled() -> None:
    assert outcome(OperationKind.LINK, entry(log_events.LINK_REMOVED, "PROD-1")).through == {"PROD-1"}


def test_records_of_several_features_are_marked_as_such() -> None:
    found = outcome(
        RECONCILE,
        entry(log_events.RECORD_CHANGES, "PROD-1"),
        entry(log_events.RECORD_CHANGES, "PROD-2"),
        known=("PROD-1", "PROD-2"),
    )

    assert found.feature_id == SEVERAL_FEATURES


def test_an_error_without_a_code_follows_from_another_one() -> None:
    found = outcome(
        SEND,
        entry(log_events.SEND_GIVEN_UP, "PROD-1"),
        entry(log_events.OPERATION_DEFECT, code="internal_error"),
    )

    assert [problem.code for problem in found.problems] == ["internal_error"]


def test_problems_and_their_texts_are_bounded() -> None:
    log, stored = OperationLog("op-1"), list[LogEntry]()
    log.write_to(stored.extend, SEND)
    for number in range(60):
        log.add(log_events.WORK_ITEM_FAILED, "x" * 5000, reference=f"PROD-{number}{'0' * 500}", code="c")
    log.flush()

    found = stored[-1].outcome
    assert found is not None
    assert len(found.problems) == 50
    assert {len(problem.detail) for problem in found.problems} == {1000}
    assert {len(problem.record) for problem in found.problems} == {100}


def test_entries_that_name_no_record_name_the_subject() -> None:
    log, stored = OperationLog("op-1"), list[LogEntry]()
    log.write_to(stored.extend)
    log.add(log_events.AHA_REQUEST, "GET", status=200)
    log.name_subject(reference="PROD-1", work_item_id=None)
    log.add(log_events.AHA_REQUEST, "GET", status=200)
    log.add(log_events.WORK_ITEM_CREATED, "Created.", reference="PROD-1-1")
    log.flush()

    assert [one.detail for one in stored] == [
        {"status": 200},
        {"status": 200, "reference": "PROD-1"},
        {"reference": "PROD-1-1"},
    ]


def whole_send(*entries: tuple[LogEvent, dict[str, Any]]) -> OperationOutcome:
    log, stored = OperationLog("op-1"), list[LogEntry]()
    log.write_to(stored.extend, SEND)
    for name in ("PROD-1", "PROD-1-1"):
        log.know_record(name, "7")
    log.know_whole_feature()
    for event, detail in entries:
        log.add(event, "What happened.", **detail)
    log.flush()
    found = stored[-1].outcome
    assert found is not None
    return found


def test_a_requirement_that_left_its_feature_is_settled_by_a_send_of_the_whole_feature() -> None:
    found = whole_send(
        entry(log_events.WORK_ITEM_UPDATED, "PROD-1"),
        entry(log_events.WORK_ITEM_FAILED, "PROD-1-1", "azure_devops_rule_violation"),
    )

    assert found.settles("PROD-1", "7")
    assert not found.settles("PROD-1-1", "7")
    assert found.settles("PROD-1-2", "7")
    assert not found.settles("PROD-2-2", "8")


def test_a_send_that_left_something_for_later_settles_only_what_went_through() -> None:
    found = whole_send(entry(log_events.WORK_ITEM_UPDATED, "PROD-1"))

    assert found.settles("PROD-1", "7")
    assert not found.settles("PROD-1-1", "7")
    assert not found.settles("PROD-1-2", "7")
