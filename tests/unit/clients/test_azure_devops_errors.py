"""What Azure DevOps' refusals mean, in words a product manager can act on."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.azure_devops_error_body import ErrorBody
from shared.clients.azure_devops_errors import error_for, translate
from shared.clients.http import Request, Response
from shared.domain.foreign_answers import Body
from shared.domain.subject import RequestAction, Subject
from shared.errors import (
    CredentialsRejected,
    Forbidden,
    NotFound,
    OperationFailed,
    RevisionConflict,
    RuleViolation,
    Unavailable,
)
from tests.unit.examples import json_values

SUBJECT = Subject(account_name="fabrikam")
ACCOUNT = "https://dev.azure.com/fabrikam"
PROJECTS = f"{ACCOUNT}/_apis/projects?api-version=7.1"
ITEM = f"{ACCOUNT}/_apis/wit/workitems/12?api-version=7.1"
BATCH = f"{ACCOUNT}/_apis/wit/$batch?api-version=7.1"
TYPES = f"{ACCOUNT}/p/_apis/wit/workitemtypes?api-version=7.1"
HTML = b"<!DOCTYPE html><title>Azure DevOps Services | Sign In</title>"
EXPIRED = b"Access Denied: The Personal Access Token used has expired."


def answered(
    status: int,
    body: Any = b"",
    content_type: str = "",
    url: str = ITEM,
    method: str = "GET",
    action: RequestAction = RequestAction.READ,
    seconds: float = 0.0,
) -> OperationFailed | None:
    """What an answer amounts to. A JSON body is sent as such."""
    if not isinstance(body, bytes):
        body, content_type = json.dumps(body).encode(), "application/json; charset=utf-8"
    headers = {"content-type": content_type} if content_type else {}
    answer = Response(status, headers, body, seconds=seconds)
    return translate(Request(method, url, subject=replace(SUBJECT, action=action)), answer)


def fault(message: str, type_key: str = "", **more: Any) -> dict[str, Any]:
    """The usual shape of an error's body."""
    return {"$id": "1", "message": message, "typeKey": type_key, "errorCode": 0, "eventId": 3000, **more}


def rules(*fields: tuple[str, str]) -> dict[str, Any]:
    """The body of a broken rule: (field, flags)."""
    errors = [
        {"fieldReferenceName": name, "fieldStatusFlags": flags, "errorMessage": "TF401320: …"}
        for name, flags in fields
    ]
    return fault(
        "TF401320: Rule Error for field Team. Error code: Required, InvalidEmpty.",
        "RuleValidationException",
        customProperties={"RuleValidationErrors": errors},
    )


