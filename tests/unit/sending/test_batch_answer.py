"""What the answer to a batch says about each operation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.subject import Subject
from shared.domain.work_item import WorkItem
from shared.errors import CredentialsRejected, Forbidden, RevisionConflict, RuleViolation, Unavailable
from shared.sending.batch_answer import OwnFault, SiblingFailed, read_answer
from tests.unit.examples import json_values

FABRIKAM = Subject(account_name="fabrikam")
CREATED = {"id": 12, "rev": 1, "fields": {"System.Title": "Search"}}
WHOLE_FAILED = {"message": "TF401321: Whole Bulk failed."}


def entry(code: Any, body: Any, *, as_text: bool = True) -> dict[str, Any]:
    """One entry of the answer; its body is a JSON text."""
    return {"code": code, "headers": {}, "body": json.dumps(body) if as_text else body}


def answer(*entries: Any) -> dict[str, Any]:
    """The answer to a batch."""
    return {"count": len(entries), "value": list(entries)}


def test_a_batch_was_carried_out_if_each_entry_has_a_work_item() -> None:
    entries = read_answer(answer(entry(200, CREATED), entry(200, {**CREATED, "id": 13})), [FABRIKAM] * 2)

    assert entries is not None
    assert [item.id for item in entries if isinstance(item, WorkItem)] == [12, 13]


def test_the_body_of_an_entry_may_be_an_object_too() -> None:
    # One official sample shows it (MicrosoftDocs/vsts-rest-api-specs).
    entries = read_answer(answer(entry(200, CREATED, as_text=False)), [FABRIKAM] * 1)

    assert entries is not None
    assert isinstance(entries[0], WorkItem)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {"value": None},
        {"value": {"Message": "TF237201: 1000 link limit"}},
        answer(),
        answer(entry(200, CREATED)),
        answer(entry(200, CREATED), entry(200, CREATED), entry(200, CREATED)),
    ],
    ids=range(9),
)
def test_an_answer_with_another_number_of_entries_is_not_believed(body: Any) -> None:
    # HTTP 200 with one entry for 69 requests has been seen (MicrosoftDocs/vsts-rest-api-specs#564).
    assert read_answer(body, [FABRIKAM] * 2) is None


@pytest.mark.parametrize(
    "odd",
    [
        entry(200, {}),
        entry(200, {"id": 12}),
        entry(201, "x", as_text=False),
        entry(None, CREATED),
        None,
        "x",
        5,
    ],
)
def test_a_success_that_shows_no_work_item_is_not_believed(odd: Any) -> None:
    assert read_answer(answer(entry(200, CREATED), odd), [FABRIKAM] * 2) is None


def test_if_one_operation_is_at_fault_the_others_failed_only_because_of_it() -> None:
    fault = {"message": "TF51535: Cannot find field Custom.Nope."}
    body = answer(entry(500, WHOLE_FAILED), entry(400, fault), entry(500, WHOLE_FAILED))

    entries = read_answer(body, [FABRIKAM] * 3)

    assert entries is not None
    assert isinstance(entries[0], SiblingFailed)
    assert isinstance(entries[2], SiblingFailed)
    assert isinstance(entries[1], OwnFault)
    assert isinstance(entries[1].error, RuleViolation)
    assert "Custom.Nope" in entries[1].error.detail


@pytest.mark.parametrize(
    ("code", "fault", "kind"),
    [
        (412, {"message": "VS403351: Test Operation for path /rev failed."}, RevisionConflict),
        (401, {"message": "TF400813: not authorized"}, CredentialsRejected),
        (403, {"message": "no"}, Forbidden),
        (400, {"value": {"Message": "TF201036: You cannot add a Child link"}}, RuleViolation),
        (500, {"message": "boom"}, Unavailable),
        (503, None, Unavailable),
    ],
)
def test_each_fault_has_its_error(code: int, fault: Any, kind: type[Exception]) -> None:
    entries = read_answer(answer(entry(code, fault)), [FABRIKAM] * 1)

    assert entries is not None
    assert isinstance(entries[0], OwnFault)
    assert type(entries[0].error) is kind


@pytest.mark.parametrize(
    ("code", "may_pass"), [(400, False), (404, False), (412, False), (429, True), (500, True), (503, True)]
)
def test_an_error_of_the_service_itself_leaves_in_doubt_what_was_done(code: int, may_pass: bool) -> None:
    entries = read_answer(answer(entry(code, {"message": "boom"})), [FABRIKAM] * 1)

    assert entries is not None
    assert isinstance(entries[0], OwnFault)
    assert entries[0].may_pass is may_pass


@pytest.mark.parametrize(
    ("fault", "names_fields"),
    [
        ({"message": "TF401320: Rule Error for field Team. Error code: Required, InvalidEmpty."}, True),
        ({"customProperties": {"RuleValidationErrors": [{"fieldReferenceName": "Custom.Team"}]}}, True),
        ({"message": "TF201036: You cannot add a Child link between work items 13 and -1."}, False),
        (None, False),
    ],
)
def test_a_fault_says_whether_the_value_of_a_field_is_wrong(fault: Any, names_fields: bool) -> None:
    entries = read_answer(answer(entry(400, fault)), [FABRIKAM] * 1)

    assert entries is not None
    assert isinstance(entries[0], OwnFault)
    assert entries[0].names_fields is names_fields


def test_plain_text_instead_of_json_is_the_message() -> None:
    entries = read_answer(answer(entry(400, "Relation already exists.", as_text=False)), [FABRIKAM] * 1)

    assert entries is not None
    assert isinstance(entries[0], OwnFault)
    assert "Relation already exists." in entries[0].error.detail


@given(st.lists(json_values(st.sampled_from(["code", "body", "id", "rev", "fields", "message"])), max_size=4))
def test_no_entry_makes_the_reading_fail(entries: list[Any]) -> None:
    found = read_answer({"value": entries}, [FABRIKAM] * len(entries))

    assert found is None or len(found) == len(entries)


@given(st.lists(st.integers(100, 599), max_size=4), json_values())
def test_no_body_of_an_entry_makes_the_reading_fail(codes: list[int], body: Any) -> None:
    entries = [entry(code, body) for code in codes]

    found = read_answer({"value": entries}, [FABRIKAM] * len(entries))

    assert found is None or len(found) == len(entries)
