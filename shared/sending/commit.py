"""Commit: record what a send did, in the links first, then in the results and the log. One thread does this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.clock import Clock
from shared.domain.effects import missing_effects
from shared.domain.intentions import without_intentions_of
from shared.domain.kind import Kind
from shared.domain.links import Link, RecordError
from shared.domain.records import Feature, Record
from shared.domain.send_plan import Family, RecordPlan, link_after
from shared.domain.unfinished_sends import is_left
from shared.domain.work_item import WorkItem
from shared.errors import FeatureBusy, OperationFailed, System, TimeSpent, Unavailable
from shared.isolation import isolated
from shared.operation import Operation
from shared.sending.link_backs import LinkBacks
from shared.sending.outcome import Outcome, OutcomeKind, failed, unknown
from shared.sending.own_claims import OwnClaims
from shared.sending.record_state import RecordState, name_of
from shared.sending.result import RecordResult, SentWorkItem
from shared.sending.send_log import SendLog
from shared.sending.upload_results import UploadResults
from shared.storage.links import LinkChanges, LinkStore, StoredClaim, StoredLink
from shared.storage.unfinished_sends import SendNote


@dataclass(frozen=True)
class Decided:
    """A record as it was found, and what is done for it."""

    state: RecordState
    plan: RecordPlan

    @property
    def makes_link(self) -> bool:
        """Whether the record gets a new link, for which it must be claimed."""
        return self.plan.creates or self.state.stored is None


class Commits:
    """The results of one send, by Aha! id, and the feature's work item once it exists.

    `feature_error`: why nothing is done for the feature itself.
    """

    def __init__(
        self,
        links: LinkStore,
        integration_id: str,
        feature: Feature,
        claims: OwnClaims,
        log: SendLog,
        operation: Operation,
        clock: Clock,
        note: SendNote,
        link_backs: LinkBacks,
    ) -> None:
        self._note_of_send = note
        self._links = links
        self._integration_id = integration_id
        self._feature = feature
        self._claims = claims
        self._log = log
        self._operation = operation
        self._clock = clock
        self._link_backs = link_backs
        self.feature_work_item_id: int | None = None
        self.feature_error: OperationFailed | None = None
        self.results = {record.id: RecordResult(record) for record in feature.records}

    def outstanding(self) -> list[Record]:
        """The records that are not settled."""
        return [result.record for result in self.results.values() if not result.is_settled]

    def family_of(self, kind: Kind) -> Family:
        """Where a record of this send belongs, as far as it is known now."""
        if kind is Kind.REQUIREMENT:
            return Family(self._feature.record.id, self.feature_work_item_id)
        listed = tuple(record.id for record in self._feature.requirements)
        return Family(requirement_ids=listed if self._feature.lists_requirements else None)

    def commit(
        self, outcomes: Mapping[str, Outcome], decided: Mapping[str, Decided], uploads: UploadResults
    ) -> None:
        """Record the outcomes of some records.

        A record whose link somebody else changed at the same time stays outstanding, and so does one whose write was
        put off by such a change.
        """
        if not outcomes:
            return
        outcomes = {key: self._believed(outcome, decided[key], uploads) for key, outcome in outcomes.items()}
        feature = outcomes.get(self._feature.record.id)
        if feature is not None and feature.work_item is not None:
            self.feature_work_item_id = feature.work_item.id
        done = {key: outcome for key, outcome in outcomes.items() if outcome.work_item is not None}
        self._commit_done(done, decided, uploads, is_last=self._is_last(outcomes, uploads))
        not_done = {key: outcome for key, outcome in outcomes.items() if key not in done}
        self._note_failures(not_done, decided)
        for record_id, outcome in not_done.items():
            self._commit_not_done(outcome, decided[record_id])
        not_created = (OutcomeKind.FAILED, OutcomeKind.DEFERRED)
        self._claims.release([key for key, item in outcomes.items() if item.kind in not_created])
        self._claims.spend([key for key, item in outcomes.items() if item.kind is OutcomeKind.UNKNOWN])

    def _is_last(self, outcomes: Mapping[str, Outcome], uploads: UploadResults) -> bool:
        """Whether the send has gone through with these outcomes, and leaves nothing to the timer."""
        results = [result for key, result in self.results.items() if key not in outcomes]
        by_timer = self._note_of_send.is_of_timer
        return (
            all(result.is_final(by_timer=by_timer) for result in results)
            and all(outcome.is_final(by_timer=by_timer) for outcome in outcomes.values())
            and not any(is_left(error, by_timer=by_timer) for error in uploads.failures.values())
        )

    def _believed(self, outcome: Outcome, decided: Decided, uploads: UploadResults) -> Outcome:
        """The outcome of a write, if the answer shows what was written. The status of an answer is no proof."""
        if outcome.work_item is None or outcome.kind is OutcomeKind.UNCHANGED or outcome.was_found:
            return outcome
        uploaded = uploads.files_of(decided.plan.files.to_upload)
        missing = missing_effects(decided.plan, uploaded, outcome.work_item)
        if not missing:
            return outcome
        error = Unavailable(
            System.AZURE_DEVOPS,
            f"Azure DevOps answered with success, but the answer does not show {', '.join(missing)}. Send it again: "
            "the next send looks at what was done.",
            outcome_unknown=True,
            evidence={"work_item_id": outcome.work_item.id},
        )
        return unknown(error) if outcome.kind is OutcomeKind.CREATED else failed(error)

    def give_up(self, states: Mapping[str, RecordState]) -> None:
        """Record the errors of records for which nothing is done. Their links stay."""
        for record_id, state in states.items():
            if state.error is None:
                continue
            link = state.link
            if record_id == self._feature.record.id:
                self.feature_error = state.error
                self.feature_work_item_id = link.work_item_id if link else state.known_work_item_id
            self.results[record_id] = self.results[record_id].given_up(
                failed(state.error), SentWorkItem.of_link(link) if link else None
            )
            self._log.failed(state.record, state.error)
        self._claims.release(list(states))

    def conclude(self, claimed_elsewhere: frozenset[str]) -> None:
        """Answer for the records that are still outstanding.

        Raises:
            OperationFailed: nothing can be said of the feature itself but this.
        """
        outstanding = [record.id for record in self.outstanding()]
        self._claims.release(outstanding)
        for record_id in outstanding:
            if record_id in claimed_elsewhere:
                busy = FeatureBusy(
                    f"Another send of {self._feature.record.reference or 'the same feature'} is running and has not "
                    "finished. Send it again in a few seconds.",
                    retry_after=5,
                )
                self.results[record_id] = replace(self.results[record_id], error=busy)
        feature = self.results[self._feature.record.id]
        is_hopeful = feature.error is None or isinstance(feature.error, TimeSpent)
        if feature.work_item is None and feature.error is not None and not is_hopeful:
            raise feature.error

    def _commit_done(
        self,
        done: Mapping[str, Outcome],
        decided: Mapping[str, Decided],
        uploads: UploadResults,
        *,
        is_last: bool,
    ) -> None:
        # A work item that was adopted without a write is claimed only now.
        to_claim = [decided[key].state.record for key in done if decided[key].makes_link]
        claims = self._claims.take(to_claim, self._note_of_send)
        now = self._clock.now()
        established: list[tuple[StoredClaim, Link]] = []
        replaced: list[tuple[StoredLink, Link]] = []
        settled = set(done)
        stopped: dict[str, Outcome] = {}
        written = {key: item.work_item for key, item in done.items() if item.work_item is not None}

        def link_after_commit(key: str) -> Link:
            return self._link_after(decided[key], written[key], uploads)

        attempt = isolated(link_after_commit, self._operation, lambda key: name_of(decided[key].state.record))
        for key, outcome in done.items():
            item, claim, work_item = decided[key], claims.get(key), outcome.work_item
            if work_item is None:
                continue
            link = attempt(key)
            if isinstance(link, OperationFailed):
                stopped[key] = unknown(link)
                continue
            if item.makes_link and claim is not None:
                established.append((claim, replace(link, sent_at=now)))
            elif item.makes_link or item.state.stored is None:
                settled.discard(key)
                continue
            elif link != item.state.stored.link:
                replaced.append((item.state.stored, replace(link, sent_at=now)))
            else:
                self._link_backs.stored(item.state.stored)
            self._link_backs.begin(item.state.record, link, is_new=item.state.stored is None)
        is_last = is_last and settled == set(done) and not stopped
        settled -= self._store(LinkChanges(established=established, replaced=replaced), is_last=is_last)
        self._claims.spend(list(claims))
        for key, outcome in stopped.items():
            self._commit_not_done(outcome, decided[key])
        for key, outcome in done.items():
            if key in stopped:
                continue
            self._note(outcome, decided[key])
            if key in settled:
                self._settle(outcome, decided[key], uploads)

    def _link_after(self, decided: Decided, work_item: WorkItem, uploads: UploadResults) -> Link:
        # The feature's work item may have been created by the same round.
        plan = replace(decided.plan, family=self.family_of(decided.plan.record.kind))
        before = None if decided.makes_link else decided.state.link
        uploaded = uploads.files_of(plan.files.to_upload)
        return link_after(plan, before, work_item, uploaded, self._operation.id)

    def _store(self, changes: LinkChanges, *, is_last: bool = False) -> frozenset[str]:
        """Store links; the ids of those that somebody else changed. With the last ones, the send's note is removed."""
        if not changes.established and not changes.replaced:
            return frozenset()
        also = self._note_of_send.removal() if is_last else None
        written = self._links.write(self._integration_id, changes, also)
        self._note_of_send.carried_out(written.also_etag)
        self._log.links_changed(written.left_out)
        for stored in written.links.values():
            self._link_backs.stored(stored)
        return frozenset(written.left_out)

    def _note(self, outcome: Outcome, decided: Decided) -> None:
        key = decided.plan.record.id
        self.results[key] = self.results[key].noted(decided.plan, outcome)
        if outcome.work_item is not None:
            self._log.done(decided.plan, outcome.work_item, outcome)

    def _settle(self, outcome: Outcome, decided: Decided, uploads: UploadResults) -> None:
        key, link = decided.plan.record.id, decided.state.link
        if outcome.work_item is None:
            return
        known_url = link.work_item_url if link else ""
        self.results[key] = self.results[key].settled(decided.plan, outcome.work_item, uploads, known_url)
        plan = replace(decided.plan, family=self.family_of(decided.plan.record.kind))
        self._log.settled(plan, link)

    def _note_failures(self, outcomes: Mapping[str, Outcome], decided: Mapping[str, Decided]) -> None:
        """Record in the links of updates why they failed.

        The intention of a write that was refused is removed, so that nobody takes a person's next edit for that write.
        """
        changes: list[tuple[StoredLink, Link]] = []
        for key, outcome in outcomes.items():
            stored = decided[key].state.stored
            if stored is None or decided[key].plan.creates:
                continue
            link = stored.link
            if outcome.changed_nothing:
                link = without_intentions_of(link, self._operation.id)
            if outcome.kind is OutcomeKind.FAILED and outcome.error is not None:
                error = RecordError(
                    self._clock.now(), outcome.error.code, outcome.error.detail, self._operation.id
                )
                link = replace(link, last_error=error)
            if link != stored.link:
                changes.append((stored, link))
        self._store(LinkChanges(replaced=changes))

    def _commit_not_done(self, outcome: Outcome, decided: Decided) -> None:
        record = decided.plan.record
        if outcome.error is None:
            return
        if outcome.is_retried_now:
            self._log.retried(record, outcome.error)
            return
        item = decided.state.work_item
        self.results[record.id] = self.results[record.id].given_up(
            outcome, SentWorkItem.of(item) if item else None
        )
        self._log.failed(record, outcome.error)
