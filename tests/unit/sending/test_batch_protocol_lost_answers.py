"""What a send does about creates whose answers are lost, late or not usable, so that no work item is made twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import (
    CredentialsRejected,
    Defect,
    FeatureBusy,
    Forbidden,
    OperationFailed,
    RuleViolation,
    System,
    TimeSpent,
    Unavailable,
)
from shared.sending.batch_requests import (
    FindCreated,
    HoldClaims,
    NotSendable,
    Pause,
    SendBatch,
)
from shared.sending.outcome import OutcomeKind
from tests.unit.sending.protocol_driver import (
    FIELD_FAULT,
    REVISION_CONFLICT,
    SERVICE_ERROR,
    WHOLE_FAILED,
    Script,
    all_found,
    batch_answer,
    done,
    drive,
    first,
    found,
    last,
    nothing_found,
    requirements,
    the_feature,
    update,
)

CREATED, UPDATED = OutcomeKind.CREATED, OutcomeKind.UPDATED
FAILED, DEFERRED, UNKNOWN = OutcomeKind.FAILED, OutcomeKind.DEFERRED, OutcomeKind.UNKNOWN

BROKEN = Unavailable(System.AZURE_DEVOPS, "The connection broke.", outcome_unknown=True)
"""The connection broke before the answer was there."""
TIMED_OUT = Unavailable(System.AZURE_DEVOPS, "No answer in time.", outcome_unknown=True, may_still_run=True)
"""The wait for the answer ended; the request may still be carried out."""
UNREACHABLE = Unavailable(System.AZURE_DEVOPS, "No connection could be made.")
"""The request was never sent."""
REJECTED = CredentialsRejected(System.AZURE_DEVOPS, "The personal access token has expired.")
REFUSED = RuleViolation(System.AZURE_DEVOPS, "A required field has no value.")
TIME_SPENT = TimeSpent(System.AZURE_DEVOPS, "The time for this operation is over.", retry_after=1)


def throttled(seconds: float) -> Unavailable:
    """Azure DevOps did nothing and asks to wait."""
    return Unavailable(System.AZURE_DEVOPS, "Azure DevOps is throttling.", retry_after=seconds)


# The connection broke.


def test_creates_whose_answer_was_lost_are_found_and_kept() -> None:
    run = drive([the_feature(), *requirements(2)], Script([BROKEN, all_found]))

    assert run.requests == ["batch F R1 R2", "pause 0.2", "search F R1 R2"]
    assert set(run.kinds.values()) == {CREATED}
    assert all(outcome.was_found for outcome in run.outcomes.values())


def test_creates_that_are_not_found_are_searched_for_three_times_with_growing_pauses_and_then_repeated() -> (
    None
):
    searches = [nothing_found] * 3

    run = drive([the_feature(), *requirements(2)], Script([BROKEN, *searches, done]))

    assert run.requests == [
        "batch F R1 R2",
        "pause 0.2",
        "search F R1 R2",
        "pause 1.0",
        "search F R1 R2",
        "pause 3.0",
        "search F R1 R2",
        "batch F R1 R2",
    ]
    assert set(run.kinds.values()) == {CREATED}
    assert not any(outcome.was_found for outcome in run.outcomes.values())


def test_a_create_that_appears_only_in_a_later_search_is_not_repeated() -> None:
    run = drive(requirements(1), Script([BROKEN, nothing_found, nothing_found, all_found]), feature_id=7)

    assert run.sent == ["alone R1 below 7", *["search R1"] * 3]
    assert run.kinds == {"R1": CREATED}


def test_only_what_was_not_found_is_searched_for_and_sent_again() -> None:
    searches = [found("R1"), found("R3"), nothing_found]

    run = drive(requirements(4), Script([BROKEN, *searches, done]), feature_id=7)

    assert run.sent == [
        "batch R1 R2 R3 R4 below 7",
        "search R1 R2 R3 R4",
        "search R2 R3 R4",
        "search R2 R4",
        "batch R2 R4 below 7",
    ]
    assert set(run.kinds.values()) == {CREATED}


def test_requirements_that_were_not_created_go_below_the_feature_that_was_found() -> None:
    searches = [found("F"), nothing_found, nothing_found]

    run = drive([the_feature(), *requirements(2)], Script([BROKEN, *searches, done]))

    assert run.sent == [
        "batch F R1 R2",
        "search F R1 R2",
        "search R1 R2",
        "search R1 R2",
        "batch R1 R2 below 100",
    ]
    assert set(run.kinds.values()) == {CREATED}


def test_updates_are_sent_again_without_a_search_because_each_tests_the_revision() -> None:
    run = drive([update(1), update(2)], Script([BROKEN, done]))

    assert run.requests == ["batch U1 U2", "batch U1 U2"]
    assert run.kinds == {"U1": UPDATED, "U2": UPDATED}


def test_an_update_that_is_refused_after_a_lost_answer_may_have_been_done() -> None:
    conflict = batch_answer({"U1": REVISION_CONFLICT})

    run = drive([update(1), update(2)], Script([BROKEN, conflict]))

    assert run.kinds["U1"] is DEFERRED
    assert not run.outcomes["U1"].changed_nothing


def test_an_update_alone_that_got_no_answer_fails_because_the_client_retried_it_already() -> None:
    run = drive([update(1)], Script([BROKEN]))

    assert run.requests == ["alone U1"]
    assert run.kinds == {"U1": FAILED}


def test_if_the_search_fails_too_the_claim_stays() -> None:
    run = drive([the_feature(), *requirements(2), update(5)], Script([BROKEN, UNREACHABLE, done]))

    assert run.sent == ["batch F R1 R2", "search F R1 R2", "alone U5"]
    assert run.kinds == {"F": UNKNOWN, "R1": UNKNOWN, "R2": UNKNOWN, "U5": UPDATED}
    assert run.error("R1") is UNREACHABLE
    assert run.outcomes["R1"].is_pending


def test_a_create_that_never_gets_an_answer_is_given_up_after_three_requests_and_its_claim_stays() -> None:
    one_round = [BROKEN, nothing_found, nothing_found, nothing_found]

    run = drive(requirements(1), Script(one_round * 3), feature_id=7)

    assert [request for request in run.sent if request.startswith("alone")] == ["alone R1 below 7"] * 3
    assert run.kinds == {"R1": UNKNOWN}


def test_claims_are_held_anew_before_a_create_is_repeated() -> None:
    script = Script([BROKEN, *[nothing_found] * 3], lost_claims=[[], ["R1"]])

    run = drive(requirements(1), script, feature_id=7)

    assert run.sent == ["alone R1 below 7", *["search R1"] * 3]
    assert run.kinds == {"R1": DEFERRED}
    assert isinstance(run.error("R1"), FeatureBusy)


def test_an_unknown_feature_leaves_the_requirements_that_were_not_requested_for_later() -> None:
    # 49 requirements were part of its batch; nothing was requested for the others.
    run = drive([the_feature(), *requirements(51)], Script([TIMED_OUT, *[nothing_found] * 3]))

    assert run.kinds["F"] is UNKNOWN
    assert run.kinds["R49"] is UNKNOWN
    assert run.kinds["R50"] is run.kinds["R51"] is DEFERRED
    assert run.outcomes["R50"].is_pending


def test_a_requirement_without_an_answer_stays_unknown_if_its_feature_is_refused_afterwards() -> None:
    refusal = batch_answer({"F": FIELD_FAULT}, otherwise=WHOLE_FAILED)

    run = drive([the_feature(), *requirements(1)], Script([BROKEN, *[nothing_found] * 3, refusal]))

    assert run.kinds == {"F": FAILED, "R1": UNKNOWN}
    assert run.error("R1") is run.error("F")


# The request may still run.


@pytest.mark.parametrize("count", [1, 2])
def test_a_create_that_may_still_run_is_searched_for_and_never_repeated(count: int) -> None:
    run = drive(requirements(count), Script([TIMED_OUT, *[nothing_found] * 3]), feature_id=7)

    assert len(run.sent) == 4
    assert set(run.kinds.values()) == {UNKNOWN}
    assert run.error("R1") is TIMED_OUT


def test_the_claim_of_a_create_that_may_still_run_is_held_anew_before_it_is_left() -> None:
    # It may be almost a minute old by then, and another send may be waiting for it.
    run = drive(requirements(1), Script([TIMED_OUT, *[nothing_found] * 3]), feature_id=7)

    assert run.held == ["R1", "R1"]


def test_a_create_that_may_still_run_is_left_to_the_send_that_took_its_claim_over() -> None:
    script = Script([TIMED_OUT, *[nothing_found] * 3], lost_claims=[[], ["R1"]])

    run = drive(requirements(2), script, feature_id=7)

    assert run.sent == ["batch R1 R2 below 7", *["search R2"] * 3]
    assert run.kinds == {"R1": DEFERRED, "R2": UNKNOWN}


def test_of_creates_that_timed_out_those_that_are_found_are_kept() -> None:
    searches = [found("R1"), nothing_found, nothing_found]

    run = drive(requirements(2), Script([TIMED_OUT, *searches]), feature_id=7)

    assert run.kinds == {"R1": CREATED, "R2": UNKNOWN}


def test_updates_of_a_batch_that_timed_out_are_sent_again() -> None:
    writes = [*requirements(1), update(5), update(6)]

    run = drive(writes, Script([TIMED_OUT, *[nothing_found] * 3, done]), feature_id=7)

    assert run.sent[-1] == "batch U5 U6 below 7"
    assert run.kinds == {"R1": UNKNOWN, "U5": UPDATED, "U6": UPDATED}


# Azure DevOps asks to wait.


@pytest.mark.parametrize("count", [1, 2])
def test_a_throttled_request_is_repeated_after_the_wait_that_azure_devops_asks_for(count: int) -> None:
    run = drive(requirements(count), Script([throttled(12), done]), feature_id=7)

    request, pause, repetition = run.requests
    assert pause == "pause 12"
    assert request == repetition
    assert set(run.kinds.values()) == {CREATED}


@pytest.mark.parametrize("count", [1, 2])
def test_a_throttled_request_is_given_up_if_there_is_no_time_to_wait(count: int) -> None:
    run = drive(requirements(count), Script([throttled(12)], has_time=False), feature_id=7)

    assert len(run.sent) == 1
    assert set(run.kinds.values()) == {FAILED}


def test_a_send_does_not_wait_longer_than_its_claims_hold() -> None:
    run = drive(requirements(2), Script([throttled(41)]), feature_id=7)

    assert run.requests == ["batch R1 R2 below 7"]
    assert set(run.kinds.values()) == {FAILED}


def test_a_create_that_got_no_answer_stays_unknown_if_its_repetition_is_throttled_for_too_long() -> None:
    run = drive(requirements(2), Script([BROKEN, *[nothing_found] * 3, throttled(100)]), feature_id=7)

    assert set(run.kinds.values()) == {UNKNOWN}


def test_a_request_that_could_not_be_sent_is_given_up_without_a_search() -> None:
    run = drive([the_feature(), *requirements(2)], Script([UNREACHABLE]))

    assert run.requests == ["batch F R1 R2"]
    assert set(run.kinds.values()) == {FAILED}


@pytest.mark.parametrize("count", [1, 2])
def test_a_send_whose_time_is_over_leaves_creates_to_the_next_send(count: int) -> None:
    run = drive(requirements(count), Script([TIME_SPENT]), feature_id=7)

    assert set(run.kinds.values()) == {DEFERRED}
    assert run.outcomes["R1"].is_pending
    assert not run.outcomes["R1"].is_retried_in_this_send


def test_an_update_for_which_no_time_is_left_is_deferred() -> None:
    run = drive([update(1)], Script([TIME_SPENT]))

    assert run.kinds == {"U1": DEFERRED}


# A refusal after a request without an answer.


def after_a_lost_answer(refusal: OperationFailed) -> OutcomeKind:
    """What becomes of a create whose first request got no answer and whose second one this."""
    script = Script([BROKEN, *[nothing_found] * 3, refusal])
    return drive(requirements(1), script, feature_id=7).kinds["R1"]


def test_a_create_without_an_answer_stays_unknown_if_the_credentials_are_rejected_afterwards() -> None:
    # The token may have been valid for the first request.
    assert after_a_lost_answer(REJECTED) is UNKNOWN


@pytest.mark.parametrize("refusal", [REFUSED, Forbidden(System.AZURE_DEVOPS, "no right")])
def test_a_create_without_an_answer_was_not_done_if_its_repetition_is_refused(
    refusal: OperationFailed,
) -> None:
    assert after_a_lost_answer(refusal) is FAILED


def test_a_batch_without_an_answer_stays_unknown_if_the_credentials_are_rejected_afterwards() -> None:
    run = drive(requirements(2), Script([BROKEN, *[nothing_found] * 3, REJECTED]), feature_id=7)

    assert set(run.kinds.values()) == {UNKNOWN}
    assert not run.outcomes["R1"].is_pending, "a person has to repair the token first"


def test_credentials_that_are_rejected_during_the_search_leave_the_claim() -> None:
    run = drive(requirements(2), Script([BROKEN, REJECTED]), feature_id=7)

    assert set(run.kinds.values()) == {UNKNOWN}
    assert run.error("R1") is REJECTED


def test_a_sibling_of_a_failed_operation_stays_unknown_until_its_own_answer() -> None:
    answers = [BROKEN, *[nothing_found] * 3, batch_answer(otherwise=WHOLE_FAILED), throttled(100), REFUSED]

    run = drive(requirements(2), Script(answers), feature_id=7)

    assert run.kinds == {"R1": UNKNOWN, "R2": FAILED}


def test_a_create_without_an_answer_stays_unknown_if_no_request_can_be_made_of_it_afterwards() -> None:
    defect = Defect("A defect of this app stopped it.")
    script = Script([BROKEN, *[nothing_found] * 3, NotSendable({"R1": defect})])

    assert drive(requirements(1), script, feature_id=7).kinds == {"R1": UNKNOWN}


# An error of the service for one operation, again and again.


def test_a_create_that_meets_errors_of_the_service_again_and_again_stays_unknown() -> None:
    broken_entry = batch_answer({"R2": SERVICE_ERROR})
    alone = Unavailable(System.AZURE_DEVOPS, "An error of its own (500).", outcome_unknown=True)
    answers = [broken_entry, nothing_found, *[alone, *[nothing_found] * 3] * 3]

    run = drive(requirements(2), Script(answers), feature_id=7)

    assert run.kinds == {"R1": CREATED, "R2": UNKNOWN}


def test_the_order_in_which_batches_are_answered_makes_no_difference() -> None:
    def second_batch_is_lost_once() -> Callable[[Any], Any]:
        losses = [BROKEN]

        def answer(request: Any) -> Any:
            if isinstance(request, Pause | FindCreated | HoldClaims):
                return Script([nothing_found])(request)
            if isinstance(request, SendBatch) and request.writes[0].record_id == "R50" and losses:
                return losses.pop()
            return done(request)

        return answer

    writes = [the_feature(), *requirements(120)]
    runs = [drive(writes, second_batch_is_lost_once(), choose=choose) for choose in (first, last)]

    assert runs[0].requests != runs[1].requests
    assert runs[0].kinds == runs[1].kinds
    assert set(runs[0].kinds.values()) == {CREATED}
