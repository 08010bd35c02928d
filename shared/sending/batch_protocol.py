"""How a send writes its work items: which requests it makes, and what their answers mean. No input or output.

`write_all` is a generator. It yields the requests that it wants and is given their answers.
`shared.sending.batch_writer` carries them out; a test answers with literals. In short:

1. The feature's work item is created by one batch with up to 49 new requirements, which refer to it by a temporary id.
2. All other writes go out in batches of 50, side by side.
3. A batch that is refused is taken apart. An operation that names a fault of its own fails; the others are sent again,
   at last one by one.
4. A create whose answer is lost is looked for before it is repeated. If it may still be running, it is not repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from shared import log_events
from shared.clients.capabilities import Capability
from shared.domain.subject import Subject, subject_of
from shared.domain.work_item import WorkItem
from shared.errors import (
    ConcurrentChange,
    CredentialsRejected,
    Defect,
    FeatureBusy,
    OperationFailed,
    Refused,
    RevisionConflict,
    System,
    TimeSpent,
    Unavailable,
)
from shared.sending.batch_answer import OwnFault, read_answer
from shared.sending.batch_requests import (
    FindCreated,
    HoldClaims,
    Log,
    NoteRefusal,
    Organization,
    Pause,
    Report,
    SendBatch,
    SendOne,
    Start,
    Steps,
)
from shared.sending.outcome import Outcome, OutcomeKind, deferred, failed, unknown, written
from shared.sending.work_item_write import WorkItemWrite

MOST_OPERATIONS = 50
_ROUNDS = 3

_LONGEST_WAIT_SECONDS = 40.0
"""A claim holds for a minute, so a send that is asked to wait for longer leaves the rest to the next send."""

_PAUSES_AFTER_LOST_ANSWER = (0.2, 1.0, 3.0)
"""Seconds before each search: Azure DevOps may still work on a request whose connection broke."""

_PAUSES_AFTER_ANSWER = (0.2,)
"""After an answer, whatever it fails to say, nothing is running any more."""


@dataclass(frozen=True)
class _Attempt:
    """A write that is not done yet.

    `was_requested`: an earlier request may have carried it out, whatever the answer said.
    `is_unanswered`: an earlier request of this create got no answer, so its work item may exist.
    `is_set_aside`: it failed below the feature's temporary id, which may be what was refused.
    """

    write: WorkItemWrite
    was_requested: bool = False
    is_unanswered: bool = False
    is_set_aside: bool = False

    @property
    def record_id(self) -> str:
        return self.write.record_id


@dataclass(frozen=True)
class _Progress:
    """The outcomes so far, by record id, and what is left. `refuses_batches`: a batch was refused as a whole."""

    outcomes: Mapping[str, Outcome]
    left: tuple[_Attempt, ...] = ()
    refuses_batches: bool = False


class _Answered(Enum):
    """What is known after a batch."""

    EACH = "each operation was answered for"
    NONE = "no answer came; creates that it may have done were looked for"
    NOT_BELIEVED = "the answer does not say what became of each operation"


def write_all(
    writes: Sequence[WorkItemWrite], feature_id: int | None, organization: Organization
) -> Steps[None]:
    """Carry out the writes of one round. `feature_id` is the feature's work item, if it exists already."""
    left = tuple(_Attempt(write) for write in writes)
    feature = next((item for item in left if item.write.is_feature and item.write.creates), None)
    if feature is not None:
        family = yield from _create_family(feature, left, organization)
        outcome = family.outcomes.get(feature.record_id)
        feature_id = outcome.work_item.id if outcome and outcome.work_item else None
        left = family.left
        if family.refuses_batches:
            organization = replace(organization, refuses_batches=True)
        if feature_id is None:
            left = yield from _leave_below_missing_feature(left, outcome)
    yield Start(
        tuple(
            _write_batch(left[start : start + MOST_OPERATIONS], feature_id, organization)
            for start in range(0, len(left), MOST_OPERATIONS)
        )
    )


