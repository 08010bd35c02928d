"""Claims: exactly one sender creates a record's work item.

Before a create, the sender inserts a claim; a second insert fails. A claim holds for a minute. Its age is measured by
Table Storage's clock: the row's Timestamp against the Date of the answer, so hosts with different clocks agree on it. A
sender that needs longer renews its claim. A claim past its minute belongs to a sender that died or got no answer: the
next sender takes it over, and searches for a work item that was created under it before it creates one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum

from shared.domain.links import Claim, Field

CLAIM_HOLDS = timedelta(seconds=60)

RENEW_AFTER = timedelta(seconds=10)
"""A claim that is older is renewed before its create is requested."""

START_WITHIN = timedelta(seconds=10)
"""How long after that check of the claim the create may start: it may wait for a rate limit, or be repeated."""

_TO_SPARE = timedelta(seconds=5)

CREATE_TAKES_AT_MOST = CLAIM_HOLDS - RENEW_AFTER - START_WITHIN - _TO_SPARE
"""How long a create may wait for its answer, so that it ends while its claim holds."""


class ClaimDecision(Enum):
    """What a sender does about the claim that it finds on a record."""

    PROCEED = "the claim is this sender's own"
    WAIT = "another sender holds it"
    TAKE_OVER = "its sender gave it up or died"


def decide(claim: Claim, age: timedelta, operation_id: str) -> ClaimDecision:
    """Decide what to do about a stored claim. `age` is the time since its last write, by Table Storage's clock."""
    if claim.operation_id == operation_id:
        return ClaimDecision.PROCEED
    is_abandoned = not claim.operation_id
    return ClaimDecision.TAKE_OVER if is_abandoned or age >= CLAIM_HOLDS else ClaimDecision.WAIT


def taken_over(claim: Claim, operation_id: str) -> Claim:
    """The claim for a new sender. It keeps what the first sender intended, and since when."""
    return replace(claim, operation_id=operation_id, is_inherited=True)


def needs_renewal(claim: Claim, age: timedelta, intended: Mapping[Field, str]) -> bool:
    """Whether a sender must renew its own claim before it requests a create of `intended`."""
    return age > RENEW_AFTER or claim.intended != intended


def renewed(claim: Claim, intended: Mapping[Field, str], now: datetime) -> Claim:
    """The claim for a create that is requested now; no work item of an earlier sender was found."""
    return replace(claim, began_at=now, intended=intended, is_inherited=False)


def knows_of_work_item(claim: Claim) -> bool:
    """Whether a work item may exist that only this claim leads to. Such a claim is abandoned, never removed."""
    return claim.is_inherited or claim.work_item_id is not None


def replaces_link(claim: Claim) -> bool:
    """Whether the record was linked before, to a work item that was deleted. To a person, it is still a sent record."""
    return claim.work_item_id is not None


def abandoned(claim: Claim) -> Claim:
    """The claim without a sender: the next sender takes it over at once."""
    return replace(claim, operation_id="")
