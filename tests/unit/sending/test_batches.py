"""What the answer to a batch can be believed to say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.work_item import WorkItem
from shared.errors import CredentialsRejected, Forbidden, RevisionConflict, RuleViolation, Unavailable
from shared.sending.batches import (
    MOST_OPERATIONS,
    OwnFault,
    SiblingFailed,
    Write,
    in_batches,
    read_answer,
)
from tests.unit.examples import json_values

CREATED = {"id": 12, "rev": 1, "fields": {"System.Title": "Search"}}
WHOLE_FAILED = {"message": "TF401321: Whole Bulk failed."}


def entry(code: Any, body: Any, *, as_text: bool = True) -> dict[str, Any]:
    """One entry of the answer; its body is a JSON text."""
    return {"code": code, "headers": {}, "body": json.dumps(body) if as_text else body}


def answer(*entries: Any) -> dict[str, Any]:
    """The answer to a batch."""
    return {"count": len(entries), "value": list(entries)}


def test_one_work_item_an_entry_is_a_batch_that_was_carried_out() -> None:
    entries = read_answer(answer(entry(200, CREATED), entry(200, {**CREATED, "id": 13})), 2, "fabrikam")

    assert entries is not None
    assert [item.id for item in entries if isinstance(item, WorkItem)] == [12, 13]


def test_a_body_may_be_an_object_too() -> None:
    # As one official sample prints it (MicrosoftDocs/vsts-rest-api-specs).
    entries = read_answer(answer(entry(200, CREATED, as_text=False)), 1, "fabrikam")

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
    assert read_answer(body, 2, "fabrikam") is None


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
    assert read_answer(answer(entry(200, CREATED), odd), 2, "fabrikam") is None


def test_where_one_is_at_fault_the_others_only_failed_with_it() -> None:
    fault = {"message": "TF51535: Cannot find field Custom.Nope."}
    body = answer(entry(500, WHOLE_FAILED), entry(400, fault), entry(500, WHOLE_FAILED))

    entries = read_answer(body, 3, "fabrikam")

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
    entries = read_answer(answer(entry(code, fault)), 1, "fabrikam")

    assert entries is not None
    assert isinstance(entries[0], OwnFault)
    assert type(entries[0].error) is kind


def test_words_that_are_no_json_are_kept_as_the_message() -> None:
    entries = read_answer(answer(entry(400, "Relation already exists.", as_text=False)), 1, "fabrikam")

    assert entries is not None
    assert isinstance(entries[0], OwnFault)
    assert "Relation already exists." in entries[0].error.detail


@given(st.lists(json_values(st.sampled_from(["code", "body", "id", "rev", "fields", "message"])), max_size=4))
def test_no_entry_makes_the_reading_fail(entries: list[Any]) -> None:
    found = read_answer({"value": entries}, len(entries), "fabrikam")

    assert found is None or len(found) == len(entries)


@given(st.lists(st.integers(100, 599), max_size=4), json_values())
def test_no_body_of_an_entry_makes_the_reading_fail(codes: list[int], body: Any) -> None:
    entries = [entry(code, body) for code in codes]

    found = read_answer({"value": entries}, len(entries), "fabrikam")

    assert found is None or len(found) == len(entries)


@given(st.integers(0, 260))
def test_batches_hold_every_write_once_in_order_and_at_most_fifty(count: int) -> None:
    writes = [Write(str(number), "Feature", None, []) for number in range(count)]

    batches = in_batches(writes)

    assert [write for batch in batches for write in batch] == writes
    assert all(0 < len(batch) <= MOST_OPERATIONS for batch in batches)
    assert len(batches) == -(-count // 50)


def test_a_parent_link_is_added_only_to_what_goes_below_the_feature() -> None:
    below = Write("1", "User Story", None, [{"op": "x"}], goes_below_feature=True)
    feature = Write("2", "Feature", None, [{"op": "x"}], is_feature=True)

    assert below.document_below("https://x/12")[-1]["value"]["url"] == "https://x/12"
    assert below.document_below(None) == feature.document_below("https://x/12") == [{"op": "x"}]
    assert below.creates
    assert not Write("3", "Feature", 12, []).creates
