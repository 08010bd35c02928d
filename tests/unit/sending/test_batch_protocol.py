"""Which requests a send makes to write its work items, and what it makes of batches that were answered."""

from __future__ import annotations

import pytest

from shared import log_events
from shared.clients.capabilities import Capability
from shared.errors import (
    CredentialsRejected,
    Defect,
    FeatureBusy,
    Forbidden,
    NotFound,
    RevisionConflict,
    RuleViolation,
    System,
    Unavailable,
)
from shared.sending.batch_requests import NotSendable, Refusals
from shared.sending.outcome import OutcomeKind
from tests.unit.sending.protocol_driver import (
    FIELD_FAULT,
    PARENT_FAULT,
    REVISION_CONFLICT,
    SAYS_NOTHING,
    SERVICE_ERROR,
    WHOLE_FAILED,
    Run,
    Script,
    batch_answer,
    batch_answered,
    done,
    drive,
    found,
    nothing_found,
    requirement,
    requirements,
    success,
    the_feature,
    update,
)

CREATED, UPDATED = OutcomeKind.CREATED, OutcomeKind.UPDATED
FAILED, DEFERRED, UNKNOWN = OutcomeKind.FAILED, OutcomeKind.DEFERRED, OutcomeKind.UNKNOWN

NO_BATCHES = NotFound(System.AZURE_DEVOPS, "No HTTP resource was found that matches the request URI.")
REFUSED = RuleViolation(System.AZURE_DEVOPS, "A required field has no value.")


def test_a_feature_and_its_requirements_are_created_by_one_batch() -> None:
    run = drive([the_feature(), *requirements(3)], Script([done]))

    assert run.requests == ["batch F R1 R2 R3"]
    assert run.kinds == {"F": CREATED, "R1": CREATED, "R2": CREATED, "R3": CREATED}
    assert run.outcomes["R2"].work_item is not None
    assert run.outcomes["R2"].work_item.id == 102


def test_a_feature_without_requirements_needs_no_batch() -> None:
    run = drive([the_feature()], Script([done]))

    assert run.requests == ["alone F"]
    assert run.kinds == {"F": CREATED}


def test_new_requirements_of_a_feature_that_was_sent_go_below_its_work_item() -> None:
    run = drive(requirements(2), Script([done]), feature_id=7)

    assert run.requests == ["batch R1 R2 below 7"]


def test_of_120_requirements_49_are_created_with_the_feature_and_the_others_by_two_batches_at_once() -> None:
    run = drive([the_feature(), *requirements(120)], Script([done, done, done]))

    names = [f"R{number}" for number in range(1, 121)]
    family = f"batch F {' '.join(names[:49])}"
    second = f"batch {' '.join(names[49:99])} below 100"
    third = f"batch {' '.join(names[99:])} below 100"
    assert run.requests == [family, second, third]
    assert run.at_once[:2] == [(family,), (second, third)]
    assert set(run.kinds.values()) == {CREATED}
    assert len(run.kinds) == 121


def test_what_the_first_batch_created_is_reported_before_the_next_requests_are_made() -> None:
    run = drive([the_feature(), *requirements(60)], Script([done, done]))

    assert set(run.reports[0]) == {"F", *(f"R{number}" for number in range(1, 50))}


def test_existing_work_items_are_moved_and_updated_once_the_feature_has_its_work_item() -> None:
    # tfsaggregator/aggregator-cli: a link from an existing work item to a temporary id is refused.
    writes = [the_feature(), requirement(1), update(5, moves=True), update(6)]

    run = drive(writes, Script([done, done]))

    assert run.requests == ["batch F R1", "batch U5 U6 below 100"]
    assert run.kinds == {"F": CREATED, "R1": CREATED, "U5": UPDATED, "U6": UPDATED}


def test_claims_are_held_for_creates_alone_and_just_before_each_request() -> None:
    run = drive([requirement(1), update(5)], Script([NO_BATCHES, done, done]), feature_id=7)

    assert run.held == ["R1", "R1"]


def test_nothing_to_write_makes_no_request() -> None:
    assert drive([], Script([])) == Run()


# Batches that are refused as a whole.


