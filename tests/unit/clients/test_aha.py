"""Aha! as it is spoken to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.clients.aha import Aha, RecordChange
from shared.clients.process_state import ProcessState
from shared.domain.integration import AhaTarget
from shared.domain.kind import Kind
from shared.domain.retry import LONGEST_WAIT
from shared.errors import (
    CredentialsRejected,
    Forbidden,
    NotFound,
    OperationFailed,
    RuleViolation,
    Unavailable,
)
from shared.secret import Secret
from tests.unit.examples import API_TOKEN
from tests.unit.operations import an_operation
from tests.unit.scripted_server import Reply, serving

FEATURE: dict[str, Any] = {
    "id": "6776487451",
    "reference_num": "PROD-2",
    "name": "Search by colour",
    "description": {"id": "61", "body": "<p>Colours</p>", "attachments": []},
    "workflow_status": {"id": "55", "name": "Ready", "position": 2, "complete": False},
}


def aha_at(url: str) -> Aha:
    """Aha! at a server, without the pauses between attempts."""
    operation, _ = an_operation()
    return Aha(
        AhaTarget(url, Secret(API_TOKEN)),
        operation,
        process_state=ProcessState(allow_local=True),
        sleep=lambda _: None,
    )


def failure(*replies: Reply) -> OperationFailed:
    """What reading a record fails with."""
    with serving(*replies) as server, pytest.raises(OperationFailed) as caught:
        aha_at(server.url).record(Kind.FEATURE, "PROD-2")
    return caught.value


def test_a_record_is_read_with_its_status() -> None:
    with serving(Reply(200, {"feature": FEATURE})) as server:
        record = aha_at(server.url).record(Kind.FEATURE, "6776487451")

    assert (record.id, record.reference, record.name) == ("6776487451", "PROD-2", "Search by colour")
    assert record.description == "<p>Colours</p>"
    assert (record.status.id, record.status.name) == ("55", "Ready")
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("GET", "/api/v1/features/6776487451")
    assert asked.headers["authorization"] == f"Bearer {API_TOKEN}"


@pytest.mark.parametrize(
    "feature",
    [
        {"id": 5, "name": None, "description": None, "workflow_status": None},
        {"id": 5, "name": "", "description": {}},
        {"id": "5", "name": "", "description": "", "workflow_status": "Ready"},
    ],
)
def test_a_record_without_texts_or_status_is_read_too(feature: Any) -> None:
    with serving(Reply(200, {"feature": feature})) as server:
        record = aha_at(server.url).record(Kind.FEATURE, "5")

    assert (record.id, record.name, record.description, record.status.id) == ("5", "", "", "")


@pytest.mark.parametrize(
    "body",
    [
        {"feature": {"id": 5, "name": "Search"}},
        {"feature": {"id": 5, "description": "<p>Colours</p>"}},
        {"feature": {**FEATURE, "id": "6"}},
        {"requirement": {**FEATURE, "id": "5"}},
        {},
        b'{"feature": {"id": 5, "na',
    ],
    ids=["no description", "no name", "another record", "another kind", "nothing", "cut"],
)
def test_a_success_that_does_not_show_the_record_is_not_believed(body: Any) -> None:
    with (
        serving(Reply(200, body, {"Content-Type": "application/json"})) as server,
        pytest.raises(Unavailable) as caught,
    ):
        aha_at(server.url).update(Kind.FEATURE, "5", RecordChange("Search"))

    assert caught.value.outcome_unknown
    assert len(server.asked) == 1


def test_only_what_changed_is_written_and_what_aha_made_of_it_comes_back() -> None:
    cleaned = {**FEATURE, "description": {"body": "<p>Colours </p>"}}
    with serving(Reply(200, {"feature": cleaned})) as server:
        record = aha_at(server.url).update(
            Kind.FEATURE, "6776487451", RecordChange(description="<div>Colours</div>")
        )

    (asked,) = server.asked
    assert (asked.method, asked.path) == ("PUT", "/api/v1/features/6776487451")
    assert asked.headers["content-type"] == "application/json"
    assert json.loads(asked.body) == {"feature": {"description": "<div>Colours</div>"}}
    assert record.description == "<p>Colours </p>"


def test_a_requirement_is_written_below_its_own_name() -> None:
    with serving(Reply(200, {"requirement": FEATURE})) as server:
        aha_at(server.url).update(Kind.REQUIREMENT, "PROD-2-1", RecordChange("Rot – 赤 😀"))

    (asked,) = server.asked
    assert asked.path == "/api/v1/requirements/PROD-2-1"
    assert json.loads(asked.body) == {"requirement": {"name": "Rot – 赤 😀"}}


@pytest.mark.parametrize(
    ("change", "payload"),
    [
        (RecordChange(), {}),
        (RecordChange(description=""), {"description": ""}),
        (
            RecordChange(name="N", status="In development"),
            {"name": "N", "workflow_status": {"name": "In development"}},
        ),
        (RecordChange(status="6776487451"), {"workflow_status": "6776487451"}),
        (RecordChange(status="2²"), {"workflow_status": {"name": "2²"}}),
    ],
)
def test_left_alone_and_cleared_are_different_things(change: RecordChange, payload: Any) -> None:
    # aha-app/aha-services: an unmapped state became an empty status.
    assert change.payload() == payload


def test_half_a_character_in_a_title_does_not_end_the_request() -> None:
    # What a program left that cut a title in the middle of an emoji.
    with serving(Reply(200, {"feature": FEATURE})) as server:
        aha_at(server.url).update(Kind.FEATURE, "6776487451", RecordChange("Colours \ud83d"))

    assert json.loads(server.asked[0].body)["feature"]["name"].startswith("Colours ")


def test_an_id_is_one_segment_of_the_address() -> None:
    with serving(Reply(200, {"feature": FEATURE})) as server:
        aha_at(server.url).record(Kind.FEATURE, "../products?x=1#")

    assert server.asked[0].path == "/api/v1/features/../products?x=1#"
    assert server.asked[0].query == ""


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply(401, {"error": "unauthorized"}), CredentialsRejected, "Create a new key"),
        (Reply(302, b"", {"Location": "/login"}), CredentialsRejected, "Create a new key"),
        (
            Reply(200, b"<html>", {"Content-Type": "text/html"}),
            CredentialsRejected,
            "not the address of an Aha! account",
        ),
        (Reply(403, {"error": "forbidden"}), Forbidden, "contributor"),
        (Reply(404, {"error": "Record not found"}), NotFound, "Record not found"),
        (Reply(404, b"<html>"), Unavailable, "404"),
        (Reply(403, b"<html>", {"Content-Type": "text/html"}), Unavailable, "403"),
        (Reply(422, b'{"error', {"Content-Type": "application/json"}), Unavailable, "422"),
        (Reply(522, {"error": "connection timed out"}), Unavailable, "522"),
        (Reply(422, {"errors": {"message": "Name can't be blank"}}), RuleViolation, "Name can't be blank"),
        (Reply(422, {"errors": [{"message": "Status unknown"}]}), RuleViolation, "Status unknown"),
        (Reply(400, {"message": "Bad\n  value"}), RuleViolation, "Bad value"),
        (Reply(400, b""), Unavailable, "400"),
        (Reply(400, {"errors": 5}), RuleViolation, "refused a value"),
        (Reply(429, b""), Unavailable, "limiting requests"),
        (Reply(500, b""), Unavailable, "500"),
        (Reply(503, b"<html>"), Unavailable, "Nothing has to be repaired"),
        (Reply(200, {"error": "odd"}), Unavailable, "without the feature"),
        (Reply(200, []), Unavailable, "without the feature"),
        (Reply(200, {"feature": {"name": "no id"}}), Unavailable, "without the feature"),
        (Reply(200, b""), Unavailable, "without the feature"),
    ],
    ids=range(21),
)
def test_each_refusal_has_its_error_and_its_words(
    reply: Reply, kind: type[OperationFailed], words: str
) -> None:
    error = failure(reply)

    assert type(error) is kind
    assert words in error.detail
    assert error.code.startswith("aha_")


def test_the_underscored_header_of_aha_is_kept_to() -> None:
    operation, _ = an_operation(5)
    with serving(Reply(429, b"", {"Retry_After": "86400"})) as server, pytest.raises(Unavailable) as caught:
        Aha(
            AhaTarget(server.url, Secret(API_TOKEN)), operation, process_state=ProcessState(allow_local=True)
        ).record(Kind.FEATURE, "1")

    assert caught.value.retry_after == LONGEST_WAIT


def test_no_failure_shows_the_token() -> None:
    for reply in (Reply(401, {"error": "no"}), Reply(404, b""), Reply(422, {"message": "no"})):
        error = failure(reply)

        assert API_TOKEN not in f"{error} {error.detail} {error.evidence} {error!r}"


def test_an_integration_without_a_token_sends_none() -> None:
    operation, _ = an_operation()
    with serving(Reply(401, b"")) as server, pytest.raises(CredentialsRejected):
        Aha(AhaTarget(server.url), operation, process_state=ProcessState(allow_local=True)).record(
            Kind.FEATURE, "1"
        )

    assert server.asked[0].headers["authorization"].strip() == "Bearer"