def _create_family(
    feature: _Attempt, attempts: Sequence[_Attempt], organization: Organization
) -> Steps[_Progress]:
    """Create the feature's work item, together with as many new requirements as fit into its batch.

    Existing work items are not linked to a temporary id: tfsaggregator/aggregator-cli found that refused.
    """
    children = [item for item in attempts if item.write.goes_below_feature and item.write.creates]
    if organization.refuses_temporary_ids:
        children = []
    together = (feature, *children[: MOST_OPERATIONS - 1])
    progress = yield from _send_together(together, None, organization)
    outcomes = dict(progress.outcomes)
    for item in progress.left:
        if item.record_id == feature.record_id:
            outcomes[item.record_id] = yield from _send_alone(item, None)
    known = {item.record_id: item for item in (*attempts, *progress.left)}
    left = tuple(item for record_id, item in known.items() if record_id not in outcomes)
    return _Progress(outcomes, left, progress.refuses_batches)


def _leave_below_missing_feature(
    attempts: Sequence[_Attempt], feature: Outcome | None
) -> Steps[tuple[_Attempt, ...]]:
    """Settle what needs the feature's work item, which does not exist; return the rest."""
    error = feature.error if feature and feature.error else None
    error = error or Unavailable(System.AZURE_DEVOPS, "The feature has no work item yet. Send it again.")
    is_final = feature is not None and feature.kind is OutcomeKind.FAILED
    below = [item for item in attempts if item.write.goes_below_feature]
    yield from _report(
        {
            item.record_id: unknown(error)
            if item.is_unanswered
            else failed(error)
            if is_final
            else deferred(error)
            for item in below
        }
    )
    return tuple(item for item in attempts if not item.write.goes_below_feature)


def _write_batch(
    attempts: Sequence[_Attempt], parent_id: int | None, organization: Organization
) -> Steps[None]:
    """Write these as one batch, and what is left of it one by one."""
    set_aside = frozenset(item.record_id for item in attempts if item.is_set_aside)
    ready = tuple(replace(item, is_set_aside=False) for item in attempts)
    progress = yield from _send_together(ready, parent_id, organization)
    yield from _note_temporary_ids(set_aside, progress.outcomes)
    yield Start(tuple(_write_alone(item, parent_id, set_aside) for item in progress.left))


def _write_alone(attempt: _Attempt, parent_id: int | None, set_aside: frozenset[str]) -> Steps[None]:
    outcome = yield from _send_alone(attempt, parent_id)
    yield from _note_temporary_ids(set_aside, {attempt.record_id: outcome})


def _note_temporary_ids(set_aside: frozenset[str], outcomes: Mapping[str, Outcome]) -> Steps[None]:
    """Note that the organization refuses temporary ids if what failed below one was done below a real id."""
    done = {record_id for record_id, outcome in outcomes.items() if outcome.work_item is not None}
    if set_aside & done:
        yield NoteRefusal(Capability.TEMPORARY_IDS)


def _send_together(
    attempts: tuple[_Attempt, ...], parent_id: int | None, organization: Organization
) -> Steps[_Progress]:
    """Send these as one batch, and again without what is settled; return what is left for single requests."""
    outcomes: dict[str, Outcome] = {}
    set_aside: tuple[_Attempt, ...] = ()
    refuses_batches = False
    left = attempts
    for _ in range(_ROUNDS):
        if len(left) < 2 or organization.refuses_batches:
            break
        before = len(left)
        answered, progress = yield from _send_batch(left, parent_id, organization)
        outcomes |= progress.outcomes
        set_aside += tuple(item for item in progress.left if item.is_set_aside)
        left = tuple(item for item in progress.left if not item.is_set_aside)
        refuses_batches = progress.refuses_batches
        is_stuck = answered is _Answered.EACH and len(left) == before
        if is_stuck or answered is _Answered.NOT_BELIEVED:
            break
    return _Progress(outcomes, left + set_aside, refuses_batches)


