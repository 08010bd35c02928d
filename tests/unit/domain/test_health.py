"""Which problems of an integration are open."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.health import (
    MOST_PROBLEMS,
    MOST_RECORDS,
    FailingRecord,
    Health,
    OpenProblem,
    Proof,
    by_features,
    failing_records,
    followed_up,
    last_error,
    open_problems,
    wanted_proofs,
    with_problem,
)
from shared.errors import System
from shared.operation_outcome import OperationKind, OperationOutcome, Problem

NOON = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
SEND, NOTIFICATION, RECONCILE = (
    OperationKind.SEND,
    OperationKind.NOTIFICATION,
    OperationKind.RECONCILE,
)
TOKEN = "azure_devops_credentials_rejected"
REQUIRED = "azure_devops_rule_violation"
DOWN = "azure_devops_unavailable"


def failed(
    kind: OperationKind, minute: int, code: str, *records: str, operation_id: str = "", feature_id: str = "7"
) -> OperationOutcome:
    """An operation that ended a minute after noon, with one problem for each record, or one about none."""
    at = NOON + minute * MINUTE
    problems = [
        Problem(at, code, f"{code} at {minute}", record, feature_id if record else "")
        for record in records or [""]
    ]
    return OperationOutcome(kind, operation_id or f"op-{minute}", at, problems=tuple(problems))


def codes(problems: tuple[OpenProblem, ...]) -> list[str]:
    return [problem.code for problem in problems]


def test_a_record_is_a_problem_until_it_went_through() -> None:
    operation = failed(SEND, 5, REQUIRED, "PROD-12")

    never = open_problems([operation], {}, {"PROD-12": None})
    before = open_problems([operation], {}, {"PROD-12": NOON + 4 * MINUTE})
    after = open_problems([operation], {}, {"PROD-12": NOON + 6 * MINUTE})

    assert never == before
    assert never == (
        OpenProblem(operation.ended_at, REQUIRED, f"{REQUIRED} at 5", "op-5", records=("PROD-12",)),
    )
    assert after == ()


def test_a_send_of_another_record_does_not_end_a_record_s_problem() -> None:
    operation = failed(SEND, 5, REQUIRED, "PROD-12")

    found = open_problems([operation], {Proof(SEND): NOON + 9 * MINUTE}, {"PROD-12": None})

    assert codes(found) == [REQUIRED]


def test_a_problem_of_no_record_is_open_until_the_same_kind_of_operation_succeeded() -> None:
    operation = failed(RECONCILE, 5, DOWN)

    assert codes(open_problems([operation], {Proof(SEND): NOON + 6 * MINUTE}, {})) == [DOWN]
    assert codes(open_problems([operation], {Proof(RECONCILE): NOON + 4 * MINUTE}, {})) == [DOWN]
    assert open_problems([operation], {Proof(RECONCILE): NOON + 6 * MINUTE}, {}) == ()


@pytest.mark.parametrize(
    ("proof", "is_over"),
    [
        (Proof(NOTIFICATION, System.AZURE_DEVOPS), True),
        (Proof(OperationKind.CONNECTION_TEST, System.AZURE_DEVOPS), True),
        (Proof(SEND, System.AZURE_DEVOPS), True),
        (Proof(RECONCILE, System.AZURE_DEVOPS), False),
        (Proof(SEND, System.AHA), False),
        (Proof(SEND), False),
    ],
)
def test_a_refused_token_is_over_once_its_system_answered_an_operation_that_says_so(
    proof: Proof, is_over: bool
) -> None:
    operation = failed(NOTIFICATION, 5, TOKEN, "PROD-12")

    found = open_problems([operation], {proof: NOON + 6 * MINUTE}, {})

    assert (found == ()) is is_over
    assert (proof in wanted_proofs([operation])) is is_over


def test_the_records_of_a_refused_token_are_named_but_not_followed() -> None:
    operation = failed(SEND, 5, TOKEN, "PROD-12", "PROD-12-1")

    assert open_problems([operation], {}, {})[0].records == ("PROD-12", "PROD-12-1")
    assert failing_records([operation]) == []


def test_problems_with_the_same_code_are_one_with_all_their_records() -> None:
    operations = [
        failed(NOTIFICATION, 9, REQUIRED, "PROD-2"),
        failed(SEND, 7, DOWN, "PROD-3"),
        failed(SEND, 5, REQUIRED, "PROD-1", "PROD-2"),
    ]

    found = open_problems(operations, {}, {"PROD-1": None, "PROD-2": None, "PROD-3": None})

    assert [(one.code, one.operation_id, one.records) for one in found] == [
        (REQUIRED, "op-9", ("PROD-2", "PROD-1")),
        (DOWN, "op-7", ("PROD-3",)),
    ]


def test_the_newest_problem_that_is_open_stands_for_its_code() -> None:
    operations = [failed(SEND, 9, REQUIRED, "PROD-2"), failed(SEND, 5, REQUIRED, "PROD-1")]

    (found,) = open_problems(operations, {}, {"PROD-1": None, "PROD-2": NOON + 10 * MINUTE})

    assert (found.detail, found.records) == (f"{REQUIRED} at 5", ("PROD-1",))


def test_a_record_that_was_not_followed_up_is_left_out() -> None:
    assert open_problems([failed(SEND, 5, REQUIRED, "PROD-12")], {}, {}) == ()


def test_the_last_error_stays_when_the_problem_is_over() -> None:
    operations = [failed(SEND, 9, REQUIRED, "PROD-2"), failed(SEND, 5, TOKEN)]

    assert last_error(operations) == OpenProblem(
        NOON + 9 * MINUTE, REQUIRED, f"{REQUIRED} at 9", "op-9", records=("PROD-2",)
    )
    assert last_error([]) is None


def test_a_failing_record_is_followed_from_its_newest_failure() -> None:
    operations = [failed(SEND, 9, DOWN, "PROD-1"), failed(SEND, 5, REQUIRED, "PROD-1", "PROD-2")]

    assert failing_records(operations) == [
        FailingRecord("PROD-1", "7", NOON + 9 * MINUTE),
        FailingRecord("PROD-2", "7", NOON + 5 * MINUTE),
    ]


def test_the_records_that_failed_last_are_followed() -> None:
    operations = [failed(SEND, -number, DOWN, f"PROD-{number}") for number in range(MOST_RECORDS + 5)]

    followed = failing_records(operations)

    assert [record.name for record in followed] == [f"PROD-{number}" for number in range(MOST_RECORDS)]


def test_no_answer_has_more_problems_than_the_bound() -> None:
    operations = [failed(RECONCILE, -number, f"code_{number}") for number in range(MOST_PROBLEMS + 5)]

    found = open_problems(operations, {}, {})

    assert codes(found) == [f"code_{number}" for number in range(MOST_PROBLEMS)]


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from([SEND, NOTIFICATION, RECONCILE]),
        st.sampled_from([TOKEN, REQUIRED, DOWN]),
        st.sampled_from(["", "PROD-1", "PROD-2", "PROD-3"]),
    ),
    max_size=12,
)


@given(OPERATIONS)
def test_once_everything_went_through_nothing_is_open(
    operations: list[tuple[OperationKind, str, str]],
) -> None:
    newest_first = [
        failed(kind, -number, code, *filter(None, [record]))
        for number, (kind, code, record) in enumerate(operations)
    ]
    later = NOON + MINUTE
    proofs = dict.fromkeys(wanted_proofs(newest_first), later)
    records = dict.fromkeys((record.name for record in failing_records(newest_first)), later)

    assert open_problems(newest_first, proofs, records) == ()


@given(OPERATIONS, st.integers(0, 12))
def test_a_later_success_never_opens_a_problem(
    operations: list[tuple[OperationKind, str, str]], minutes: int
) -> None:
    newest_first = [
        failed(kind, -number, code, *filter(None, [record]))
        for number, (kind, code, record) in enumerate(operations)
    ]
    names = [record.name for record in failing_records(newest_first)]
    earlier, later = NOON - minutes * MINUTE, NOON - (minutes - 1) * MINUTE

    def found(moment: datetime) -> set[str]:
        proofs = dict.fromkeys(wanted_proofs(newest_first), moment)
        return set(codes(open_problems(newest_first, proofs, dict.fromkeys(names, moment))))

    assert found(later) <= found(earlier)


def failing(name: str, feature_id: str) -> FailingRecord:
    return FailingRecord(name, feature_id, NOON)


def test_records_are_looked_up_with_the_others_of_their_feature() -> None:
    a, b, c, d = failing("A", "1"), failing("B", "2"), failing("C", "1"), failing("D", "3")

    assert by_features([a, b, c, d], 2) == [[a, c, b], [d]]
    assert by_features([a, b, c, d], 3) == [[a, c, b, d]]
    assert by_features([], 2) == []


def went_through(minute: int, *records: str) -> OperationOutcome:
    return OperationOutcome(SEND, "op", NOON + minute * MINUTE, through=frozenset(records), feature_id="7")


def test_a_record_is_followed_up_to_when_it_went_through_last() -> None:
    operations = [went_through(1, "PROD-1"), went_through(3, "PROD-1", "PROD-2"), went_through(2, "PROD-1")]
    records = [failing("PROD-1", "7"), failing("PROD-2", "7"), failing("PROD-3", "7")]

    assert followed_up(records, operations, is_complete=True) == {
        "PROD-1": NOON + 3 * MINUTE,
        "PROD-2": NOON + 3 * MINUTE,
        "PROD-3": None,
    }


def test_of_a_record_that_no_known_operation_settles_nothing_is_said_if_too_much_happened() -> None:
    records = [failing("PROD-1", "7"), failing("PROD-2", "7")]

    found = followed_up(records, [went_through(1, "PROD-1")], is_complete=False)

    assert found == {"PROD-1": NOON + MINUTE}


def test_a_problem_that_no_operation_met_takes_its_place_among_the_others() -> None:
    older, newer = (OpenProblem(NOON + minute * MINUTE, f"code_{minute}", "…") for minute in (1, 3))
    ending = OpenProblem(NOON + 2 * MINUTE, "token_expiring", "The token ends in a week.")
    health = Health(NOON, None, newer, (newer, older))

    assert with_problem(health, ending) == Health(NOON, None, newer, (newer, ending, older))
    assert with_problem(health, None) is health


def test_more_problems_than_an_answer_names_lose_the_oldest() -> None:
    shown = tuple(OpenProblem(NOON - minute * MINUTE, f"code_{minute}", "…") for minute in range(20))
    ending = OpenProblem(NOON + MINUTE, "token_expired", "The token has ended.")

    assert with_problem(Health(open_problems=shown), ending).open_problems == (ending, *shown[:19])


def test_what_succeeded_at_the_moment_of_a_failure_does_not_end_it() -> None:
    failure = failed(SEND, 5, DOWN)

    for minute, is_open in ((5, True), (6, False)):
        assert bool(open_problems([failure], {Proof(SEND): NOON + minute * MINUTE}, {})) is is_open


def test_a_problem_of_a_record_wants_no_proof() -> None:
    assert wanted_proofs([failed(SEND, 5, REQUIRED, "PROD-1")]) == frozenset()
