"""Commit: record the outcomes of a send in the links first, then in the results and the log. One thread does this."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from shared.errors import OperationFailed
from shared.isolation import isolated
from shared.sending.after_write import (
    ChangedLink,
    LinkChange,
    NewLink,
    SameLink,
    change_after_failure,
    change_to,
    planned_link,
    verified,
)
from shared.sending.context import SendContext
from shared.sending.link_backs import LinkBacks
from shared.sending.outcome import Outcome, OutcomeKind, unknown
from shared.sending.own_claims import OwnClaims
from shared.sending.progress import Progress
from shared.sending.record_state import PlannedRecord, RecordState, name_of
from shared.sending.result import RecordResult, SentWorkItem
from shared.sending.upload_results import UploadResults
from shared.storage.links import LinkChanges
from shared.storage.unfinished_sends import SendNote


@dataclass(frozen=True)
class CommitContext:
    """What a commit works with."""

    send: SendContext
    claims: OwnClaims
    note: SendNote
    link_backs: LinkBacks


def commit(
    progress: Progress,
    outcomes: Mapping[str, Outcome],
    planned: Mapping[str, PlannedRecord],
    uploads: UploadResults,
    context: CommitContext,
) -> Progress:
    """Record the outcomes of some records, and return the progress after that.

    A record stays outstanding if somebody else changed its link at the same time, or if such a change delayed its
    write.
    """
    if not outcomes:
        return progress
    outcomes = _verified(outcomes, planned, uploads, context)
    progress = progress.after_outcomes(outcomes)
    changes, stopped = _changes(progress, outcomes, planned, uploads, context)
    outcomes |= stopped
    _begin_link_backs(changes, planned, context)
    is_last = progress.is_last(outcomes, uploads, by_timer=context.note.is_of_timer)
    settled = _store(changes, context, may_be_last=is_last)
    progress = _record_done(progress, outcomes, planned, uploads, settled, context)
    return _record_not_done(progress, outcomes, planned, context)


def give_up(progress: Progress, states: Collection[RecordState], context: CommitContext) -> Progress:
    """Record the errors of records for which nothing is done. Their links do not change."""
    for state in states:
        if state.error is not None:
            context.send.log.failed(state.record, state.error)
    context.claims.release([state.record.id for state in states])
    return progress.with_errors_of(states)


def _verified(
    outcomes: Mapping[str, Outcome],
    planned: Mapping[str, PlannedRecord],
    uploads: UploadResults,
    context: CommitContext,
) -> dict[str, Outcome]:
    """The outcomes. A success whose answer does not show what was written becomes an error."""

    def verify(key: str) -> Outcome:
        return verified(outcomes[key], planned[key], uploads)

    attempt = isolated(verify, context.send.operation, lambda key: name_of(planned[key].state.record))
    answers = {key: attempt(key) for key in outcomes}
    return {
        key: unknown(answer) if isinstance(answer, OperationFailed) else answer
        for key, answer in answers.items()
    }


def _changes(
    progress: Progress,
    outcomes: Mapping[str, Outcome],
    planned: Mapping[str, PlannedRecord],
    uploads: UploadResults,
    context: CommitContext,
) -> tuple[dict[str, LinkChange | None], dict[str, Outcome]]:
    """The link changes of records that are as planned, and the outcomes of records that a defect stopped."""
    done = {key: outcome.work_item for key, outcome in outcomes.items() if outcome.work_item is not None}
    # A work item that was adopted without a write is claimed only now.
    to_claim = [planned[key].state.record for key in done if planned[key].creates_link]
    claims = context.claims.claim(to_claim, context.note)
    now = context.send.clock.now()

    def change(key: str) -> LinkChange | None:
        item = planned[key]
        family = progress.family_of(item.plan.record.kind)
        link = planned_link(item, done[key], family, uploads, context.send.operation.id)
        return change_to(link, item, claims.get(key), now)

    attempt = isolated(change, context.send.operation, lambda key: name_of(planned[key].state.record))
    results = {key: attempt(key) for key in done}
    stopped = {key: unknown(item) for key, item in results.items() if isinstance(item, OperationFailed)}
    return {key: item for key, item in results.items() if not isinstance(item, OperationFailed)}, stopped


def _begin_link_backs(
    changes: Mapping[str, LinkChange | None], planned: Mapping[str, PlannedRecord], context: CommitContext
) -> None:
    for key, change in changes.items():
        if change is not None:
            state = planned[key].state
            context.link_backs.begin(state.record, change.link, is_new=state.stored is None)


def _store(
    changes: Mapping[str, LinkChange | None], context: CommitContext, *, may_be_last: bool
) -> frozenset[str]:
    """Store links. Returns the ids of the records whose links are now up to date.

    `may_be_last`: the send is complete once all of them are stored. The note of the send is then removed with them.
    """
    made = [change for change in changes.values() if change is not None]
    same = {change.link.aha_id: change.stored for change in made if isinstance(change, SameLink)}
    to_write = LinkChanges(
        established=[(change.claim, change.link) for change in made if isinstance(change, NewLink)],
        replaced=[(change.stored, change.link) for change in made if isinstance(change, ChangedLink)],
    )
    for stored in same.values():
        context.link_backs.stored(stored)
    is_last = may_be_last and len(made) == len(changes)
    return frozenset(same) | _write(to_write, context, is_last=is_last)


def _write(changes: LinkChanges, context: CommitContext, *, is_last: bool = False) -> frozenset[str]:
    """Write links. Returns the ids of the records whose links were written."""
    if not changes.established and not changes.replaced:
        return frozenset()
    send, note = context.send, context.note
    written = send.links.write(send.integration_id, changes, note.removal() if is_last else None)
    note.carried_out(written.also_etag)
    send.log.links_changed(written.left_out)
    for stored in written.links.values():
        context.link_backs.stored(stored)
    return frozenset(written.links)


def _record_done(
    progress: Progress,
    outcomes: Mapping[str, Outcome],
    planned: Mapping[str, PlannedRecord],
    uploads: UploadResults,
    settled: Collection[str],
    context: CommitContext,
) -> Progress:
    """Record in results and log what is as planned. A record whose link was not stored stays outstanding."""
    results: list[RecordResult] = []
    for key, outcome in outcomes.items():
        plan, link = planned[key].plan, planned[key].state.link
        if outcome.work_item is None:
            continue
        context.send.log.done(plan, outcome.work_item, outcome)
        result = progress.results[key].written(plan, outcome)
        if key in settled:
            result = result.settled(plan, uploads, link.work_item_url if link else "")
            context.send.log.settled(replace(plan, family=progress.family_of(plan.record.kind)), link)
        results.append(result)
    context.claims.forget([result.record.id for result in results])
    return progress.with_results(results)


def _record_not_done(
    progress: Progress,
    outcomes: Mapping[str, Outcome],
    planned: Mapping[str, PlannedRecord],
    context: CommitContext,
) -> Progress:
    """Record in links, results and log what was not done, and why. What this send tries again stays outstanding."""
    failures = {key: outcome for key, outcome in outcomes.items() if outcome.error is not None}
    now = context.send.clock.now()
    changes = [
        change_after_failure(planned[key], failures[key], now, context.send.operation.id) for key in failures
    ]
    replaced = [(change.stored, change.link) for change in changes if change is not None]
    _write(LinkChanges(replaced=replaced), context)
    results: list[RecordResult] = []
    for key, outcome in failures.items():
        record, item, error = planned[key].plan.record, planned[key].state.work_item, outcome.error
        if error is None:
            continue
        if outcome.is_retried_in_this_send:
            context.send.log.retried(record, error)
            continue
        context.send.log.failed(record, error)
        results.append(progress.results[key].given_up(outcome, SentWorkItem.of(item) if item else None))
    _let_go_of_claims(failures, context)
    return progress.with_results(results)


def _let_go_of_claims(outcomes: Mapping[str, Outcome], context: CommitContext) -> None:
    """Give back the claims under which nothing was created. The others stay for the next send."""
    may_exist = [key for key, outcome in outcomes.items() if outcome.kind is OutcomeKind.UNKNOWN]
    context.claims.release([key for key in outcomes if key not in may_exist])
    context.claims.forget(may_exist)