def test_a_batch_that_is_refused_as_a_whole_is_repeated_as_single_requests_and_this_is_remembered() -> None:
    script = Script([NO_BATCHES, done, done, done])

    run = drive([update(1), update(2), update(3)], script)

    assert run.requests == ["batch U1 U2 U3", "alone U1", "alone U2", "alone U3"]
    assert run.at_once[1] == ("alone U1", "alone U2", "alone U3")
    assert run.refusals == [Capability.BATCHES]
    assert run.events == [log_events.BATCH_REFUSED]
    assert set(run.kinds.values()) == {UPDATED}


def test_an_organization_that_refused_the_first_batch_gets_no_further_one() -> None:
    script = Script([NO_BATCHES, done, done, done, done])

    run = drive([the_feature(), *requirements(2), update(5)], script)

    assert run.requests == [
        "batch F R1 R2",
        "alone F",
        "alone R1 below 100",
        "alone R2 below 100",
        "alone U5 below 100",
    ]


def test_an_organization_that_is_known_to_refuse_batches_gets_single_requests() -> None:
    refusals = Refusals(batches=True)

    run = drive([the_feature(), *requirements(2)], Script([done, done, done]), refusals=refusals)

    assert run.requests == ["alone F", "alone R1 below 100", "alone R2 below 100"]
    assert run.at_once[1] == ("alone R1 below 100", "alone R2 below 100")


@pytest.mark.parametrize("refusal", [REFUSED, Forbidden(System.AZURE_DEVOPS, "no"), NO_BATCHES])
def test_a_single_request_that_is_refused_fails_with_what_azure_devops_said(refusal: Exception) -> None:
    run = drive([requirement(1)], Script([refusal]), feature_id=7)

    assert run.requests == ["alone R1 below 7"]
    assert run.kinds == {"R1": FAILED}
    assert run.error("R1") is refusal


# Batches of which some operations were not carried out.


def test_one_operation_at_fault_is_set_aside_and_the_others_are_sent_again() -> None:
    fault = batch_answer({"U2": FIELD_FAULT}, otherwise=WHOLE_FAILED)
    script = Script([fault, done])

    run = drive([update(1), update(2), update(3)], script)

    assert run.requests == ["batch U1 U2 U3", "batch U1 U3"]
    assert run.kinds == {"U1": UPDATED, "U2": FAILED, "U3": UPDATED}
    assert isinstance(run.error("U2"), RuleViolation)
    assert "Team" in str(run.error("U2"))


def test_operations_that_are_at_fault_one_after_the_other_leave_the_others_to_single_requests() -> None:
    # Azure DevOps names one fault at a time.
    faults = [batch_answer({name: FIELD_FAULT}, otherwise=WHOLE_FAILED) for name in ("U1", "U2", "U3")]

    run = drive([update(number) for number in range(1, 6)], Script([*faults, done, done]))

    assert run.requests[3:] == ["alone U4", "alone U5"]
    assert run.kinds == {"U1": FAILED, "U2": FAILED, "U3": FAILED, "U4": UPDATED, "U5": UPDATED}


def test_a_batch_of_which_no_operation_is_at_fault_is_repeated_as_single_requests() -> None:
    script = Script([batch_answer(otherwise=WHOLE_FAILED), done, done])

    run = drive([update(1), update(2)], script)

    assert run.requests == ["batch U1 U2", "alone U1", "alone U2"]
    assert run.refusals == []


def test_independent_operations_are_each_taken_as_answered() -> None:
    script = Script([batch_answer({"U2": FIELD_FAULT})])

    run = drive([update(1), update(2), update(3)], script)

    assert run.requests == ["batch U1 U2 U3"]
    assert run.kinds == {"U1": UPDATED, "U2": FAILED, "U3": UPDATED}


def test_an_update_that_meets_an_error_of_the_service_fails_and_is_not_searched_for() -> None:
    # Its intention stays in the link: the next look tells whether it was done.
    down = Unavailable(System.AZURE_DEVOPS, "down", outcome_unknown=True)

    run = drive([update(1), update(2)], Script([batch_answer({"U1": SERVICE_ERROR}), down]))

    assert run.requests == ["batch U1 U2", "alone U1"]
    assert run.kinds == {"U1": FAILED, "U2": UPDATED}
    assert isinstance(run.error("U1"), Unavailable)


@pytest.mark.parametrize("count", [2, 1])
def test_an_update_of_a_work_item_that_somebody_else_changed_is_looked_at_again(count: int) -> None:
    conflict = RevisionConflict("The work item was changed by somebody else meanwhile.")
    answer = batch_answer({"U1": REVISION_CONFLICT}) if count == 2 else conflict

    run = drive([update(number + 1) for number in range(count)], Script([answer]))

    assert run.kinds["U1"] is DEFERRED
    assert isinstance(run.error("U1"), RevisionConflict)
    assert run.outcomes["U1"].is_retried_in_this_send


