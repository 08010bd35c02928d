"""Wait for other senders of the same records. Meanwhile, it reads only their claims, with growing pauses."""

from __future__ import annotations

from collections.abc import Collection

from shared.clock import Clock
from shared.deadline import Deadline
from shared.sending.own_claims import OwnClaims

LONGEST_WAIT_SECONDS = 70.0
"""How long a send waits for another one of the same records: a little longer than an abandoned claim lasts."""

LEAST_SECONDS = 1.0
"""With less time left, a send starts nothing more."""

_SHORTEST_PAUSE = 0.25
_LONGEST_PAUSE = 2.0


def pause_after(waited: float) -> float:
    """The next pause, in seconds, of a send that has waited this long."""
    return min(_LONGEST_PAUSE, max(_SHORTEST_PAUSE, waited / 2))


def pause_after_round(rounds: int) -> float:
    """The longest pause, in seconds, after a round that settled no record. `rounds`: the number of rounds so far."""
    return min(_LONGEST_PAUSE, 0.05 * float(2**rounds))


def wait_for_others(
    held_elsewhere: Collection[str], claims: OwnClaims, clock: Clock, deadline: Deadline, waited: float
) -> float:
    """Wait until another sender's claim on one of these records ends, or the time to wait ends.

    Returns the seconds that the send has waited in total; `waited` is the part before this call. If no other sender is
    known, somebody changed a record at the same time, and one pause is enough.
    """
    while waited < LONGEST_WAIT_SECONDS and deadline.remaining() >= LEAST_SECONDS:
        pause = pause_after(waited)
        clock.sleep(pause)
        waited += pause
        if not held_elsewhere or not claims.are_held_elsewhere(held_elsewhere):
            break
    return waited
