"""Who may create a record's work item, and for how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.claims import (
    ClaimDecision,
    abandoned,
    decide,
    knows_of_work_item,
    needs_renewal,
    renewed,
    taken_over,
)
from shared.domain.kind import Kind
from shared.domain.links import Claim, Field
from tests.unit.examples import NOON

INTENDED = {Field.NAME: "a1", Field.DESCRIPTION: "a2"}
CLAIM = Claim(Kind.FEATURE, "6776", "PROD-2", "operation-1", NOON, INTENDED)


def seconds(number: float) -> timedelta:
    """So many seconds."""
    return timedelta(seconds=number)


@pytest.mark.parametrize("age", [0, 59, 61, 7200])
def test_a_send_goes_on_under_its_own_claim(age: float) -> None:
    assert decide(CLAIM, seconds(age), "operation-1") is ClaimDecision.PROCEED


@pytest.mark.parametrize(
    ("age", "decision"),
    [
        (0, ClaimDecision.WAIT),
        (59.9, ClaimDecision.WAIT),
        (60, ClaimDecision.TAKE_OVER),
        (3600, ClaimDecision.TAKE_OVER),
    ],
)
def test_a_claim_of_another_send_holds_for_a_minute(age: float, decision: ClaimDecision) -> None:
    assert decide(CLAIM, seconds(age), "operation-2") is decision


def test_an_abandoned_claim_is_taken_over_at_once() -> None:
    assert decide(abandoned(CLAIM), seconds(0), "operation-2") is ClaimDecision.TAKE_OVER


@pytest.mark.parametrize("ahead", [-90, 0, 90])
@pytest.mark.parametrize(
    ("age", "decision"), [(5, ClaimDecision.WAIT), (59, ClaimDecision.WAIT), (61, ClaimDecision.TAKE_OVER)]
)
def test_hosts_whose_clocks_differ_by_90_seconds_judge_a_claim_alike(
    ahead: float, age: float, decision: ClaimDecision
) -> None:
    # The claim was written `age` seconds ago by Table Storage's clock; `began_at` is the time of the claiming host,
    # whose clock is so many seconds ahead of the others.
    claim = replace(CLAIM, began_at=NOON - seconds(age) + seconds(ahead))

    assert decide(claim, seconds(age), "operation-2") is decision


@pytest.mark.parametrize("ahead", [-90, 90])
def test_a_sender_whose_clock_is_wrong_renews_by_the_age_of_its_claim(ahead: float) -> None:
    claim = replace(CLAIM, began_at=NOON + seconds(ahead))

    assert not needs_renewal(claim, seconds(5), INTENDED)
    assert needs_renewal(claim, seconds(11), INTENDED)


def test_a_claim_that_is_taken_over_keeps_what_its_first_sender_intended_and_since_when() -> None:
    taken = taken_over(CLAIM, "operation-2")

    assert taken == replace(CLAIM, operation_id="operation-2", is_inherited=True)
    assert (taken.began_at, taken.intended) == (NOON, INTENDED)


def test_a_claim_that_is_taken_over_twice_still_says_what_the_first_sender_intended() -> None:
    twice = taken_over(taken_over(CLAIM, "operation-2"), "operation-3")

    assert (twice.operation_id, twice.began_at, twice.intended) == ("operation-3", NOON, INTENDED)


@pytest.mark.parametrize(
    ("age", "intended", "is_needed"),
    [
        (0, INTENDED, False),
        (10, INTENDED, False),
        (10.1, INTENDED, True),
        (0, {**INTENDED, Field.NAME: "other"}, True),
        (0, {}, True),
    ],
)
def test_a_claim_is_renewed_before_a_create_that_it_would_not_outlast_or_that_says_something_else(
    age: float, intended: dict[Field, str], is_needed: bool
) -> None:
    assert needs_renewal(CLAIM, seconds(age), intended) is is_needed


def test_a_renewed_claim_is_about_the_create_that_is_requested_now() -> None:
    later = NOON + seconds(30)
    inherited = taken_over(CLAIM, "operation-2")

    claim = renewed(inherited, {Field.NAME: "new"}, later)

    assert (claim.began_at, claim.intended, claim.is_inherited) == (later, {Field.NAME: "new"}, False)
    assert claim.operation_id == "operation-2"


@pytest.mark.parametrize(
    ("claim", "knows"),
    [
        (CLAIM, False),
        (taken_over(CLAIM, "operation-2"), True),
        (replace(CLAIM, work_item_id=12), True),
        (renewed(taken_over(CLAIM, "operation-2"), INTENDED, NOON), False),
        (renewed(replace(CLAIM, work_item_id=12), INTENDED, NOON), True),
    ],
)
def test_a_claim_that_may_lead_to_a_work_item_is_not_removed(claim: Claim, knows: bool) -> None:
    assert knows_of_work_item(claim) is knows


def test_an_abandoned_claim_still_leads_to_the_work_item() -> None:
    claim = abandoned(replace(taken_over(CLAIM, "operation-2"), work_item_id=12))

    assert claim.operation_id == ""
    assert (claim.work_item_id, claim.is_inherited, claim.began_at) == (12, True, NOON)
