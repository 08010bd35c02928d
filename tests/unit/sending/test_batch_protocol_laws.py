"""What holds for the batch protocol whatever Azure DevOps answers, and in whatever order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.work_item import WorkItem
from shared.errors import (
    CredentialsRejected,
    Defect,
    Forbidden,
    OperationFailed,
    RevisionConflict,
    RuleViolation,
    System,
    TimeSpent,
    Unavailable,
)
from shared.sending.batch_protocol import MOST_OPERATIONS
from shared.sending.batch_requests import (
    FindCreated,
    HoldClaims,
    NotSendable,
    Pause,
    Refusals,
    Report,
    SendBatch,
    SendOne,
)
from shared.sending.outcome import OutcomeKind
from shared.sending.work_item_write import WorkItemWrite
from tests.unit.sending.protocol_driver import (
    FIELD_FAULT,
    NOTHING_REFUSED,
    PARENT_FAULT,
    REVISION_CONFLICT,
    SAYS_NOTHING,
    SERVICE_ERROR,
    WHOLE_FAILED,
    Run,
    all_found,
    batch_answered,
    drive,
    entry,
    requirements,
    success,
    the_feature,
    update,
    work_item,
)

BROKEN = Unavailable(System.AZURE_DEVOPS, "broken", outcome_unknown=True)
TIMED_OUT = Unavailable(System.AZURE_DEVOPS, "timed out", outcome_unknown=True, may_still_run=True)
THROTTLED = Unavailable(System.AZURE_DEVOPS, "throttled", retry_after=1)
UNREACHABLE = Unavailable(System.AZURE_DEVOPS, "unreachable")
TIME_SPENT = TimeSpent(System.AZURE_DEVOPS, "over", retry_after=1)
REJECTED = CredentialsRejected(System.AZURE_DEVOPS, "expired")
REFUSALS = [RuleViolation(System.AZURE_DEVOPS, "rule"), Forbidden(System.AZURE_DEVOPS, "right")]
NOT_SENT = [THROTTLED, UNREACHABLE, TIME_SPENT, REJECTED]
DEFECT = Defect("a defect of this app, perhaps after the request was sent")
NEVER_AGAIN = [TIMED_OUT, DEFECT]
"""After these the request may still be carried out."""

REFUSED_ENTRIES = [FIELD_FAULT, PARENT_FAULT, entry(403, "no right")]
NOT_DONE_ENTRIES = [WHOLE_FAILED, entry(401, "TF400813: not authorized")]
DOUBTFUL_ENTRIES = [
    SERVICE_ERROR,
    entry(503, "busy"),
    entry(520, "TF401320: Rule Error for field Team. Error code: Required, InvalidEmpty."),
    entry(400, "TF401349: An unexpected error occurred."),
    entry(409, "busy"),
    {"code": 400, "body": '{"message": "TF4013'},
    {"code": 403, "body": "<!DOCTYPE html><title>Blocked</title>"},
    {"code": 404, "body": ""},
    {"code": 524, "body": None},
]


@dataclass(frozen=True)
class Plan:
    """The writes of a round, and what is known before it."""

    writes: tuple[WorkItemWrite, ...]
    feature_id: int | None
    refusals: Refusals


def plans(most_requirements: int = 4) -> st.SearchStrategy[Plan]:
    """Rounds of all kinds: the feature is created, updated, or already as it should be."""

    def plan(
        feature: str, new: int, updates: Sequence[bool], refuses_batches: bool, refuses_ids: bool
    ) -> Plan:
        first = {"new": [the_feature()], "changed": [the_feature(7)], "unchanged": []}[feature]
        changed = [update(number, moves=moves) for number, moves in enumerate(updates, 1)]
        refusals = Refusals(refuses_batches, refuses_ids)
        return Plan((*first, *requirements(new), *changed), None if feature == "new" else 7, refusals)

    return st.builds(
        plan,
        st.sampled_from(["new", "new", "changed", "unchanged"]),
        st.integers(0, most_requirements),
        st.lists(st.booleans(), max_size=3),
        st.sampled_from([False, False, False, True]),
        st.sampled_from([False, False, False, True]),
    )


@dataclass
class AnyAnswers:
    """Answers anything at all, and checks at each request what must be true of it.

    `unanswered` are the creates whose work items may exist, as far as the answers tell. `lost` are those whose claims
    another send took over.
    """

    data: st.DataObject
    unanswered: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    _held: set[str] = field(default_factory=set)
    _to_search: set[str] = field(default_factory=set)
    _never_again: set[str] = field(default_factory=set)

    def __call__(self, request: Any) -> Any:
        if isinstance(request, Pause):
            return self._one_of([True, True, False])
        if isinstance(request, HoldClaims):
            return self._hold(request)
        if isinstance(request, FindCreated):
            return self._search(request)
        writes = request.writes if isinstance(request, SendBatch) else (request.write,)
        creates = [write.record_id for write in writes if write.creates]
        assert set(creates) <= self._held, "A create was requested without holding its claim."
        assert not self._to_search & set(creates), "A create was repeated without a search."
        assert not self._never_again & set(creates), "A create that may still run was repeated."
        self._held -= set(creates)
        if isinstance(request, SendBatch):
            _check_parent(request)
            return self._batch(request, creates)
        return self._single(request.write)

    def _hold(self, request: HoldClaims) -> frozenset[str]:
        wanted = {write.record_id for write in request.writes}
        lost = {key for key in sorted(wanted) if self._one_of([False] * 7 + [True])}
        assert not wanted & self.lost, "A claim that was lost was to be held again."
        self.lost |= lost
        self._held |= wanted - lost
        return frozenset(lost)

    def _search(self, request: FindCreated) -> Any:
        if self._one_of([False] * 5 + [True]):
            return self._one_of([BROKEN, *NOT_SENT, *REFUSALS])
        found = {key: item for key, item in all_found(request).items() if self._one_of([True, False, False])}
        self._to_search -= {write.record_id for write in request.writes}
        self.unanswered -= set(found)
        return found

    def _batch(self, request: SendBatch, creates: list[str]) -> Any:
        answer = self._one_of(
            ["entries"] * 4 + [BROKEN, *NEVER_AGAIN, *NOT_SENT, *REFUSALS, "no meaning", "not sendable"]
        )
        if answer == "not sendable":
            return NotSendable({self._one_of(list(request.writes)).record_id: DEFECT})
        if answer == "no meaning":
            self._leave_in_doubt(creates)
            return SAYS_NOTHING
        if answer == "entries":
            return batch_answered(
                request, *(self._entry(write, request.parent_id) for write in request.writes)
            )
        if answer in (BROKEN, *NEVER_AGAIN):
            self._leave_in_doubt(creates)
        if answer in NEVER_AGAIN:
            self._never_again |= set(creates)
        return answer

    def _entry(self, write: WorkItemWrite, parent_id: int | None) -> Any:
        given = self._one_of(
            [success, success, WHOLE_FAILED, *NOT_DONE_ENTRIES, *REFUSED_ENTRIES, *DOUBTFUL_ENTRIES]
            + ([] if write.creates else [REVISION_CONFLICT])
        )
        if given is success:
            self.unanswered.discard(write.record_id)
            return success(write)
        if given in DOUBTFUL_ENTRIES and write.creates:
            self._leave_in_doubt([write.record_id])
        # Below a temporary id, only a refusal that names fields is about the create and not about the id.
        is_below_temporary_id = write.goes_below_feature and parent_id is None
        if given is FIELD_FAULT or (given in REFUSED_ENTRIES and not is_below_temporary_id):
            self.unanswered.discard(write.record_id)
        return given

    def _single(self, write: WorkItemWrite) -> Any:
        answers: list[Any] = ["done", "done", BROKEN, *NEVER_AGAIN, *NOT_SENT, *REFUSALS, "not sendable"]
        answer = self._one_of(answers if write.creates else [*answers, RevisionConflict("conflict")])
        if answer == "not sendable":
            return NotSendable({write.record_id: DEFECT})
        if answer == "done":
            self.unanswered.discard(write.record_id)
            return work_item(write)
        if answer in REFUSALS:
            self.unanswered.discard(write.record_id)
        if answer in (BROKEN, *NEVER_AGAIN) and write.creates:
            self._leave_in_doubt([write.record_id])
        if answer in NEVER_AGAIN:
            self._never_again.add(write.record_id)
        return answer

    def _leave_in_doubt(self, creates: Iterable[str]) -> None:
        self.unanswered |= set(creates)
        self._to_search |= set(creates)

    def _one_of(self, values: list[Any]) -> Any:
        return values[self.data.draw(st.integers(0, len(values) - 1))]


def _check_parent(request: SendBatch) -> None:
    """What goes below a temporary id is sent together with the feature, which is the first."""
    below = [write for write in request.writes if write.goes_below_feature]
    if request.parent_id is None and below:
        assert request.writes[0].is_feature
        assert request.writes[0].creates
        assert all(write.creates for write in below)


def run_of(plan: Plan, answers: Callable[[Any], Any], data: st.DataObject) -> Run:
    """The run of a plan, with its requests answered in any order."""
    return drive(
        plan.writes,
        answers,
        feature_id=plan.feature_id,
        refusals=plan.refusals,
        choose=lambda count: data.draw(st.integers(0, count - 1)) if count > 1 else 0,
    )


@given(plans(), st.data())
@settings(max_examples=300)
def test_every_write_is_reported_once_and_not_requested_again_afterwards(
    plan: Plan, data: st.DataObject
) -> None:
    run = run_of(plan, AnyAnswers(data), data)

    assert set(run.outcomes) == {write.record_id for write in plan.writes}
    reported: set[str] = set()
    for step in run.steps:
        if isinstance(step, Report):
            reported |= set(step.outcomes)
        elif isinstance(step, SendBatch | FindCreated):
            assert not reported & {write.record_id for write in step.writes}
        elif isinstance(step, SendOne):
            assert step.write.record_id not in reported


@given(plans(), st.data())
@settings(max_examples=300)
def test_the_claim_of_a_create_that_may_have_been_done_is_never_given_back(
    plan: Plan, data: st.DataObject
) -> None:
    answers = AnyAnswers(data)

    run = run_of(plan, answers, data)

    for record_id, outcome in run.outcomes.items():
        if record_id in answers.unanswered - answers.lost:
            assert outcome.kind is OutcomeKind.UNKNOWN
        if outcome.kind is OutcomeKind.UNKNOWN:
            assert record_id in answers.unanswered, "Its claim holds up the next send for nothing."


@given(plans(), st.data())
def test_an_outcome_has_a_work_item_or_an_error(plan: Plan, data: st.DataObject) -> None:
    run = run_of(plan, AnyAnswers(data), data)

    writes = {write.record_id: write for write in plan.writes}
    for record_id, outcome in run.outcomes.items():
        assert (outcome.work_item is None) is (outcome.error is not None)
        if outcome.work_item is not None:
            expected = OutcomeKind.CREATED if writes[record_id].creates else OutcomeKind.UPDATED
            assert outcome.kind is expected
            assert outcome.work_item.id == work_item(writes[record_id]).id


@given(st.integers(0, 260), st.sampled_from([None, 7]), st.data())
@settings(max_examples=40)
def test_no_batch_has_more_than_fifty_operations(
    count: int, feature_id: int | None, data: st.DataObject
) -> None:
    first = [the_feature()] if feature_id is None else []
    moved = [update(number, moves=True) for number in range(1, count // 3)]
    plan = Plan((*first, *requirements(count), *moved), feature_id, NOTHING_REFUSED)
    lost = [BROKEN, THROTTLED]

    def answers(request: Any) -> Any:
        if isinstance(request, SendBatch):
            if data.draw(st.booleans()) and lost:
                return lost.pop()
            return batch_answered(request, *map(success, request.writes))
        if isinstance(request, SendOne):
            return work_item(request.write)
        return {Pause: True, HoldClaims: frozenset(), FindCreated: {}}[type(request)]

    run = run_of(plan, answers, data)

    batches = [step for step in run.steps if isinstance(step, SendBatch)]
    assert all(0 < len(batch.writes) <= MOST_OPERATIONS for batch in batches)
    assert {outcome.kind for outcome in run.outcomes.values()} <= {OutcomeKind.CREATED, OutcomeKind.UPDATED}
    assert set(run.outcomes) == {write.record_id for write in plan.writes}


@dataclass
class RealAnswers:
    """An Azure DevOps that carries requests out or not, and whose answers arrive or not. Its searches are truthful.

    `made` are the work items of each record; `late` those that a request makes after the send is over.
    """

    data: st.DataObject
    made: dict[str, list[WorkItem]] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)

    def __call__(self, request: Any) -> Any:
        if isinstance(request, Pause):
            return True
        if isinstance(request, HoldClaims):
            return frozenset()
        if isinstance(request, FindCreated):
            if self._one_of([False, False, False, True]):
                return UNREACHABLE
            return {
                write.record_id: self.made[write.record_id][0]
                for write in request.writes
                if write.record_id in self.made
            }
        if isinstance(request, SendBatch):
            return self._batch(request)
        return self._single(request.write)

    def _single(self, write: WorkItemWrite) -> Any:
        failure = self._one_of([None, None, BROKEN, *NEVER_AGAIN, *NOT_SENT, *REFUSALS])
        if failure is None:
            self._make(write)
            return work_item(write)
        self._after(failure, [write])
        return failure

    def _batch(self, request: SendBatch) -> Any:
        failure = self._one_of([None, None, None, BROKEN, *NEVER_AGAIN, *NOT_SENT, *REFUSALS])
        if failure is not None:
            self._after(failure, request.writes)
            return failure
        if self._one_of([True, False]):
            return self._all_or_nothing(request)
        return self._independent(request)

    def _all_or_nothing(self, request: SendBatch) -> Any:
        at_fault = self._one_of([None, None, *request.writes])
        if at_fault is None:
            for write in request.writes:
                self._make(write)
            value = [success(write) for write in request.writes]
        else:
            fault = self._one_of([*REFUSED_ENTRIES, SERVICE_ERROR])
            value = [fault if write is at_fault else WHOLE_FAILED for write in request.writes]
        return batch_answered(request, *self._one_of([value, value, value[1:]]))

    def _independent(self, request: SendBatch) -> Any:
        value = []
        for write in request.writes:
            given = self._one_of([success, success, *REFUSED_ENTRIES, SERVICE_ERROR])
            if given is success or (given is SERVICE_ERROR and self._one_of([True, False])):
                self._make(write)
            value.append(success(write) if given is success else given)
        return batch_answered(request, *self._one_of([value, value, value[1:]]))

    def _after(self, failure: OperationFailed, writes: Sequence[WorkItemWrite]) -> None:
        """What a request without an answer did, or does later."""
        if failure in (BROKEN, *NEVER_AGAIN) and self._one_of([True, False]):
            for write in writes:
                self._make(write)
        elif failure in NEVER_AGAIN and self._one_of([True, False]):
            self.late += [write.record_id for write in writes if write.creates]

    def _make(self, write: WorkItemWrite) -> None:
        if write.creates:
            self.made.setdefault(write.record_id, []).append(work_item(write))

    def _one_of(self, values: list[Any]) -> Any:
        return values[self.data.draw(st.integers(0, len(values) - 1))]


@given(plans(), st.data())
@settings(max_examples=300)
def test_no_record_gets_two_work_items_and_none_that_nobody_looks_for(
    plan: Plan, data: st.DataObject
) -> None:
    azure_devops = RealAnswers(data)

    run = run_of(plan, azure_devops, data)

    for write in plan.writes:
        if not write.creates:
            continue
        count = len(azure_devops.made.get(write.record_id, ())) + azure_devops.late.count(write.record_id)
        kind = run.outcomes[write.record_id].kind
        assert count <= 1
        if kind is OutcomeKind.CREATED:
            assert count == 1
        elif kind is not OutcomeKind.UNKNOWN:
            assert count == 0, "The claim is given back although a work item exists."
