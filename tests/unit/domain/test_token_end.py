"""The end of a personal access token is a problem from two weeks before it on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest

from shared.domain.health import Health, OpenProblem, with_problem
from shared.domain.integration import Authentication, AzureDevOpsTarget
from shared.domain.token_end import token_end
from shared.secret import Secret

TARGET = AzureDevOpsTarget(
    "fabrikam", Authentication.PAT, Secret("a-token"), token_expires_on=date(2026, 12, 10)
)
ENDS = "The Azure DevOps token expires on 2026-12-10. Create a new one before that, and save it with its last day."
ENDED = (
    "The Azure DevOps token expired on 2026-12-10. Create a new one, and save it with its last day. If it was "
    "extended, correct the date."
)


def midnight(day: int, month: int = 12) -> datetime:
    return datetime(2026, month, day, tzinfo=timezone.utc)


def test_more_than_two_weeks_before_there_is_no_problem() -> None:
    assert token_end(TARGET, midnight(26, 11) - timedelta(seconds=1)) is None


@pytest.mark.parametrize("now", [midnight(26, 11), midnight(11) - timedelta(seconds=1)])
def test_two_weeks_before_it_is_warned_of_until_its_last_day_is_over(now: datetime) -> None:
    assert token_end(TARGET, now) == OpenProblem(midnight(26, 11), "azure_devops_token_expiring", ENDS)


def test_after_its_last_day_it_has_ended() -> None:
    expected = OpenProblem(midnight(11), "azure_devops_token_expired", ENDED)

    assert token_end(TARGET, midnight(11)) == expected
    # The day is that of UTC, wherever the host is.
    elsewhere = timezone(timedelta(hours=-8))
    assert token_end(TARGET, datetime(2026, 12, 10, 20, tzinfo=elsewhere)) == expected


@pytest.mark.parametrize(
    "target",
    [
        replace(TARGET, token_expires_on=None),
        replace(TARGET, authentication=Authentication.ENTRA),
        replace(TARGET, personal_access_token=None),
    ],
    ids=["nobody said when", "the identity signs in", "there is no token"],
)
def test_nothing_ends_without_a_token_and_its_date(target: AzureDevOpsTarget) -> None:
    assert token_end(target, midnight(11)) is None


def test_it_is_one_of_the_open_problems_newest_first() -> None:
    older, newer = (OpenProblem(midnight(day), "aha_unavailable", "Down.", "op-1") for day in (9, 12))
    ended = token_end(TARGET, midnight(11))

    assert ended is not None
    health = with_problem(Health(open_problems=(newer, older)), ended)
    assert health.open_problems == (newer, ended, older)
    assert with_problem(health, None) == health