@pytest.mark.parametrize("count", [2, 1])
def test_an_update_whose_only_request_was_refused_certainly_changed_nothing(count: int) -> None:
    conflict = RevisionConflict("The work item was changed by somebody else meanwhile.")
    answer = batch_answer({"U1": REVISION_CONFLICT}) if count == 2 else conflict

    run = drive([update(number + 1) for number in range(count)], Script([answer]))

    assert run.outcomes["U1"].changed_nothing


def test_an_update_that_the_client_repeated_before_it_was_refused_may_have_been_done() -> None:
    conflict = RevisionConflict("The work item was changed by somebody else meanwhile.")
    conflict.follows_unanswered = True

    run = drive([update(1)], Script([conflict]))

    assert not run.outcomes["U1"].changed_nothing


def test_an_update_that_is_refused_after_its_batch_failed_as_a_whole_may_have_been_done() -> None:
    # No correctness rests on a batch being all or nothing.
    whole_failed = batch_answer({"U1": WHOLE_FAILED, "U2": FIELD_FAULT, "U3": WHOLE_FAILED})
    conflict = batch_answer({"U1": REVISION_CONFLICT})

    run = drive([update(1), update(2), update(3)], Script([whole_failed, conflict]))

    assert {key: outcome.changed_nothing for key, outcome in run.outcomes.items()} == {
        "U1": False,
        "U2": True,
        "U3": False,
    }


# Answers that do not say what became of each operation.


def test_an_answer_with_fewer_entries_than_requests_is_not_believed() -> None:
    # MicrosoftDocs/vsts-rest-api-specs#564: HTTP 200 with one entry for 69 requests.
    run = drive(
        [update(1), update(2)],
        Script([lambda request: batch_answered(request, FIELD_FAULT), done, done]),
    )

    assert run.requests == ["batch U1 U2", "alone U1", "alone U2"]
    assert run.kinds == {"U1": UPDATED, "U2": UPDATED}
    assert run.events == [log_events.BATCH_NOT_BELIEVED]
    assert run.refusals == []


def test_creates_of_an_answer_that_is_not_believed_are_searched_for_before_they_are_repeated() -> None:
    writes = [*requirements(3), update(5)]

    run = drive(writes, Script([SAYS_NOTHING, found("R2"), done, done, done]), feature_id=7)

    assert run.requests == [
        "batch R1 R2 R3 U5 below 7",
        "pause 0.2",
        "search R1 R2 R3",
        "alone R1 below 7",
        "alone R3 below 7",
        "alone U5 below 7",
    ]
    assert run.kinds == {"R1": CREATED, "R2": CREATED, "R3": CREATED, "U5": UPDATED}
    assert run.outcomes["R2"].was_found
    assert not run.outcomes["R1"].was_found


def test_a_success_whose_entry_shows_no_work_item_is_not_believed() -> None:
    answer = batch_answer({"R2": {"code": 200, "body": "no json"}})

    run = drive(requirements(2), Script([answer, found("R1", "R2")]), feature_id=7)

    assert run.sent == ["batch R1 R2 below 7", "search R1 R2"]
    assert run.kinds == {"R1": CREATED, "R2": CREATED}


def test_a_family_whose_answer_is_not_believed_is_continued_below_the_feature_that_was_found() -> None:
    run = drive([the_feature(), *requirements(2)], Script([SAYS_NOTHING, found("F", "R1"), done]))

    assert run.sent == ["batch F R1 R2", "search F R1 R2", "alone R2 below 100"]
    assert run.kinds == {"F": CREATED, "R1": CREATED, "R2": CREATED}


# Temporary ids.


def test_requirements_whose_temporary_parent_is_refused_are_created_below_the_real_one() -> None:
    refusal = batch_answer({"R1": PARENT_FAULT}, otherwise=WHOLE_FAILED)
    next_refusal = batch_answer({"R2": PARENT_FAULT}, otherwise=WHOLE_FAILED)
    script = Script([refusal, next_refusal, done, done])

    run = drive([the_feature(), *requirements(2)], script)

    assert run.requests == ["batch F R1 R2", "batch F R2", "alone F", "batch R1 R2 below 100"]
    assert set(run.kinds.values()) == {CREATED}
    assert run.refusals == [Capability.TEMPORARY_IDS]


