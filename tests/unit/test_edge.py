"""The HTTP edge: requests in, answers and errors out."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import azure.functions as func
import pytest

from shared import errors
from shared.edge import Answer, Call, Subject, respond, respond_about, retry_after
from shared.errors import InputError, OperationFailed, System
from shared.log_events import Level, LogEvent
from shared.operation import Operation
from shared.operation_log import LogEntry
from shared.statuses import status_for

AZURE_DEVOPS, AHA, STORAGE = System.AZURE_DEVOPS, System.AHA, System.STORAGE

A_STEP = LogEvent("a.step", Level.INFO, "A step was done.")


def request(body: bytes = b"{}", **parts: Any) -> func.HttpRequest:
    """A request as the platform hands it over."""
    return func.HttpRequest(
        method=parts.get("method", "POST"),
        url="https://app.example.com/api/x",
        headers=parts.get("headers", {}),
        params=parts.get("params", {}),
        route_params=parts.get("route", {}),
        body=body,
    )


def answered(handler: Any) -> func.HttpResponse:
    """What the platform is answered."""
    return respond(request(), handler, budget_seconds=lambda: 5.0)


def failing(error: Exception) -> func.HttpResponse:
    """The answer to an operation that fails."""

    def handler(call: Call, operation: Operation) -> Answer:
        raise error

    return answered(handler)


# The table of the contract: code and status of everything that a caller can be told.
CONTRACT: list[tuple[OperationFailed, str, int]] = [
    (errors.InvalidJson("x"), "invalid_json", 400),
    (errors.InvalidRequest([InputError("/a", "b")]), "invalid_request", 400),
    (errors.BodyTooLarge("x"), "body_too_large", 413),
    (errors.IntegrationNotFound("x"), "integration_not_found", 404),
    (errors.IntegrationDisabled("x"), "integration_disabled", 409),
    (errors.IntegrationIncomplete("x"), "integration_incomplete", 409),
    (errors.ProductTaken("x"), "product_taken", 409),
    (errors.OrganizationInUse("x"), "organization_in_use", 409),
    (errors.OtherProduct("x"), "other_product", 422),
    (errors.FeatureBusy("x"), "feature_busy", 409),
    (errors.UnlinkedMeanwhile("x"), "feature_busy", 409),
    (errors.NotLinked("x"), "not_linked", 404),
    (errors.AlreadyLinked("x"), "already_linked", 409),
    (errors.PreconditionFailed("x"), "precondition_failed", 412),
    (errors.CredentialsRejected(AZURE_DEVOPS, "x"), "azure_devops_credentials_rejected", 422),
    (errors.Forbidden(AZURE_DEVOPS, "x"), "azure_devops_forbidden", 422),
    (errors.NotFound(AZURE_DEVOPS, "x"), "azure_devops_not_found", 422),
    (errors.RuleViolation(AZURE_DEVOPS, "x"), "azure_devops_rule_violation", 422),
    (errors.CredentialsRejected(AHA, "x"), "aha_credentials_rejected", 422),
    (errors.Unavailable(AZURE_DEVOPS, "x"), "azure_devops_unavailable", 503),
    (errors.Unavailable(AHA, "x"), "aha_unavailable", 503),
    (errors.Unavailable(STORAGE, "x"), "storage_unavailable", 503),
    (errors.TooBusy("x"), "app_busy", 503),
    (errors.TimeSpent(AZURE_DEVOPS, "x"), "azure_devops_unavailable", 503),
    (errors.NewerRow(errors.System.STORAGE, "x"), "storage_unavailable", 503),
    (errors.Defect("x"), "internal_error", 500),
    (errors.SettingInvalid("x"), "internal_error", 500),
    (errors.OperationFailed("x"), "internal_error", 500),
]

# Handled where they happen; one that got out would be a defect.
NEVER_ANSWERED = {"RevisionConflict", "LinkChanged"}
ABSTRACT = {"InvalidInput", "IntegrationUnusable", "ConcurrentChange", "Refused"}


def all_errors(base: type[OperationFailed] = OperationFailed) -> Iterator[type[OperationFailed]]:
    """The tree of errors."""
    yield base
    for kind in base.__subclasses__():
        yield from all_errors(kind)


@pytest.mark.parametrize(("error", "code", "status"), CONTRACT, ids=lambda value: str(value)[:40])
def test_each_error_has_the_code_and_the_status_of_the_contract(
    error: OperationFailed, code: str, status: int
) -> None:
    response = failing(error)

    assert response.status_code == status_for(error) == status
    assert json.loads(response.get_body())["code"] == code


def test_no_error_is_missing_from_the_contract() -> None:
    in_errors = {kind.__name__ for kind in all_errors() if kind.__module__ == "shared.errors"}
    tested = {type(error).__name__ for error, _, _ in CONTRACT}

    assert in_errors - NEVER_ANSWERED - ABSTRACT == tested


def test_an_error_that_should_have_been_handled_is_a_defect() -> None:
    assert status_for(errors.RevisionConflict("x")) == 500
    assert status_for(errors.LinkChanged(["1"])) == 500


def test_an_error_is_a_problem_as_rfc_9457_has_it() -> None:
    response = failing(
        errors.InvalidRequest([InputError("/name", "is required"), InputError("/a~1b", "must be text")])
    )

    body = json.loads(response.get_body())
    assert response.mimetype == "application/problem+json"
    assert body == {
        "type": "urn:aha-azure-devops:invalid_request",
        "title": "The request is not valid",
        "status": 400,
        "detail": "/name: is required; /a~1b: must be text",
        "code": "invalid_request",
        "operation_id": response.headers["x-operation-id"],
        "errors": [
            {"pointer": "/name", "detail": "is required"},
            {"pointer": "/a~1b", "detail": "must be text"},
        ],
    }


def test_an_answer_carries_its_operation_and_is_not_to_be_kept() -> None:
    response = answered(
        lambda call, operation: Answer(201, {"id": operation.id, "name": "Größe 赤"}, {"ETag": '"1"'})
    )

    assert response.status_code == 201
    assert json.loads(response.get_body()) == {"id": response.headers["x-operation-id"], "name": "Größe 赤"}
    assert response.mimetype == "application/json"
    assert response.headers["ETag"] == '"1"'
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_an_answer_without_a_body_has_none() -> None:
    response = answered(lambda *_: Answer(204))

    assert response.status_code == 204
    assert response.get_body() == b""


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (errors.Unavailable(AHA, "x", retry_after=7.2), "8"),
        (errors.Unavailable(AHA, "x", retry_after=0.0), "1"),
        (errors.Unavailable(AHA, "x"), "15"),
        (errors.FeatureBusy("x", retry_after=5), "5"),
        (errors.NotFound(AHA, "x"), None),
        (errors.IntegrationDisabled("x"), None),
    ],
)
def test_what_may_pass_by_itself_says_when_to_come_back(error: OperationFailed, seconds: str | None) -> None:
    assert failing(error).headers.get("Retry-After") == seconds


def test_a_wait_is_told_in_whole_seconds_and_never_none() -> None:
    assert [retry_after(value)["Retry-After"] for value in (0, 0.1, 1, 1.5, None)] == [
        "1",
        "1",
        "1",
        "2",
        "15",
    ]


def test_a_defect_leaves_its_trace_in_the_log_and_not_in_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    response = failing(KeyError("S3cret"))

    body = json.loads(response.get_body())
    assert response.status_code == 500
    assert body["code"] == "internal_error"
    assert body["operation_id"] in body["detail"]
    assert "S3cret" not in response.get_body().decode()
    assert "KeyError" in caplog.text


def test_a_caller_may_read_statuses_in_its_own_way() -> None:
    def find(call: Call) -> Subject[None]:
        raise errors.NotFound(AHA, "x")

    response = respond_about(
        request(), find, lambda *_: Answer(), budget_seconds=lambda: 5.0, status_of=lambda error: 503
    )

    assert response.status_code == json.loads(response.get_body())["status"] == 503
    assert response.headers["Retry-After"] == "15"


def test_a_missing_setting_is_one_clear_error() -> None:
    def budget() -> float:
        raise errors.SettingInvalid("The app setting SECRETS_KEY is missing.")

    response = respond(request(), lambda *_: Answer(), budget_seconds=budget)

    assert response.status_code == 500
    assert json.loads(response.get_body())["detail"] == "The app setting SECRETS_KEY is missing."


@pytest.mark.parametrize("fails", [False, True])
def test_the_log_is_written_whatever_became_of_the_operation(fails: bool) -> None:
    kept: list[LogEntry] = []

    def handler(call: Call, operation: Operation, found: str) -> Answer:
        operation.log.add(A_STEP, f"Step of {found}.")
        if fails:
            raise errors.Forbidden(AHA, "No.", evidence={"status": 403})
        return Answer()

    respond_about(request(), lambda call: Subject("PROD-1", kept.extend), handler, budget_seconds=lambda: 5.0)

    assert kept[0].message == "Step of PROD-1."
    assert [entry.event for entry in kept] == ["a.step", *(["operation.failed"] if fails else [])]
    if fails:
        assert kept[1].detail == {"code": "aha_forbidden", "status": 403}


CALLERS_MISTAKES = [(error, status) for error, _, status in CONTRACT if status in (400, 409, 412, 413)]
OTHERS = [(error, status) for error, _, status in CONTRACT if status >= 422]


@pytest.mark.parametrize(
    ("error", "noted"),
    [
        *((error, ("operation.refused", Level.WARNING)) for error, _ in CALLERS_MISTAKES),
        *((error, ("operation.failed", Level.ERROR)) for error, _ in OTHERS),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_callers_own_mistake_is_no_error_of_the_integration(
    error: OperationFailed, noted: tuple[str, Level]
) -> None:
    kept: list[LogEntry] = []

    def handler(call: Call, operation: Operation, found: None) -> Answer:
        raise error

    respond_about(
        request(),
        lambda call: Subject(None, kept.extend),
        handler,
        budget_seconds=lambda: 5.0,
        # Azure DevOps delivers again after 503, whatever the fault is.
        status_of=lambda _: 503,
    )

    assert [(entry.event, entry.level) for entry in kept] == [noted]


@pytest.mark.parametrize(
    ("evidence", "beginning"),
    [
        ({"reference": "PROD-2", "work_item_id": 12}, "PROD-2, work item 12: It is down."),
        ({"reference": "PROD-2"}, "PROD-2: It is down."),
        ({}, "It is down."),
    ],
)
def test_the_log_of_an_outage_names_the_record(evidence: dict[str, Any], beginning: str) -> None:
    kept: list[LogEntry] = []

    def handler(call: Call, operation: Operation, found: None) -> Answer:
        raise errors.Unavailable(AHA, "It is down.", evidence=evidence)

    respond_about(request(), lambda call: Subject(None, kept.extend), handler, budget_seconds=lambda: 5.0)

    assert kept[0].message == beginning


def test_a_body_is_parsed_once() -> None:
    call = Call("POST", "/", {}, {}, {}, b'{"a": 1}')

    assert call.json() is call.json()


def test_a_defect_is_in_the_log_too() -> None:
    kept: list[LogEntry] = []

    def handler(call: Call, operation: Operation, found: None) -> Answer:
        raise KeyError("S3cret")

    respond_about(request(), lambda call: Subject(None, kept.extend), handler, budget_seconds=lambda: 5.0)

    assert [entry.event for entry in kept] == ["operation.defect"]
    assert "S3cret" not in str(kept)


def test_when_the_subject_cannot_be_found_the_handler_does_not_run() -> None:
    def find(call: Call) -> Subject[str]:
        raise errors.IntegrationNotFound("There is no integration 'x'.")

    def handler(call: Call, operation: Operation, found: str) -> Answer:
        raise AssertionError("must not run")

    response = respond_about(request(), find, handler, budget_seconds=lambda: 5.0)

    assert response.status_code == 404
    assert json.loads(response.get_body())["operation_id"] == response.headers["x-operation-id"]


def test_an_operation_in_which_nothing_happened_writes_nothing() -> None:
    written: list[object] = []

    respond_about(
        request(),
        lambda call: Subject(None, written.append),
        lambda *_: Answer(),
        budget_seconds=lambda: 5.0,
    )

    assert written == []


def read(body: bytes, **headers: str) -> Any:
    """A body, as a function reads it."""
    return Call.of(
        request(body, headers={name.replace("_", "-"): value for name, value in headers.items()})
    ).json()


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b"{'a': 1}", b'{"a": NaN}', b"Infinity", b"-Infinity", b"\xff\xfe", b'"\xe9"', b"[" * 50_000,
     b"{}{}"],
    ids=range(11),
)  # fmt: skip
def test_what_is_no_json_in_utf8_is_refused(body: bytes) -> None:
    with pytest.raises(errors.InvalidJson):
        read(body)


def test_a_body_is_read_as_json_in_utf8() -> None:
    assert read('{"name": "赤 😀"}'.encode()) == {"name": "赤 😀"}
    assert read(b"\xef\xbb\xbf[]") == []


def test_broken_json_is_told_by_its_place_and_never_quoted() -> None:
    with pytest.raises(errors.InvalidJson) as caught:
        read(b'{\n"token": "S3cret" "x"}')

    assert "line 2" in caught.value.detail
    assert "S3cret" not in caught.value.detail


def test_a_body_over_ten_mebibytes_is_not_read() -> None:
    largest = b'"' + b"x" * (10 * 1024 * 1024 - 2) + b'"'

    assert len(read(largest)) == len(largest) - 2
    with pytest.raises(errors.BodyTooLarge):
        read(largest + b" ")


def test_a_body_in_chunks_that_the_host_swallowed_is_explained() -> None:
    with pytest.raises(errors.InvalidJson, match="Content-Length"):
        read(b"", transfer_encoding="chunked")


@pytest.mark.parametrize(("text", "value"), [(None, False), ("true", True), ("True", True), ("false", False)])
def test_a_flag_is_true_or_false(text: str | None, value: bool) -> None:
    params = {} if text is None else {"dry_run": text}

    assert Call.of(request(params=params)).flag("dry_run") is value


@pytest.mark.parametrize("text", ["", "1", "yes", " true"])
def test_any_other_flag_is_refused(text: str) -> None:
    with pytest.raises(errors.InvalidRequest) as caught:
        Call.of(request(params={"dry_run": text})).flag("dry_run")

    assert caught.value.errors == (InputError("/dry_run", "must be true or false"),)


def test_headers_are_found_whatever_their_case() -> None:
    call = Call.of(request(headers={"If-Match": '"1"'}, method="put", route={"integration_id": "web"}))

    assert call.headers["if-match"] == '"1"'
    assert (call.method, call.route["integration_id"]) == ("PUT", "web")


def test_a_text_that_is_no_unicode_does_not_break_the_answer() -> None:
    response = failing(errors.InvalidRequest([InputError("/half \ud83d", "must be text")]))

    assert json.loads(response.get_body())["errors"][0]["pointer"] == "/half ?"


def test_an_unknown_integration_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    failing(errors.IntegrationNotFound("There is no integration 'x'."))

    assert [record.name for record in caplog.records] == ["shared.operation_line"]
