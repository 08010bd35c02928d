"""How long a send waits for others."""

from __future__ import annotations

import pytest

from shared.sending.waiting import pause_after, pause_after_round


@pytest.mark.parametrize(("waited", "seconds"), [(0, 0.25), (0.25, 0.25), (2, 1), (4, 2), (60, 2)])
def test_a_send_asks_less_and_less_often_whether_another_one_has_finished(
    waited: float, seconds: float
) -> None:
    assert pause_after(waited) == seconds


@pytest.mark.parametrize(("rounds", "seconds"), [(1, 0.1), (2, 0.2), (4, 0.8), (8, 2.0)])
def test_the_pause_after_a_round_in_which_others_changed_everything_grows(
    rounds: int, seconds: float
) -> None:
    assert pause_after_round(rounds) == seconds
