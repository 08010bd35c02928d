"""The line that each operation writes for those who watch the app."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest

from shared import edge, log_events
from shared.edge import Answer, Call, Subject
from shared.errors import BodyTooLarge, CredentialsRejected, OperationFailed, System, TooBusy, Unavailable
from shared.operation import Caller, Operation
from shared.operation_line import SCHEMA, End, Outcome, line_of
from shared.operation_outcome import OperationKind

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def an_operation() -> Operation:
    return Operation.start(10, Caller("SendFeature", f"00-{TRACE}-{CALLER}-01"))


def test_the_line_of_a_send_has_its_numbers() -> None:
    operation = an_operation()
    operation.log.add(log_events.AZURE_DEVOPS_REQUEST_FAILED, "POST … → 503", attempt=1, status=503)
    operation.log.add(log_events.AZURE_DEVOPS_REQUEST, "POST … → 200", attempt=2, status=200)
    operation.log.add(log_events.DOWNLOAD_REQUEST, "GET … → 200", status=200)
    operation.log.add(log_events.WORK_ITEM_CREATED, "PROD-1", reference="PROD-1")
    operation.log.add(log_events.WORK_ITEM_CREATED, "PROD-1-1", reference="PROD-1-1")
    operation.log.add(log_events.WORK_ITEM_FAILED, "PROD-1-2", code="azure_devops_rule_violation")
    operation.log.know_wait(1.25)
    operation.log.know_wait(0.5)

    line = line_of(operation, End("fabrikam", OperationKind.SEND, 207, result="partial"))

    assert json.loads(line.to_json()) == {
        "schema": SCHEMA,
        "operation_id": operation.id,
        "trace_id": TRACE,
        "function": "SendFeature",
        "integration": "fabrikam",
        "kind": "send",
        "outcome": "partial",
        "status": 207,
        "code": "",
        "result": "partial",
        "reason": "",
        "milliseconds": line.milliseconds,
        "requests": 3,
        "retries": 1,
        "throttled_milliseconds": 1750,
        "open_problems": None,
        "events": {
            "azure-devops.request": 2,
            "download.request": 1,
            "work-item.created": 2,
            "work-item.failed": 1,
        },
        "codes": {"azure_devops_rule_violation": 1},
    }
    assert 0 <= line.milliseconds < 10_000


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (End(status=200), Outcome.SUCCEEDED),
        (End(status=204), Outcome.SUCCEEDED),
        (End(status=200, result="ignored", reason="work_item_not_linked"), Outcome.SUCCEEDED),
        (End(status=207, result="partial"), Outcome.PARTIAL),
        (End(result="partial"), Outcome.PARTIAL),
        (End(status=202, result="in_progress"), Outcome.IN_PROGRESS),
        (End(status=400, code="invalid_request"), Outcome.REFUSED),
        (End(status=404, code="integration_not_found"), Outcome.REFUSED),
        (End(status=410, code="integration_not_found"), Outcome.REFUSED),
        (End(status=422, code="azure_devops_forbidden"), Outcome.FAILED),
        (End(status=503, code="aha_credentials_rejected"), Outcome.FAILED),
        (End(code="storage_unavailable"), Outcome.FAILED),
        (End(status=503, code="app_busy"), Outcome.SHED),
        (End(status=500, code="internal_error"), Outcome.DEFECT),
        (End(status=503, code="internal_error"), Outcome.DEFECT),
    ],
)
def test_an_operation_has_one_outcome(end: End, outcome: Outcome) -> None:
    assert end.outcome is outcome


def test_a_code_that_is_none_of_ours_is_left_out_and_there_are_twenty_at_most() -> None:
    operation = an_operation()
    for number in range(30):
        operation.log.add(log_events.WORK_ITEM_FAILED, "Failed.", code=f"code_{'x' * (number + 1)}")
    operation.log.add(log_events.WORK_ITEM_FAILED, "Failed.", code="token=s3cret")

    codes = line_of(operation, End()).codes

    assert len(codes) == 20
    assert all(code.startswith("code_") for code in codes)


def test_what_another_operation_did_for_this_one_counts() -> None:
    operation = an_operation()
    quiet = operation.another(5)
    quiet.log.add(log_events.AHA_REQUEST, "GET … → 200", attempt=1)
    quiet.log.know_wait(2)

    operation.log.count_in(quiet.log)

    line = line_of(operation, End())
    assert (line.requests, line.throttled_milliseconds) == (1, 2000)
    assert quiet.id != operation.id
    assert quiet.trace.trace_id == TRACE
    assert len({quiet.trace.span_id, operation.trace.span_id, CALLER}) == 3


def test_the_number_of_open_problems_is_in_the_line_of_who_counted_them() -> None:
    operation = an_operation()
    operation.log.know_open_problems(0)

    assert line_of(operation, End()).open_problems == 0


def a_call(headers: dict[str, str] | None = None) -> func.HttpRequest:
    return func.HttpRequest("POST", "https://app.example.com/api/x/s3cret", headers=headers, body=b"{}")


def a_context(trace_parent: str = "", trace_state: str = "") -> Any:
    trace = SimpleNamespace(trace_parent=trace_parent, trace_state=trace_state)
    return SimpleNamespace(
        function_name="ReceiveWebhook",
        trace_context=trace,
        invocation_id="i",
        thread_local_storage=SimpleNamespace(),
    )


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    found = [record for record in caplog.records if record.name == "shared.operation_line"]
    return [json.loads(record.getMessage()) for record in found]


def test_each_answer_has_its_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    response = edge.respond_about(
        a_call(),
        lambda call: Subject(None, integration_id="fabrikam"),
        lambda call, operation, _: Answer(200, {}, result="ignored", reason="event_type"),
        context=a_context(f"00-{TRACE}-{CALLER}-01"),
        budget_seconds=lambda: 5.0,
        kind=lambda call: OperationKind.NOTIFICATION,
    )

    (line,) = lines(caplog)
    assert line["operation_id"] == response.headers["x-operation-id"]
    assert line["trace_id"] == TRACE
    assert (line["function"], line["integration"], line["kind"]) == (
        "ReceiveWebhook",
        "fabrikam",
        "notification",
    )
    assert (line["status"], line["result"], line["reason"]) == (200, "ignored", "event_type")


@pytest.mark.parametrize(
    ("error", "status", "outcome", "code"),
    [
        (TooBusy("Too many."), 503, "shed", "app_busy"),
        (BodyTooLarge("Too large."), 413, "refused", "body_too_large"),
        (Unavailable(System.AHA, "Down."), 503, "failed", "aha_unavailable"),
        (
            CredentialsRejected(System.AHA, "The token s3cret is refused."),
            422,
            "failed",
            "aha_credentials_rejected",
        ),
        (KeyError("s3cret"), 500, "defect", "internal_error"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_has_its_line_and_no_word_of_its_detail(
    error: Exception, status: int, outcome: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    def handler(call: Call, operation: Operation) -> Answer:
        raise error

    edge.respond(a_call(), handler, context=a_context(), budget_seconds=lambda: 5.0)

    (line,) = lines(caplog)
    assert (line["status"], line["outcome"], line["code"]) == (status, outcome, code)
    assert "s3cret" not in json.dumps(line)


def test_a_setting_that_is_wrong_leaves_a_line_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    def budget() -> float:
        raise OperationFailed("SECRETS_KEY is missing.")

    edge.respond(a_call(), lambda call, operation: Answer(), budget_seconds=budget)

    assert [line["outcome"] for line in lines(caplog)] == ["defect"]


@pytest.mark.parametrize(
    ("platform", "header", "used"),
    [
        (f"00-{TRACE}-{CALLER}-01", f"00-{'a' * 32}-{CALLER}-01", TRACE),
        ("", f"00-{TRACE}-{CALLER}-01", TRACE),
    ],
)
def test_the_platform_s_trace_comes_before_the_caller_s_header(
    platform: str, header: str, used: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    edge.respond(
        a_call({"traceparent": header}),
        lambda call, operation: Answer(),
        context=a_context(platform),
        budget_seconds=lambda: 5.0,
    )

    assert [line["trace_id"] for line in lines(caplog)] == [used]
