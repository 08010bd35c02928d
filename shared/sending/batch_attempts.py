"""One request for one or several writes, and what its answer means for each of them. No input or output.

A refused batch is split: an operation with its own error fails, and the others are sent again. A create without an
answer is repeated only after a search did not find its work item, and never while it may still be running.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shared import log_events
from shared.clients.capabilities import Capability
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
from shared.sending.batch_answer import BatchAnswer, OperationResult, OwnFault
from shared.sending.batch_requests import (
    FindCreated,
    HoldClaims,
    Log,
    NotSendable,
    Pause,
    RememberRefusal,
    Report,
    SendBatch,
    SendOne,
    Steps,
)
from shared.sending.outcome import Outcome, deferred, failed, unknown, written
from shared.sending.work_item_write import WorkItemWrite

_MOST_SINGLE_REQUESTS = 3
"""How often a create is sent alone, if no answer comes."""

_LONGEST_WAIT_SECONDS = 40.0
"""A claim lasts a minute, so a send that has to wait longer leaves the rest to the next send."""

_PAUSES_AFTER_LOST_ANSWER = (0.2, 1.0, 3.0)
"""Seconds before each search: Azure DevOps may still work on a request whose connection broke."""

_PAUSES_AFTER_ANSWER = (0.2,)
"""Azure DevOps itself answered the batch, so none of its operations is still running."""


@dataclass(frozen=True)
class Attempt:
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
        """The record that is written."""
        return self.write.record_id

    def is_below_temporary_id(self, parent_id: int | None) -> bool:
        """Whether it refers to the temporary id of a feature's work item that the same batch creates."""
        return self.write.goes_below_feature and parent_id is None


@dataclass(frozen=True)
class BatchProgress:
    """The result of some requests.

    `outcomes`: the known ones, by record id; they are already reported. `left`: the writes to send again. `one_by_one`:
    another batch would make no progress with them. `refuses_batches`: a batch was refused as a whole.
    """

    outcomes: Mapping[str, Outcome]
    left: tuple[Attempt, ...] = ()
    one_by_one: bool = False
    refuses_batches: bool = False


# A batch.


def send_batch(attempts: tuple[Attempt, ...], parent_id: int | None) -> Steps[BatchProgress]:
    """Send these as one batch, without those whose claims another send took over."""
    lost, held = yield from _hold_claims(attempts)
    if not held or _lacks_parent(held, parent_id):
        return BatchProgress(lost, held, one_by_one=True)
    answer: BatchAnswer | NotSendable | OperationFailed = yield SendBatch(_writes(held), parent_id)
    progress = yield from _after_batch(held, answer, parent_id)
    return replace(progress, outcomes={**lost, **progress.outcomes})


def _lacks_parent(attempts: Sequence[Attempt], parent_id: int | None) -> bool:
    """Whether a batch would refer to the feature's temporary id without creating the feature's work item."""
    is_below = any(item.write.goes_below_feature for item in attempts)
    return parent_id is None and is_below and not attempts[0].write.is_feature


def _after_batch(
    sent: tuple[Attempt, ...], answer: BatchAnswer | NotSendable | OperationFailed, parent_id: int | None
) -> Steps[BatchProgress]:
    if isinstance(answer, NotSendable):
        return (yield from _without_unsendable(sent, answer))
    if isinstance(answer, Unavailable):
        return (yield from _after_no_answer(sent, answer))
    requested = tuple(replace(item, was_requested=True) for item in sent)
    if isinstance(answer, Defect):
        # The request may have been sent before, and may still run.
        progress = yield from _leave_creates_to_next_send(requested, answer)
        return replace(progress, one_by_one=True)
    if isinstance(answer, CredentialsRejected):
        return (yield from _end(requested, answer))
    if isinstance(answer, OperationFailed):
        yield Log(
            log_events.BATCH_REFUSED,
            f"Azure DevOps refused the batch as a whole; single requests follow. {answer.detail}",
        )
        yield RememberRefusal(Capability.BATCHES)
        return BatchProgress({}, requested, one_by_one=True, refuses_batches=True)
    if answer.results is None:
        yield Log(
            log_events.BATCH_NOT_BELIEVED,
            "The answer to the batch does not have the result of each operation; single requests follow.",
        )
        progress = yield from _find_created(requested, _PAUSES_AFTER_ANSWER)
        return replace(progress, one_by_one=True)
    return (yield from _after_results(sent, answer.results, parent_id))