def _send_batch(
    attempts: tuple[_Attempt, ...], parent_id: int | None, organization: Organization
) -> Steps[tuple[_Answered, _Progress]]:
    lost, attempts = yield from _hold_claims(attempts)
    if not attempts or _lacks_parent(attempts, parent_id):
        return _Answered.EACH, _Progress(lost, attempts)
    answer = yield SendBatch(tuple(item.write for item in attempts), parent_id)
    before_answer = attempts
    if not isinstance(answer, Unavailable) or answer.outcome_unknown:
        attempts = tuple(replace(item, was_requested=True) for item in attempts)
    if isinstance(answer, Unavailable):
        progress = yield from _after_no_answer(attempts, answer)
        return _Answered.NONE, _Progress({**lost, **progress.outcomes}, progress.left)
    if isinstance(answer, CredentialsRejected):
        outcomes = {item.record_id: _given_up(item, answer) for item in attempts}
        yield from _report(outcomes)
        return _Answered.EACH, _Progress({**lost, **outcomes})
    if isinstance(answer, OperationFailed) and not isinstance(answer, Defect):
        yield Log(
            log_events.BATCH_REFUSED,
            f"Azure DevOps refused the batch as a whole; single requests follow. {answer.detail}",
        )
        yield NoteRefusal(Capability.BATCHES)
        return _Answered.NOT_BELIEVED, _Progress(lost, attempts, refuses_batches=True)
    entries = read_answer(answer, [_subject(item.write, organization) for item in attempts])
    if entries is None:
        yield Log(
            log_events.BATCH_NOT_BELIEVED,
            "The answer to the batch does not say what became of each operation; single requests follow.",
        )
        progress = yield from _find_created(attempts, _PAUSES_AFTER_ANSWER)
        return _Answered.NOT_BELIEVED, _Progress({**lost, **progress.outcomes}, progress.left)
    settled: dict[str, Outcome] = {}
    left: list[_Attempt] = []
    doubtful: list[_Attempt] = []
    for before, item, entry in zip(before_answer, attempts, entries, strict=True):
        is_below_temporary_id = item.write.goes_below_feature and parent_id is None
        if isinstance(entry, WorkItem):
            settled[item.record_id] = written(entry, creates=item.write.creates)
        elif not isinstance(entry, OwnFault):
            left.append(item)
        elif entry.may_pass and not item.write.creates:
            # An update tests the revision, so it cannot be done twice.
            left.append(item)
        elif entry.may_pass:
            doubtful.append(replace(item, is_set_aside=is_below_temporary_id))
            yield Log(log_events.BATCH_ENTRY_FAILED, entry.error.detail, {"aha_id": item.record_id})
        elif is_below_temporary_id and not entry.names_fields:
            left.append(replace(item, is_set_aside=True))
        else:
            settled[item.record_id] = _refused(before, entry.error)
    yield from _report(settled)
    # A create that failed by an error of the service's own may have been done.
    progress = yield from _find_created(doubtful, _PAUSES_AFTER_ANSWER)
    # The feature stays the first of its batch: the others refer to the first operation's temporary id.
    again = {item.record_id: item for item in (*left, *progress.left)}
    in_order = tuple(again[item.record_id] for item in attempts if item.record_id in again)
    return _Answered.EACH, _Progress({**lost, **settled, **progress.outcomes}, in_order)


def _subject(write: WorkItemWrite, organization: Organization) -> Subject:
    return subject_of(organization.subject, write.work_item_type, write.work_item_id, write.document)


def _lacks_parent(attempts: Sequence[_Attempt], parent_id: int | None) -> bool:
    """Whether a batch would refer to the feature's temporary id without creating the feature's work item."""
    is_below = any(item.write.goes_below_feature for item in attempts)
    return parent_id is None and is_below and not attempts[0].write.is_feature


def _send_alone(attempt: _Attempt, parent_id: int | None) -> Steps[Outcome]:
    error: OperationFailed = Unavailable(System.AZURE_DEVOPS, "Azure DevOps did not answer. Send it again.")
    for _ in range(_ROUNDS):
        lost, held = yield from _hold_claims((attempt,))
        if not held:
            return lost[attempt.record_id]
        answer = yield SendOne(attempt.write, parent_id)
        if isinstance(answer, WorkItem):
            outcome = written(answer, creates=attempt.write.creates)
        elif isinstance(answer, Unavailable) and attempt.write.creates:
            progress = yield from _after_no_answer((attempt,), answer)
            if progress.outcomes:
                return progress.outcomes[attempt.record_id]
            (attempt,) = progress.left
            error = answer
            continue
        elif isinstance(answer, Defect) and attempt.write.creates:
            # The defect may have come after the request: the claim stays, and the next send looks.
            outcome = unknown(answer)
        else:
            outcome = _refused(attempt, answer)
        yield from _report({attempt.record_id: outcome})
        return outcome
    outcome = _given_up(attempt, error)
    yield from _report({attempt.record_id: outcome})
    return outcome