def test_the_refusal_of_temporary_ids_is_not_remembered_if_the_real_parent_is_refused_too() -> None:
    refusal = batch_answer({"R1": PARENT_FAULT}, otherwise=WHOLE_FAILED)
    script = Script([refusal, done, REFUSED])

    run = drive([the_feature(), requirement(1)], script)

    assert run.requests == ["batch F R1", "alone F", "alone R1 below 100"]
    assert run.kinds == {"F": CREATED, "R1": FAILED}
    assert run.error("R1") is REFUSED
    assert run.refusals == []


def test_a_fault_that_names_a_field_is_final_below_a_temporary_id_too() -> None:
    script = Script([batch_answer({"R1": FIELD_FAULT}, otherwise=WHOLE_FAILED), done])

    run = drive([the_feature(), *requirements(2)], script)

    assert run.requests == ["batch F R1 R2", "batch F R2"]
    assert run.kinds == {"F": CREATED, "R1": FAILED, "R2": CREATED}
    assert run.refusals == []


def test_an_organization_that_is_known_to_refuse_temporary_ids_gets_the_feature_first() -> None:
    refusals = Refusals(temporary_ids=True)

    run = drive([the_feature(), *requirements(2)], Script([done, done]), refusals=refusals)

    assert run.requests == ["alone F", "batch R1 R2 below 100"]


# A feature that gets no work item.


def test_nothing_is_created_below_a_feature_that_was_refused() -> None:
    script = Script([batch_answer({"F": FIELD_FAULT}, otherwise=WHOLE_FAILED)])

    run = drive([the_feature(), *requirements(3)], script)

    assert run.requests == ["batch F R1 R2 R3"]
    assert set(run.kinds.values()) == {FAILED}
    assert run.error("R2") is run.error("F")


def test_work_items_that_do_not_go_below_the_feature_are_updated_although_it_was_refused() -> None:
    writes = [the_feature(), requirement(1), update(5, moves=True), update(6), update(7)]
    script = Script([batch_answer({"F": FIELD_FAULT}, otherwise=WHOLE_FAILED), done])

    run = drive(writes, script)

    assert run.requests == ["batch F R1", "batch U6 U7"]
    assert run.kinds == {"F": FAILED, "R1": FAILED, "U5": FAILED, "U6": UPDATED, "U7": UPDATED}


def test_what_goes_below_a_feature_of_which_no_work_item_is_known_is_left_for_later() -> None:
    # Alone, the document of a move would only take the work item off its old parent.
    run = drive([update(5, moves=True), requirement(1), update(6)], Script([done]), feature_id=None)

    assert run.requests == ["alone U6"]
    assert run.kinds == {"U5": DEFERRED, "R1": DEFERRED, "U6": UPDATED}
    assert run.outcomes["U5"].is_pending


def test_requirements_that_failed_only_because_the_feature_was_created_apart_go_below_it() -> None:
    # An answer that no observation has shown: the feature is created, its requirements failed with a sibling.
    script = Script([batch_answer({"F": success}, otherwise=WHOLE_FAILED), done])

    run = drive([the_feature(), *requirements(2)], script)

    assert run.requests == ["batch F R1 R2", "batch R1 R2 below 100"]


# Claims that another send took over.


def test_a_create_whose_claim_was_lost_is_left_to_the_send_that_took_it_over() -> None:
    script = Script([done], lost_claims=[["R1"]])

    run = drive(requirements(3), script, feature_id=7)

    assert run.requests == ["batch R2 R3 below 7"]
    assert run.kinds == {"R1": DEFERRED, "R2": CREATED, "R3": CREATED}
    assert isinstance(run.error("R1"), FeatureBusy)
    assert run.outcomes["R1"].is_retried_in_this_send


def test_a_single_create_whose_claim_was_lost_is_not_requested() -> None:
    run = drive(requirements(1), Script([], lost_claims=[["R1"]]), feature_id=7)

    assert run.requests == []
    assert run.kinds == {"R1": DEFERRED}


def test_a_feature_whose_claim_was_lost_leaves_its_requirements_to_the_next_look() -> None:
    run = drive([the_feature(), *requirements(2), update(5), update(6)], Script([done], lost_claims=[["F"]]))

    assert run.requests == ["batch U5 U6"]
    assert run.kinds == {"F": DEFERRED, "R1": DEFERRED, "R2": DEFERRED, "U5": UPDATED, "U6": UPDATED}
    assert run.outcomes["R1"].is_retried_in_this_send