def _after_results(
    sent: tuple[Attempt, ...], results: Sequence[OperationResult], parent_id: int | None
) -> Steps[BatchProgress]:
    """Settle the known operations; search for creates that failed with an internal error of the service."""
    pairs = list(zip(sent, results, strict=True))
    settled = {
        item.record_id: outcome
        for item, result in pairs
        if (outcome := _settled(item, result, parent_id)) is not None
    }
    for item, result in pairs:
        if isinstance(result, OwnFault) and _is_doubtful(item, result):
            yield Log(log_events.BATCH_ENTRY_FAILED, result.error.detail, item.record_id)
    yield from _report(settled)
    searched = yield from _find_created(
        [item for item, result in pairs if _is_doubtful(item, result)], _PAUSES_AFTER_ANSWER
    )
    outcomes = settled | dict(searched.outcomes)
    not_found = {item.record_id for item in searched.left}
    # The feature stays the first of its batch: the others refer to the first operation's temporary id.
    left = tuple(
        replace(
            item,
            was_requested=True,
            is_unanswered=item.is_unanswered or item.record_id in not_found,
            is_set_aside=_is_set_aside(item, result, parent_id),
        )
        for item, result in pairs
        if item.record_id not in outcomes
    )
    is_stuck = len(left) == len(sent) and not any(item.is_set_aside for item in left)
    return BatchProgress(outcomes, left, one_by_one=is_stuck)


def _settled(item: Attempt, result: OperationResult, parent_id: int | None) -> Outcome | None:
    """The outcome of an operation; None if it may be sent again."""
    if isinstance(result, WorkItem):
        return written(result, creates=item.write.creates)
    if not isinstance(result, OwnFault) or result.may_pass or _is_set_aside(item, result, parent_id):
        return None
    return _refused(item, result.error)


def _is_set_aside(item: Attempt, result: OperationResult, parent_id: int | None) -> bool:
    """Whether the temporary id may be what was refused, rather than a value."""
    if not isinstance(result, OwnFault) or not item.is_below_temporary_id(parent_id):
        return False
    return _is_doubtful(item, result) or not (result.may_pass or result.names_fields)


def _is_doubtful(item: Attempt, result: OperationResult) -> bool:
    """Whether a create may have been done although it failed. An update tests the revision: it is done once at most."""
    return isinstance(result, OwnFault) and result.may_pass and item.write.creates


def _without_unsendable(sent: tuple[Attempt, ...], answer: NotSendable) -> Steps[BatchProgress]:
    """Fail the writes for which no request can be built. Nothing was sent, and the others are left."""
    outcomes = {
        item.record_id: _ended_by(item, answer.errors[item.record_id])
        for item in sent
        if item.record_id in answer.errors
    }
    yield from _report(outcomes)
    return BatchProgress(outcomes, tuple(item for item in sent if item.record_id not in outcomes))


# A write alone.


def send_alone(attempt: Attempt, parent_id: int | None) -> Steps[Outcome]:
    """Send this alone; repeat a create if no answer comes and it was not done. The outcome is reported."""
    error: OperationFailed = Unavailable(System.AZURE_DEVOPS, "Azure DevOps did not answer. Send it again.")
    for _ in range(_MOST_SINGLE_REQUESTS):
        lost, held = yield from _hold_claims((attempt,))
        if not held:
            return lost[attempt.record_id]
        answer: WorkItem | NotSendable | OperationFailed = yield SendOne(attempt.write, parent_id)
        if not isinstance(answer, Unavailable) or not attempt.write.creates:
            outcome = _outcome_of(attempt, answer)
            break
        progress = yield from _after_no_answer((attempt,), answer)
        if progress.outcomes:
            return progress.outcomes[attempt.record_id]
        (attempt,) = progress.left
        error = answer
    else:
        outcome = _ended_by(attempt, error)
    yield from _report({attempt.record_id: outcome})
    return outcome


def _outcome_of(attempt: Attempt, answer: WorkItem | NotSendable | OperationFailed) -> Outcome:
    if isinstance(answer, WorkItem):
        return written(answer, creates=attempt.write.creates)
    if isinstance(answer, NotSendable):
        return _ended_by(attempt, answer.errors[attempt.record_id])
    if isinstance(answer, Defect) and attempt.write.creates:
        # The defect may have come after the request: the claim stays, and the next send checks.
        return unknown(answer)
    return _refused(attempt, answer)


# Claims and missing answers.


