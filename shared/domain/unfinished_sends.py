"""Unfinished sends: the timer finishes a send that did not finish and that nobody repeated.

A send stores a note before its first write and removes it when everything is sent. A note that is still there after
some minutes belongs to a send that died, ran out of time or hit an outage. The timer then reads the feature from Aha!
and sends it. The age of a note is measured by Table Storage's clock, as for a claim (`shared.domain.claims`).

The timer itself writes such notes for linked features that changed in Aha! (`shared.domain.auto_update`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from shared.domain.records import Feature
from shared.errors import NotFound, OperationFailed, System

FIRST_WAIT = timedelta(minutes=4)
"""The longest time budget of a send (SEND_TIME_BUDGET_SECONDS), plus time for a person to send again."""

LONGEST_WAIT = timedelta(hours=6)
MOST_ATTEMPTS = 20
"""With the waits between them, the attempts cover more than three days."""
_MOST_UNLINKED = 1000
"""What fits into a property of the note's row."""


@dataclass(frozen=True)
class UnfinishedSend:
    """The note of a send. `name` is the feature's Aha! id, or its reference if Aha! could not be read.

    `operation_id` is the last operation that sent the feature. `attempts` counts the timer's attempts without progress.
    `wait` is how long the timer leaves the note alone after a write. `is_change`: no send was started; the feature
    changed in Aha!, and is sent if it differs from the last send. `unlinked` are the records, by their Aha! ids, that a
    person unlinked after the send, or was about to unlink.
    """

    name: str
    reference: str
    operation_id: str
    attempts: int = 0
    wait: timedelta = FIRST_WAIT
    is_change: bool = False
    unlinked: tuple[str, ...] = ()

    @property
    def feature(self) -> str:
        """The feature's name for people."""
        return self.reference or self.name

    @property
    def is_given_up(self) -> bool:
        """Whether the timer has tried often enough."""
        return self.attempts >= MOST_ATTEMPTS


def of_change(name: str, reference: str, operation_id: str) -> UnfinishedSend:
    """The note of a feature that changed in Aha!. It is due at once."""
    return UnfinishedSend(name, reference, operation_id, wait=timedelta(), is_change=True)


def begun(note: UnfinishedSend) -> UnfinishedSend:
    """The note once a send has started, which must be finished even if the feature no longer differs."""
    return replace(note, is_change=False)


def replaces_earlier(feature: Feature) -> bool:
    """Whether a send of this feature does what an earlier one left, so that its note replaces the earlier note.

    A payload may have only a part of the feature. Then the earlier note stays: nothing else records the rest.
    """
    return feature.lists_requirements and all(
        record.name is not None and record.description is not None for record in feature.records
    )


def with_unlinked(note: UnfinishedSend, aha_id: str) -> UnfinishedSend:
    """The note once a person unlinks the feature or one of its requirements."""
    others = (one for one in note.unlinked if one != aha_id)
    return replace(note, unlinked=(*others, aha_id)[-_MOST_UNLINKED:])


def what_to_send(note: UnfinishedSend, feature: Feature, linked: Collection[str]) -> Feature | None:
    """The feature without the requirements that a person unlinked, unless they are still or again `linked`.

    None if the feature itself was unlinked. The timer must not create new work items for records that a person has just
    unlinked. The next send that somebody requests does.
    """
    if feature.record.id in note.unlinked and feature.record.id not in linked:
        return None
    kept = tuple(one for one in feature.requirements if one.id not in note.unlinked or one.id in linked)
    if len(kept) == len(feature.requirements):
        return feature
    # They are not removed from the feature.
    return replace(feature, requirements=kept, lists_requirements=False)


def is_due(note: UnfinishedSend, age: timedelta, *, sends_changes: bool) -> bool:
    """Whether the timer finishes the send now.

    The note of a change waits until changes are sent again (`sends_changes`): nothing else records the change.
    """
    return age >= note.wait and (sends_changes or not note.is_change)


def taken(note: UnfinishedSend, operation_id: str) -> UnfinishedSend:
    """The note while the timer finishes the send. If that fails, the next attempt waits twice as long."""
    wait = min(2 * note.wait, LONGEST_WAIT)
    return replace(note, operation_id=operation_id, attempts=note.attempts + 1, wait=max(wait, FIRST_WAIT))


def after_progress(note: UnfinishedSend) -> UnfinishedSend:
    """The note after an attempt that wrote something and did not finish."""
    return replace(note, attempts=0, wait=FIRST_WAIT)


def is_left(error: OperationFailed | None, *, by_timer: bool) -> bool:
    """Whether an error leaves something to the timer.

    A person sees that a token or a right is missing, and sends again. Nobody does so for a send of the timer
    (`by_timer`), so the timer tries again.
    """
    return error is not None and (error.may_pass or (by_timer and error.needs_access))


def is_tried_again(note: UnfinishedSend, error: OperationFailed) -> bool:
    """Whether the timer tries again after an error.

    Aha! may hide a changed feature for a while, and only the note records the change.
    """
    is_hidden = isinstance(error, NotFound) and error.system is System.AHA
    return is_left(error, by_timer=True) or (note.is_change and is_hidden)
