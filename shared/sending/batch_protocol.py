"""How a send writes its work items: which ones together, and in which order. No input or output.

`write_all` is a generator. It yields requests and receives their answers. `shared.sending.batch_writer` carries them
out; a test answers with literals. In short:

1. The feature's work item is created by one batch with up to 49 new requirements, which refer to it by a temporary id.
2. All other writes go out in parallel batches of 50.
3. What a batch did not write is sent again without the failed operations, and finally one by one.

What the answer to each request means is decided in `shared.sending.batch_attempts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.clients.capabilities import Capability
from shared.errors import System, Unavailable
from shared.sending.batch_attempts import Attempt, BatchProgress, send_alone, send_batch
from shared.sending.batch_requests import Refusals, RememberRefusal, Report, Start, Steps
from shared.sending.outcome import Outcome, OutcomeKind, deferred, failed, unknown
from shared.sending.work_item_write import WorkItemWrite

MOST_OPERATIONS = 50

_MOST_BATCHES = 3
"""How often the same writes are sent as a batch, each time without those that failed."""


def write_all(writes: Sequence[WorkItemWrite], feature_id: int | None, refusals: Refusals) -> Steps[None]:
    """Carry out the writes of one round. `feature_id` is the feature's work item, if it exists already."""
    left = tuple(Attempt(write) for write in writes)
    feature = next((item for item in left if item.write.is_feature and item.write.creates), None)
    outcome: Outcome | None = None
    if feature is not None:
        family = yield from _create_family(feature, left, refusals)
        outcome = family.outcomes.get(feature.record_id)
        feature_id = outcome.work_item.id if outcome and outcome.work_item else None
        left = family.left
        refusals = replace(refusals, batches=refusals.batches or family.refuses_batches)
    if feature_id is None:
        left = yield from _leave_below_missing_feature(left, outcome)
    yield Start(
        tuple(
            _write_batch(left[start : start + MOST_OPERATIONS], feature_id, refusals)
            for start in range(0, len(left), MOST_OPERATIONS)
        )
    )


def _create_family(feature: Attempt, attempts: Sequence[Attempt], refusals: Refusals) -> Steps[BatchProgress]:
    """Create the feature's work item, together with as many new requirements as fit into its batch.

    Existing work items are not linked to a temporary id: Azure DevOps refused that (tfsaggregator/aggregator-cli).
    """
    children = [item for item in attempts if item.write.goes_below_feature and item.write.creates]
    if refusals.temporary_ids:
        children = []
    together = (feature, *children[: MOST_OPERATIONS - 1])
    progress = yield from _send_together(together, None, refusals)
    outcomes = dict(progress.outcomes)
    for item in progress.left:
        if item.record_id == feature.record_id:
            outcomes[item.record_id] = yield from send_alone(item, None)
    known = {item.record_id: item for item in (*attempts, *progress.left)}
    left = tuple(item for record_id, item in known.items() if record_id not in outcomes)
    return BatchProgress(outcomes, left, refuses_batches=progress.refuses_batches)


def _leave_below_missing_feature(
    attempts: Sequence[Attempt], feature: Outcome | None
) -> Steps[tuple[Attempt, ...]]:
    """Settle what needs the feature's work item, which does not exist; return the rest."""
    error = feature.error if feature and feature.error else None
    error = error or Unavailable(System.AZURE_DEVOPS, "The feature has no work item yet. Send it again.")
    is_final = feature is not None and feature.kind is OutcomeKind.FAILED
    outcomes = {
        item.record_id: unknown(error)
        if item.is_unanswered
        else failed(error)
        if is_final
        else deferred(error)
        for item in attempts
        if item.write.goes_below_feature
    }
    if outcomes:
        yield Report(outcomes)
    return tuple(item for item in attempts if not item.write.goes_below_feature)


def _write_batch(attempts: Sequence[Attempt], parent_id: int | None, refusals: Refusals) -> Steps[None]:
    """Write these as one batch, and the rest of it one by one."""
    set_aside = frozenset(item.record_id for item in attempts if item.is_set_aside)
    ready = tuple(replace(item, is_set_aside=False) for item in attempts)
    progress = yield from _send_together(ready, parent_id, refusals)
    yield from _remember_temporary_ids(set_aside, progress.outcomes)
    yield Start(tuple(_write_alone(item, parent_id, set_aside) for item in progress.left))


def _write_alone(attempt: Attempt, parent_id: int | None, set_aside: frozenset[str]) -> Steps[None]:
    outcome = yield from send_alone(attempt, parent_id)
    yield from _remember_temporary_ids(set_aside, {attempt.record_id: outcome})


def _remember_temporary_ids(set_aside: frozenset[str], outcomes: Mapping[str, Outcome]) -> Steps[None]:
    """Remember that temporary ids are refused, if creates that failed below one succeeded below a real id."""
    done = {record_id for record_id, outcome in outcomes.items() if outcome.work_item is not None}
    if set_aside & done:
        yield RememberRefusal(Capability.TEMPORARY_IDS)


def _send_together(
    attempts: tuple[Attempt, ...], parent_id: int | None, refusals: Refusals
) -> Steps[BatchProgress]:
    """Send these as one batch, and again without what is settled; return what is left for single requests."""
    outcomes: dict[str, Outcome] = {}
    set_aside: tuple[Attempt, ...] = ()
    left, refuses_batches = attempts, refusals.batches
    for _ in range(_MOST_BATCHES):
        if len(left) < 2 or refuses_batches:
            break
        progress = yield from send_batch(left, parent_id)
        outcomes |= progress.outcomes
        set_aside += tuple(item for item in progress.left if item.is_set_aside)
        left = tuple(item for item in progress.left if not item.is_set_aside)
        refuses_batches = progress.refuses_batches
        if progress.one_by_one:
            break
    return BatchProgress(outcomes, left + set_aside, refuses_batches=refuses_batches)
