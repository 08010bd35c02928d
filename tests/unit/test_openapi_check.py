"""The test client finds an answer that is not as openapi.yaml says, whatever a test looks at."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.documented_answers import unseen_answers, unseen_operations
from tests.e2e.system import Api
from tests.openapi import Contract
from tests.unit.scripted_server import Reply, serving

CONTRACT = Contract.load()
OPERATION_ID = "76b5503563c042ad9b7a32dacb626b2c"
NAMED = {"x-operation-id": OPERATION_ID, "x-content-type-options": "nosniff"}
JSON, PROBLEM, HTML = "application/json", "application/problem+json", "text/html; charset=utf-8"
NOTHING_TO_DO = {"result": "unchanged", "reason": "already_agreed", "operation_id": OPERATION_ID}
NOT_FOUND = {
    "type": "urn:aha-azure-devops:integration_not_found",
    "title": "There is no such integration",
    "status": 404,
    "detail": "There is no integration 'nope'.",
    "code": "integration_not_found",
    "operation_id": OPERATION_ID,
}
STORAGE_DOWN = {
    "type": "urn:aha-azure-devops:storage_unavailable",
    "title": "The app's storage is not available",
    "status": 503,
    "detail": "Table Storage did not answer.",
    "code": "storage_unavailable",
    "operation_id": OPERATION_ID,
}

INVALID = {
    "type": "urn:aha-azure-devops:invalid_request",
    "title": "The request is not valid",
    "status": 400,
    "detail": "/limit: must be a number",
    "code": "invalid_request",
    "operation_id": OPERATION_ID,
    "errors": [{"pointer": "/limit", "detail": "must be a number"}],
}
WITHOUT_ERRORS = {key: value for key, value in INVALID.items() if key != "errors"}


def answer(
    request: str, status: int, body: Any = b"", media_type: str = JSON, **headers: str
) -> requests.Response:
    """What a server answered to a request such as `GET /integrations`."""
    method, path = request.split(" ")
    made = requests.Response()
    made.request = requests.Request(method, f"http://127.0.0.1/api{path}").prepare()
    made.status_code = status
    made._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    made.headers.update({"content-type": media_type} if body else {})
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


def named(
    request: str, status: int, body: Any = b"", media_type: str = JSON, **headers: str
) -> requests.Response:
    """The same with the header that names the operation."""
    return answer(request, status, body, media_type, **{**NAMED, **headers})


@pytest.mark.parametrize(
    ("given", "operation_id"),
    [
        (named("GET /integrations", 200, {"integrations": []}), "listIntegrations"),
        (named("GET /integrations/nope", 404, NOT_FOUND, PROBLEM), "getIntegration"),
        (named("GET /integrations", 503, STORAGE_DOWN, PROBLEM, retry_after="5"), "listIntegrations"),
        (named("GET /integrations/x/log", 400, INVALID, PROBLEM), "readLog"),
        (named("DELETE /integrations/x", 204), "deleteIntegration"),
        (named("POST /webhooks/x/token", 200, NOTHING_TO_DO), "receiveWebhook"),
        (named("GET /console/", 308, location="../console"), "getConsole"),
        (answer("GET /integrations", 401), "listIntegrations"),
        (answer("PATCH /integrations", 404), None),
        (named("DELETE /integrations", 404, NOT_FOUND, PROBLEM), None),
    ],
)
def test_a_documented_answer_passes(given: requests.Response, operation_id: str | None) -> None:
    operation = CONTRACT.check(given)

    assert (operation.id if operation else None) == operation_id


@pytest.mark.parametrize(
    ("given", "finding"),
    [
        (named("GET /integrations", 302), "has no such answer"),
        (named("GET /integrations", 200, {"integrations": [{}]}), "'webhook_url' is a required property"),
        (named("GET /integrations", 200, {"integrations": [], "total": 0}), "'total' was unexpected"),
        (named("GET /integrations", 200, {"integrations": []}, HTML), "media type 'text/html'"),
        (named("GET /integrations", 200), "media type ''"),
        (answer("GET /integrations", 200, {"integrations": []}), "x-operation-id is missing"),
        (answer("DELETE /integrations/x", 204, x_operation_id="7"), "x-operation-id is not as"),
        (named("DELETE /integrations/x", 204, {}), "there is no body"),
        (named("GET /integrations", 401), "has the header x-operation-id"),
        (
            named("GET /integrations/nope", 404, {**NOT_FOUND, "code": "not_linked"}, PROBLEM),
            "'integration_not_found' was",
        ),
        (named("GET /integrations/nope", 404, {**NOT_FOUND, "status": 400}, PROBLEM), "404 was expected"),
        (
            named("GET /integrations/nope", 404, {**NOT_FOUND, "errors": INVALID["errors"]}, PROBLEM),
            "should not be valid under",
        ),
        (named("GET /integrations/x/log", 400, WITHOUT_ERRORS, PROBLEM), "'errors' is a required property"),
        (named("GET /integrations/x/log", 400, {**INVALID, "type": "about:blank"}, PROBLEM), "was expected"),
        (named("GET /integrations", 503, STORAGE_DOWN, PROBLEM), "Retry-After is missing"),
        (named("GET /integrations", 503, STORAGE_DOWN, PROBLEM, retry_after="0"), "Retry-After is not as"),
        (named("GET /integrations", 503, STORAGE_DOWN, PROBLEM, retry_after="soon"), "Retry-After is not as"),
        (named("POST /webhooks/x/token", 200, {**NOTHING_TO_DO, "reason": "tired"}), "'tired' is not one of"),
        (
            named("POST /webhooks/x/token", 200, {**NOTHING_TO_DO, "operation_id": "f" * 32}),
            "x-operation-id is 76b5",
        ),
        (named("DELETE /integrations/x", 204, x_content_type_options=""), "Without nosniff"),
        (answer("PATCH /integrations", 404, b"gone"), "there is no body"),
        (answer("PATCH /integrations", 405), "has no such answer"),
        (named("PATCH /integrations", 404), "has the header x-operation-id"),
    ],
)
def test_any_other_answer_fails_and_the_message_says_why(given: requests.Response, finding: str) -> None:
    with pytest.raises(AssertionError) as failure:
        CONTRACT.check(given)

    assert finding in str(failure.value)


def test_a_request_that_was_taken_has_to_be_one_of_the_document() -> None:
    given = named("PUT /integrations/x", 200, {})
    given.request.body = b'{"name": 7, "product_id": "PROD"}'
    operation = CONTRACT.operation("putIntegration")

    with pytest.raises(AssertionError, match="7 is not of type 'string'"):
        CONTRACT.check_request(given, operation)


@pytest.mark.parametrize("follows", [True, False])
def test_the_client_of_the_end_to_end_tests_checks_every_answer(follows: bool) -> None:
    wrong = Reply(308, headers={"Location": "/api/elsewhere", **NAMED})
    with serving(wrong, Reply(404)) as server, pytest.raises(AssertionError, match="Location is not as"):
        Api(server.url).get("/console/", allow_redirects=follows)


def test_what_no_test_saw_is_named() -> None:
    everything = {(one.id, status) for one in CONTRACT.operations for status in one.responses}

    assert unseen_answers(everything) == []
    assert unseen_answers(everything - {("readLog", 200)}) == ["readLog 200"]
    assert unseen_operations({("readLog", 404)}) == sorted({name for name, _ in everything} - {"readLog"})
