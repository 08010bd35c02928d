"""How fast an account may be called."""

from __future__ import annotations

import pytest

from shared.clients.rate_limits import Quota, RateLimits
from tests.unit.operations import Clock

NOW = 1_700_000_000.0
"""The time of day, in Unix seconds."""

NAMES_A_LIMIT = {"x-ratelimit-limit": "300"}
TWO_A_SECOND = (Quota(2, 1.0),)


def limits_at(clock: Clock) -> RateLimits:
    """Rate limits on a clock that the test turns. The time of day stands still."""
    return RateLimits(clock, lambda: NOW)


def allowance(limit: int, remaining: int, seconds: float) -> dict[str, str]:
    """The headers of an account that has so much left for so many seconds."""
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(NOW + seconds),
    }


def test_an_account_that_said_nothing_may_be_called_at_once() -> None:
    assert limits_at(Clock()).wait("fabrikam") == 0


def test_a_retry_after_holds_for_this_account_until_it_has_passed() -> None:
    clock = Clock()
    limits = limits_at(clock)

    assert limits.observe("fabrikam", {"retry-after": "7"}) == 7

    assert limits.wait("contoso") == 0
    assert limits.wait("fabrikam") == 7
    clock.now += 5
    assert limits.wait("fabrikam") == 2
    clock.now += 2
    assert limits.wait("fabrikam") == 0


def test_a_shorter_wait_does_not_replace_a_longer_one() -> None:
    limits = limits_at(Clock())
    limits.observe("fabrikam", {"retry-after": "30"})

    limits.observe("fabrikam", {"retry-after": "1"})
    limits.observe("fabrikam", {})

    assert limits.wait("fabrikam") == 30


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (allowance(200, 100, 60), 0),  # plenty
        (allowance(200, 21, 60), 0),  # just over a tenth
        (allowance(200, 20, 60), 3),  # the rest lasts until it is renewed
        (allowance(200, 20, 600), 5),  # never longer than five seconds
        (allowance(200, 0, 2), 2),
        (allowance(200, 0, -10), 0),  # renewed already
        ({**allowance(200, 0, 60), "x-ratelimit-reset": "soon"}, 0),
        ({**allowance(200, 0, 60), "x-ratelimit-remaining": "-1"}, 0),
        ({**allowance(200, 0, 60), "x-ratelimit-reset": "nan"}, 0),
    ],
)
def test_a_low_allowance_is_spread_over_the_time_until_it_is_renewed(
    headers: dict[str, str], seconds: float
) -> None:
    limits = limits_at(Clock())

    assert limits.observe("fabrikam", headers) is None

    assert limits.wait("fabrikam") == seconds


def test_a_quota_holds_for_an_account_that_names_a_limit() -> None:
    clock = Clock()
    limits = limits_at(clock)
    limits.observe("company", NAMES_A_LIMIT)

    assert [limits.wait("company", TWO_A_SECOND) for _ in range(3)] == [0, 0, 1.0]
    clock.now += 0.75
    assert limits.wait("company", TWO_A_SECOND) == 0.25
    clock.now += 0.25
    assert limits.wait("company", TWO_A_SECOND) == 0


def test_a_quota_does_not_hold_for_an_account_that_names_no_limit() -> None:
    limits = limits_at(Clock())
    limits.observe("company", {"retry-after": "0"})

    assert [limits.wait("company", TWO_A_SECOND) for _ in range(3)] == [0, 0, 0]


def test_of_two_quotas_the_stricter_one_counts() -> None:
    clock = Clock()
    limits = limits_at(clock)
    limits.observe("company", NAMES_A_LIMIT)
    quotas = (Quota(2, 1.0), Quota(3, 60.0))

    waits = [limits.wait("company", quotas) for _ in range(2)]
    clock.now += 1
    waits += [limits.wait("company", quotas) for _ in range(2)]

    assert waits == [0, 0, 0, 59.0]


def test_an_account_that_says_nothing_of_limits_takes_no_memory() -> None:
    limits = limits_at(Clock())
    for number in range(10):
        limits.wait(f"account-{number}", TWO_A_SECOND)
        limits.observe(f"account-{number}", {"content-type": "text/html"})

    assert len(limits) == 0


def test_an_account_that_is_not_called_for_a_quarter_of_an_hour_is_forgotten() -> None:
    clock = Clock()
    limits = limits_at(clock)
    limits.observe("idle", NAMES_A_LIMIT)
    clock.now += 901

    limits.observe("company", NAMES_A_LIMIT)

    assert len(limits) == 1


def test_of_very_many_accounts_the_one_called_longest_ago_is_forgotten() -> None:
    limits = limits_at(Clock())
    for number in range(1001):
        limits.observe(f"account-{number}", {"retry-after": "60"})

    assert len(limits) == 1000
    assert limits.wait("account-0") == 0
    assert limits.wait("account-1") == 60