CAUSES: dict[str, tuple[OperationFailed | None, type[OperationFailed], str]] = {
    "the sign-in page instead of an answer": (
        answered(203, HTML, "text/html"),
        CredentialsRejected,
        "sign-in page",
    ),
    "an expired token": (answered(401, EXPIRED, "text/plain"), CredentialsRejected, "has expired"),
    "a token that may not list projects": (
        answered(401, url=PROJECTS),
        CredentialsRejected,
        "Project and Team (Read)",
    ),
    "a token that may not read work items": (
        answered(401, url=TYPES),
        CredentialsRejected,
        "scope “Work Items (Read)”",
    ),
    "a token that may not write work items": (
        answered(401, fault("TF400813: The user is not authorized."), url=BATCH, method="PATCH"),
        CredentialsRejected,
        "scope “Work Items (Read & write)”",
    ),
    "a user without a right": (
        answered(403, fault("You are not authorized to access this API.", "UnauthorizedAccessException")),
        Forbidden,
        "may not read the project",
    ),
    "a user without a right to the area": (
        answered(400, fault("TF237111: The current user does not have permissions to save work items under ..."),
                 action=RequestAction.CREATE),
        Forbidden,
        "Edit work items in this node",
    ),
    "an unknown organization": (answered(404, HTML, "text/html", PROJECTS), NotFound, "no organization “fabrikam”"),
    "an unknown project": (
        answered(404, fault("TF200016: The following project does not exist: X.", "ProjectDoesNotExist…")),
        NotFound,
        "The project does not exist",
    ),
    "an unknown work item type": (
        answered(404, fault("VS402323: Work item type X does not exist in project Y", "WorkItemTypeNotFoundException")),
        NotFound,
        "work item type does not exist",
    ),
    "a deleted work item": (
        answered(404, fault("TF401232: Work item 12 does not exist, or you do not have permissions to read it.")),
        NotFound,
        "was deleted",
    ),
    "an unknown area": (
        answered(400, fault("TF401347: Invalid tree name given for work item -1, field 'System.AreaPath'.")),
        RuleViolation,
        "Choose another area",
    ),
    "a required field without a value": (
        answered(400, rules(("Custom.Team", "required, invalidEmpty"))),
        RuleViolation,
        "Custom.Team",
    ),
    "a value that is not in the list": (
        answered(400, rules(("Custom.Level", "required, hasValues, limitedToValues, invalidListValue"))),
        RuleViolation,
        "breaks a rule",
    ),
    "a default field that nobody knows": (
        answered(400, fault("TF51535: Cannot find field Custom.Nope.")),
        RuleViolation,
        "default field does not exist",
    ),
    "throttling": (answered(429), Unavailable, "throttling"),
    "an outage": (answered(503, HTML, "text/html"), Unavailable, "(503)"),
}  # fmt: skip


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_has_its_own_error_and_words(cause: str) -> None:
    error, kind, words = CAUSES[cause]

    assert type(error) is kind
    assert words in error.detail


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_comes_with_its_remedy(cause: str) -> None:
    error, _, _ = CAUSES[cause]

    remedy = (
        r"(Create a new|Ask a|ask its|Choose|Check|Set a value|Give the|Correct|try again later|Restore it)"
    )
    assert error is not None
    assert re.search(remedy, error.detail), error.detail


def test_all_causes_are_told_apart() -> None:
    details = {error.detail for error, _, _ in CAUSES.values() if error is not None}

    assert len(details) == len(CAUSES) >= 12


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (203, HTML, "text/html; charset=utf-8"),
        (203, b"", ""),
        (203, b"{}", "application/json"),
        (302, b"", ""),
        (302, HTML, "text/html"),
        (302, b"{}", "application/json"),
        (307, b"", ""),
        (200, HTML, "text/html"),
        (201, HTML, "text/html"),
    ],
)
def test_a_sign_in_page_in_any_guise_is_a_refused_token(status: int, body: bytes, content_type: str) -> None:
    # A worker that took the page for an answer stored it as a picture (nkdAgility/azure-devops-migration-tools#2598).
    error = answered(status, body, content_type)

    assert isinstance(error, CredentialsRejected)
    assert "Create a new personal access token" in error.detail


@pytest.mark.parametrize(("status", "body"), [(200, {}), (201, {"id": 1}), (200, []), (204, b"")])
def test_a_success_is_no_error(status: int, body: Any) -> None:
    assert answered(status, body) is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (412, fault("VS403351: Test Operation for path /rev failed.", "TestPatchOperationFailedException")),
        (412, b""),
        (400, fault("TF26071: This work item has been changed by someone else since you opened it.")),
        (409, fault("VS403351: Test Operation for path /rev failed.")),
    ],
)
def test_a_lost_race_is_a_revision_conflict(status: int, body: Any) -> None:
    # microsoft/azure-devops-mcp#839, microsoft/onefuzz#1022.
    assert isinstance(answered(status, body), RevisionConflict)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_by_itself_says_that_nothing_has_to_be_repaired(status: int) -> None:
    # aha-app/aha-services took every 401 and outage for a wrong configuration and switched the integration off.
    error = answered(status, HTML, "text/html")

    assert isinstance(error, Unavailable)
    assert "Nothing has to be repaired" in error.detail