def _hold_claims(
    attempts: tuple[Attempt, ...],
) -> Steps[tuple[dict[str, Outcome], tuple[Attempt, ...]]]:
    """The outcomes of creates whose claims another send took over, and the attempts that continue."""
    creates = [item for item in attempts if item.write.creates]
    if not creates:
        return {}, attempts
    lost: frozenset[str] = yield HoldClaims(_writes(creates))
    busy = FeatureBusy("Another send of the same feature took over.", retry_after=5)
    outcomes = {record_id: deferred(busy) for record_id in lost}
    yield from _report(outcomes)
    return outcomes, tuple(item for item in attempts if item.record_id not in lost)


def _after_no_answer(attempts: tuple[Attempt, ...], error: Unavailable) -> Steps[BatchProgress]:
    """Find out what an unanswered request did. Returns the attempts that may be sent again."""
    if not error.outcome_unknown:
        asked = error.retry_after
        may_wait = not isinstance(error, TimeSpent) and asked is not None and asked <= _LONGEST_WAIT_SECONDS
        if may_wait and (yield Pause(asked or 0.0)):
            return BatchProgress({}, attempts)
        return (yield from _end(attempts, error))
    requested = tuple(replace(item, was_requested=True) for item in attempts)
    if not error.may_still_run:
        return (yield from _find_created(requested, _PAUSES_AFTER_LOST_ANSWER))
    # The claim may be old. After a renewal, the request has most of a minute before another send takes the claim over.
    lost, held = yield from _hold_claims(requested)
    found = yield from _find_created(held, _PAUSES_AFTER_LOST_ANSWER)
    running = yield from _leave_creates_to_next_send(found.left, error)
    return replace(running, outcomes={**lost, **found.outcomes, **running.outcomes})


def _leave_creates_to_next_send(attempts: Sequence[Attempt], error: OperationFailed) -> Steps[BatchProgress]:
    """Do not repeat creates that may still be carried out: their claims stay, and the next send checks."""
    outcomes = {item.record_id: unknown(error) for item in attempts if item.write.creates}
    yield from _report(outcomes)
    return BatchProgress(outcomes, tuple(item for item in attempts if not item.write.creates))


def _find_created(attempts: Sequence[Attempt], pauses: Sequence[float]) -> Steps[BatchProgress]:
    """Search for the work items of unanswered creates, a few times with growing pauses."""
    left = [replace(item, is_unanswered=True) if item.write.creates else item for item in attempts]
    outcomes: dict[str, Outcome] = {}
    for pause in pauses:
        creates = [item for item in left if item.write.creates]
        if not creates:
            break
        yield Pause(pause)
        found: Mapping[str, WorkItem] | OperationFailed = yield FindCreated(_writes(creates))
        if isinstance(found, OperationFailed):
            new = {item.record_id: unknown(found) for item in creates}
        else:
            new = {key: written(item, creates=True, was_found=True) for key, item in found.items()}
        yield from _report(new)
        outcomes |= new
        left = [item for item in left if item.record_id not in outcomes]
    return BatchProgress(outcomes, tuple(left))


# Outcomes.


def _end(attempts: Sequence[Attempt], error: OperationFailed) -> Steps[BatchProgress]:
    """Do not send these again in this round."""
    outcomes = {item.record_id: _ended_by(item, error) for item in attempts}
    yield from _report(outcomes)
    return BatchProgress(outcomes)


def _report(outcomes: Mapping[str, Outcome]) -> Steps[None]:
    if outcomes:
        yield Report(outcomes)


def _writes(attempts: Sequence[Attempt]) -> tuple[WorkItemWrite, ...]:
    return tuple(item.write for item in attempts)


def _refused(attempt: Attempt, error: OperationFailed) -> Outcome:
    """The outcome after a refusal. An earlier unanswered attempt was refused too, unless its token was still valid."""
    if isinstance(error, CredentialsRejected):
        return _ended_by(attempt, error)
    outcome = _ended_by(replace(attempt, is_unanswered=False), error)
    is_definite = isinstance(error, Refused | RevisionConflict) and not error.follows_unanswered
    return replace(outcome, changed_nothing=is_definite and not attempt.was_requested)


def _ended_by(attempt: Attempt, error: OperationFailed) -> Outcome:
    """The outcome of a write that is not sent again in this round because of this error."""
    if attempt.write.creates and attempt.is_unanswered:
        return unknown(error)
    return deferred(error) if isinstance(error, ConcurrentChange | TimeSpent) else failed(error)