def _hold_claims(
    attempts: tuple[_Attempt, ...],
) -> Steps[tuple[dict[str, Outcome], tuple[_Attempt, ...]]]:
    """The outcomes of creates whose claims another send took over, and the attempts that go on."""
    creates = tuple(item.write for item in attempts if item.write.creates)
    if not creates:
        return {}, attempts
    lost: frozenset[str] = yield HoldClaims(creates)
    busy = FeatureBusy("Another send of the same feature took over.", retry_after=5)
    outcomes = {record_id: deferred(busy) for record_id in lost}
    yield from _report(outcomes)
    return outcomes, tuple(item for item in attempts if item.record_id not in lost)


def _after_no_answer(attempts: tuple[_Attempt, ...], error: Unavailable) -> Steps[_Progress]:
    """Find out what a request without an answer did. What is left may be sent again."""
    if not error.outcome_unknown:
        asked = error.retry_after
        may_wait = not isinstance(error, TimeSpent) and asked is not None and asked <= _LONGEST_WAIT_SECONDS
        if may_wait and (yield Pause(asked or 0.0)):
            return _Progress({}, attempts)
        outcomes = {item.record_id: _given_up(item, error) for item in attempts}
        yield from _report(outcomes)
        return _Progress(outcomes)
    progress = yield from _find_created(attempts, _PAUSES_AFTER_LOST_ANSWER)
    if not error.may_still_run:
        return progress
    # A create that was not found may still be carried out: the claim stays, and the next send looks again.
    running = {item.record_id: unknown(error) for item in progress.left if item.write.creates}
    yield from _report(running)
    left = tuple(item for item in progress.left if item.record_id not in running)
    return _Progress({**progress.outcomes, **running}, left)


def _find_created(attempts: Sequence[_Attempt], pauses: Sequence[float]) -> Steps[_Progress]:
    """Search for the work items of unanswered creates, a few times with growing pauses."""
    left = [replace(item, is_unanswered=True) if item.write.creates else item for item in attempts]
    outcomes: dict[str, Outcome] = {}
    for pause in pauses:
        creates = [item for item in left if item.write.creates]
        if not creates:
            break
        yield Pause(pause)
        found = yield FindCreated(tuple(item.write for item in creates))
        if isinstance(found, OperationFailed):
            new = {item.record_id: unknown(found) for item in creates}
        else:
            new = {key: written(item, creates=True, was_found=True) for key, item in found.items()}
        yield from _report(new)
        outcomes |= new
        left = [item for item in left if item.record_id not in outcomes]
    return _Progress(outcomes, tuple(left))


def _report(outcomes: Mapping[str, Outcome]) -> Steps[None]:
    if outcomes:
        yield Report(outcomes)


def _refused(attempt: _Attempt, error: OperationFailed) -> Outcome:
    """The outcome after a refusal. An earlier unanswered attempt was refused too, unless its token was still valid."""
    if isinstance(error, CredentialsRejected):
        return _given_up(attempt, error)
    outcome = _given_up(replace(attempt, is_unanswered=False), error)
    is_definite = isinstance(error, Refused | RevisionConflict) and not error.follows_unanswered
    return replace(outcome, changed_nothing=is_definite and not attempt.was_requested)


def _given_up(attempt: _Attempt, error: OperationFailed) -> Outcome:
    """The outcome of a write that is not tried again in this round."""
    if attempt.write.creates and attempt.is_unanswered:
        return unknown(error)
    return deferred(error) if isinstance(error, ConcurrentChange | TimeSpent) else failed(error)