@pytest.mark.parametrize(
    ("status", "body", "content_type", "runs"),
    [
        (504, HTML, "text/html", True),
        (502, b"", "", True),
        (408, b"", "", True),
        (524, b"error code: 524", "text/plain", True),
        (500, fault("TF246020: The server could not process the request."), "", False),
        (503, fault("TF400324: Services are not available."), "", False),
        (429, b"", "", False),
        (403, b"<title>Blocked</title>", "text/html", False),
    ],
)
def test_a_request_may_still_run_unless_the_service_answered_it_itself(
    status: int, body: Any, content_type: str, runs: bool
) -> None:
    error = answered(status, body, content_type, url=BATCH, method="PATCH", seconds=30)

    assert isinstance(error, Unavailable)
    assert error.may_still_run is runs


def test_a_gateway_that_answers_at_once_has_ended_the_request() -> None:
    error = answered(504, HTML, "text/html", url=BATCH, method="PATCH", seconds=0.3)

    assert isinstance(error, Unavailable)
    assert (error.outcome_unknown, error.may_still_run) == (True, False)


def test_an_entry_of_a_batch_has_ended_whatever_its_status() -> None:
    # The batch was answered by the service itself.
    error = error_for(524, ErrorBody.from_batch_entry(None), SUBJECT)

    assert isinstance(error, Unavailable)
    assert (error.outcome_unknown, error.may_still_run) == (True, False)


def test_a_request_that_was_blocked_for_using_too_much_is_throttling_whatever_its_status() -> None:
    error = answered(400, fault("TF400733: The request has been canceled: Request was blocked."))

    assert isinstance(error, Unavailable)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (fault("TF401232: gone", "WorkItemUnauthorizedAccessException"),
         ErrorBody("TF401232: gone", "TF401232", "WorkItemUnauthorizedAccessException", written_by=Body.OWN)),
        ({"count": 1, "value": {"Message": "TF237201: many\r\n links"}},
         ErrorBody("TF237201: many links", "TF237201", written_by=Body.OWN)),
        ({"Message": "VS403474: over 200"}, ErrorBody("VS403474: over 200", "VS403474", written_by=Body.OWN)),
        ({"message": None, "value": [1]}, ErrorBody()),
        ({"message": "x" * 900}, ErrorBody("x" * 500, written_by=Body.OWN)),
        (None, ErrorBody()),
        ("text", ErrorBody()),
        ([], ErrorBody()),
    ],
)  # fmt: skip
def test_every_shape_of_an_error_is_read(body: Any, expected: ErrorBody) -> None:
    # microsoft/azure-devops-python-api reads these three; aha-app/aha-services 4c3dd9d stumbled over others.
    assert ErrorBody.from_json(body) == expected


def test_every_field_that_breaks_a_rule_is_named() -> None:
    error = answered(
        400, rules(("Custom.Team", "required, invalidEmpty"), ("Custom.Level", "required, invalidEmpty"))
    )

    assert error is not None
    assert "Custom.Team" in error.detail
    assert "Custom.Level" in error.detail


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"message": "TF4013', b"Bad Request", b"<html>Blocked</html>"]
)
@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_status_without_words_of_the_service_is_no_refusal(status: int, body: bytes) -> None:
    error = answered(status, body, "application/json")

    assert isinstance(error, Unavailable)
    assert error.outcome_unknown
    assert str(status) in error.detail


def test_the_log_gets_the_status_the_address_and_the_number() -> None:
    error = answered(404, fault("TF401232: gone"), url=f"{ITEM}&key=S3cret")

    assert error is not None
    assert error.evidence == {
        "status": 404,
        "url": "https://dev.azure.com/fabrikam/_apis/wit/workitems/12?api-version=7.1&key=•••",
        "azure_devops_code": "TF401232",
    }


KEYS = st.sampled_from(
    ["message", "Message", "value", "typeKey", "customProperties", "RuleValidationErrors", "fieldReferenceName",
     "fieldStatusFlags"]
)  # fmt: skip


@given(st.integers(100, 599), json_values(KEYS))
def test_no_body_makes_the_reading_fail(status: int, body: Any) -> None:
    error = error_for(status, ErrorBody.from_json(body), SUBJECT)

    assert error.detail


@given(json_values())
def test_no_shape_of_broken_rules_makes_the_reading_fail(errors: Any) -> None:
    body = {"message": "TF401320", "customProperties": {"RuleValidationErrors": errors}}

    assert error_for(400, ErrorBody.from_json(body), SUBJECT).detail
