"""The progress of a send: the result of each record, and the feature's work item as the parent of the others.

No input or output. Each method returns a new value; the loop of the send keeps the newest one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from shared.domain.absence import below_failed_feature
from shared.domain.kind import Kind
from shared.domain.records import Feature, Record
from shared.domain.send_plan import Family
from shared.domain.unfinished_sends import is_left
from shared.errors import FeatureBusy, UnlinkedMeanwhile
from shared.sending.outcome import Outcome, deferred, failed
from shared.sending.record_state import RecordState
from shared.sending.result import RecordResult, SentWorkItem
from shared.sending.upload_results import UploadResults


@dataclass(frozen=True)
class Parent:
    """The feature as the parent of its requirements.

    `work_item_id`: its work item, once there is one. `obstacle`: the outcome of the feature after which this send puts
    nothing more below it.
    """

    work_item_id: int | None = None
    obstacle: Outcome | None = None

    def after_look(self, state: RecordState | None) -> Parent:
        """The parent after the feature was read; `state` is None if the feature was settled before."""
        if state is None:
            return self
        if state.error is not None:
            # Nothing is done for the feature. Work items that are already below its work item stay there.
            return Parent(state.known_work_item_id, failed(state.error))
        return replace(self, work_item_id=state.work_item.id if state.work_item else None)

    def after(self, outcome: Outcome) -> Parent:
        """The parent after an outcome of the feature. A failed update leaves the work item in place."""
        if outcome.work_item is not None:
            return replace(self, work_item_id=outcome.work_item.id)
        if self.work_item_id is not None or outcome.is_retried_in_this_send:
            return self
        return replace(self, obstacle=outcome)


def outcome_below(obstacle: Outcome, record: Record) -> Outcome | None:
    """The outcome of a requirement that belongs below a feature with this outcome; None if the feature has no error."""
    if obstacle.error is None:
        return None
    if obstacle.is_pending:
        return deferred(obstacle.error)
    return failed(below_failed_feature(record.reference_or_id, obstacle.error))


@dataclass(frozen=True)
class Progress:
    """The results so far, by Aha! id in the order of the payload, and the feature as the parent.

    `linked`: the ids of the records that had a link when this send read them.
    """

    feature: Feature
    results: Mapping[str, RecordResult]
    parent: Parent = Parent()
    linked: frozenset[str] = frozenset()

    @classmethod
    def at_start(cls, feature: Feature) -> Progress:
        """The progress before anything was read."""
        return cls(feature, {record.id: RecordResult(record) for record in feature.records})

    @property
    def outstanding(self) -> list[Record]:
        """The records that are not settled."""
        return [result.record for result in self.results.values() if not result.is_settled]

    def family_of(self, kind: Kind) -> Family:
        """The feature of a requirement, or the requirements of the feature, as far as they are known now."""
        if kind is Kind.REQUIREMENT:
            return Family(self.feature.record.id, self.parent.work_item_id)
        listed = tuple(record.id for record in self.feature.requirements)
        return Family(requirement_ids=listed if self.feature.lists_requirements else None)

    def after_look(self, states: Mapping[str, RecordState]) -> Progress:
        """The progress after the outstanding records were read."""
        linked = self.linked | {key for key, state in states.items() if state.stored is not None}
        parent = self.parent.after_look(states.get(self.feature.record.id))
        return replace(self, parent=parent, linked=linked)

    def with_unlinked_as_errors(
        self, states: Mapping[str, RecordState], claimed: Collection[str]
    ) -> dict[str, RecordState]:
        """The states, with an error for records that were unlinked while this send ran.

        A record whose work item this send created, and that has no claim any more, gets the error, too: somebody
        deleted the integration, for example. `claimed`: the records that this send has claimed, because it found their
        work items deleted.
        """

        def is_unlinked(key: str, state: RecordState) -> bool:
            is_free = state.stored is None and state.error is None and not state.is_claimed_elsewhere
            was_here = key in self.linked or self.results[key].done is not None
            return is_free and was_here and key not in claimed

        return {
            key: replace(state, error=_unlinked(state.record)) if is_unlinked(key, state) else state
            for key, state in states.items()
        }

    def with_errors_of(self, states: Iterable[RecordState]) -> Progress:
        """The progress with the errors of records for which nothing is done."""
        results: list[RecordResult] = []
        parent = self.parent
        for state in states:
            if state.error is None:
                continue
            work_item = SentWorkItem.of_link(state.link) if state.link else None
            results.append(self.results[state.record.id].given_up(failed(state.error), work_item))
            if state.record.id == self.feature.record.id:
                parent = parent.after_look(state)
        return replace(self.with_results(results), parent=parent)

    def after_outcomes(self, outcomes: Mapping[str, Outcome]) -> Progress:
        """The progress after these outcomes. That of the feature, if there is one, matters for its requirements."""
        feature = outcomes.get(self.feature.record.id)
        return replace(self, parent=self.parent.after(feature)) if feature else self

    def is_last(self, outcomes: Mapping[str, Outcome], uploads: UploadResults, *, by_timer: bool) -> bool:
        """Whether these outcomes complete the send, so that nothing is left to the timer.

        `by_timer`: the timer runs this send itself.
        """
        results = [result for key, result in self.results.items() if key not in outcomes]
        return (
            all(result.is_final(by_timer=by_timer) for result in results)
            and all(outcome.is_final(by_timer=by_timer) for outcome in outcomes.values())
            and not any(is_left(error, by_timer=by_timer) for error in uploads.failures.values())
        )

    def with_results(self, results: Iterable[RecordResult]) -> Progress:
        """The progress with new results of some records."""
        return replace(self, results={**self.results, **{result.record.id: result for result in results}})

    def at_end(self, claimed_elsewhere: Iterable[str]) -> Progress:
        """The progress at the end of the send. Records that another send holds fail as busy."""
        name = self.feature.record.reference or "the same feature"
        busy = FeatureBusy(
            f"Another send of {name} is running and has not finished. Send it again in a few seconds.",
            retry_after=5,
        )
        waiting = [self.results[record_id] for record_id in claimed_elsewhere]
        return self.with_results(replace(result, error=busy) for result in waiting if not result.is_settled)


def _unlinked(record: Record) -> UnlinkedMeanwhile:
    name = record.reference_or_id
    return UnlinkedMeanwhile(
        f"{name} was unlinked while this send was running, so the send stopped for it. To create a new work item, send "
        f"{name} again."
    )