# Defects of this app.

DEFECT = Defect("A defect of this app stopped it.")


def test_a_write_that_no_request_can_be_made_of_fails_alone_and_the_others_go_on_as_a_batch() -> None:
    run = drive(requirements(3), Script([NotSendable({"R2": DEFECT}), done]), feature_id=7)

    assert run.requests == ["batch R1 R2 R3 below 7", "batch R1 R3 below 7"]
    assert run.kinds == {"R1": CREATED, "R2": FAILED, "R3": CREATED}
    assert run.error("R2") is DEFECT


def test_nothing_is_created_below_a_feature_that_no_request_can_be_made_of() -> None:
    run = drive([the_feature(), *requirements(2)], Script([NotSendable({"F": DEFECT})]))

    assert run.kinds == {"F": FAILED, "R1": FAILED, "R2": FAILED}


def test_a_single_create_that_no_request_can_be_made_of_was_certainly_not_done() -> None:
    run = drive(requirements(1), Script([NotSendable({"R1": DEFECT})]), feature_id=7)

    assert run.kinds == {"R1": FAILED}


def test_after_a_defect_during_a_batch_its_creates_are_left_to_the_next_send_and_its_updates_sent_alone() -> (
    None
):
    # The defect may have come after the request was sent.
    run = drive([*requirements(2), update(5)], Script([DEFECT, done]), feature_id=7)

    assert run.requests == ["batch R1 R2 U5 below 7", "alone U5 below 7"]
    assert run.kinds == {"R1": UNKNOWN, "R2": UNKNOWN, "U5": UPDATED}
    assert run.error("R1") is DEFECT


def test_a_defect_during_a_single_create_leaves_it_to_the_next_send() -> None:
    run = drive(requirements(1), Script([DEFECT]), feature_id=7)

    assert run.kinds == {"R1": UNKNOWN}


# Credentials.


def test_rejected_credentials_fail_the_whole_batch_at_once() -> None:
    rejected = CredentialsRejected(System.AZURE_DEVOPS, "The personal access token has expired.")

    run = drive([the_feature(), *requirements(2)], Script([rejected]))

    assert run.requests == ["batch F R1 R2"]
    assert set(run.kinds.values()) == {FAILED}
    assert run.error("R2") is rejected
    assert run.refusals == []


def test_a_doubtful_entry_of_a_create_is_searched_for_before_it_is_sent_again() -> None:
    answer = batch_answer({"R2": SERVICE_ERROR})

    run = drive(requirements(3), Script([answer, nothing_found, done]), feature_id=7)

    assert run.requests == ["batch R1 R2 R3 below 7", "pause 0.2", "search R2", "alone R2 below 7"]
    assert set(run.kinds.values()) == {CREATED}
    assert run.events == [log_events.BATCH_ENTRY_FAILED]


def test_a_doubtful_entry_of_a_create_that_was_carried_out_is_found() -> None:
    answer = batch_answer({"R2": SERVICE_ERROR})

    run = drive(requirements(3), Script([answer, found("R2")]), feature_id=7)

    assert run.sent == ["batch R1 R2 R3 below 7", "search R2"]
    assert run.outcomes["R2"].was_found


def test_a_doubtful_entry_below_a_temporary_id_is_searched_for_before_it_is_sent_again() -> None:
    answer = batch_answer({"R2": SERVICE_ERROR})

    run = drive([the_feature(), *requirements(2)], Script([answer, found("R2")]))

    assert run.sent == ["batch F R1 R2", "search R2"]
    assert run.kinds == {"F": CREATED, "R1": CREATED, "R2": CREATED}
    assert run.refusals == []


def test_a_feature_whose_entry_is_doubtful_stays_the_first_of_its_batch() -> None:
    # The others refer to the first operation's temporary id.
    answer = batch_answer({"F": SERVICE_ERROR, "R3": FIELD_FAULT}, otherwise=WHOLE_FAILED)

    run = drive([the_feature(), *requirements(3)], Script([answer, nothing_found, done]))

    assert run.sent == ["batch F R1 R2 R3", "search F", "batch F R1 R2"]
    assert run.kinds == {"F": CREATED, "R1": CREATED, "R2": CREATED, "R3": FAILED}
