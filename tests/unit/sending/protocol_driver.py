"""Carries out the batch protocol against answers that a test gives.

Records are named F (the feature), R1, R2, … (new requirements) and U1, U2, … (existing work items). A created work item
has the id 100 (F) or 100 + n (Rn); Un is work item n.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.clients.capabilities import Capability
from shared.domain.subject import Subject
from shared.domain.work_item import WorkItem
from shared.log_events import LogEvent
from shared.sending.batch_answer import BatchAnswer, read_answer
from shared.sending.batch_protocol import write_all
from shared.sending.batch_requests import (
    FindCreated,
    HoldClaims,
    Log,
    Pause,
    Refusals,
    RememberRefusal,
    Report,
    SendBatch,
    SendOne,
    Start,
    Steps,
)
from shared.sending.outcome import Outcome, OutcomeKind
from shared.sending.work_item_write import WorkItemWrite

NOTHING_REFUSED = Refusals()
FABRIKAM = Subject(account_name="fabrikam")

NetworkRequest = SendBatch | SendOne | FindCreated | Pause
Answer = Any
"""What a request is answered; a callable gets the request and returns the answer."""


def the_feature(work_item_id: int | None = None) -> WorkItemWrite:
    """The feature's work item: a create, or an update of an existing one."""
    return WorkItemWrite("F", "Feature", work_item_id, [], is_feature=True)


def requirement(number: int) -> WorkItemWrite:
    """A new requirement, to be created below the feature's work item."""
    return WorkItemWrite(f"R{number}", "User Story", None, [], goes_below_feature=True)


def requirements(count: int) -> list[WorkItemWrite]:
    """So many new requirements."""
    return [requirement(number) for number in range(1, count + 1)]


def update(number: int, *, moves: bool = False) -> WorkItemWrite:
    """An update of an existing work item, which `moves` below the feature's."""
    return WorkItemWrite(f"U{number}", "User Story", number, [], goes_below_feature=moves)


def work_item(write: WorkItemWrite) -> WorkItem:
    """The work item that a write results in."""
    number = int(write.record_id[1:] or 0)
    is_new = write.work_item_id is None
    work_item_id = 100 + number if write.work_item_id is None else write.work_item_id
    return WorkItem(work_item_id, 1 if is_new else 2, write.work_item_type, "", "", "New", "")


def entry(code: int, message: str) -> dict[str, Any]:
    """The entry of a batch's answer for an operation that was not carried out."""
    return {"code": code, "body": json.dumps({"message": message})}


WHOLE_FAILED = entry(400, "TF401321: Whole Bulk failed.")
FIELD_FAULT = entry(400, "TF401320: Rule Error for field Team. Error code: Required, InvalidEmpty.")
PARENT_FAULT = entry(400, "TF201036: You cannot add a Child link between work items -1 and -2.")
SERVICE_ERROR = entry(500, "Something went wrong.")
REVISION_CONFLICT = entry(412, "VS403351: Test Operation for path /rev failed.")


def success(write: WorkItemWrite) -> dict[str, Any]:
    """The entry of a batch's answer for an operation that was carried out."""
    item = work_item(write)
    return {"code": 200, "body": json.dumps({"id": item.id, "rev": item.revision})}


def done(request: Any) -> Answer:
    """The answer to a request that was carried out."""
    if isinstance(request, SendOne):
        return work_item(request.write)
    return batch_answer()(request)


def batch_answer(
    entries: Mapping[str, Any] | None = None, *, otherwise: Any = success
) -> Callable[[Any], Any]:
    """The answer to a batch: the entries of these records; the others were carried out, or got `otherwise`."""

    def answer(request: Any) -> BatchAnswer:
        assert isinstance(request, SendBatch)
        given = entries or {}
        values = [given.get(write.record_id, otherwise) for write in request.writes]
        pairs = zip(request.writes, values, strict=True)
        return batch_answered(request, *(item(write) if callable(item) else item for write, item in pairs))

    return answer


def batch_answered(request: SendBatch, *entries: Any) -> BatchAnswer:
    """The answer to a batch that has these entries."""
    body = {"count": len(entries), "value": list(entries)}
    return BatchAnswer(read_answer(body, [FABRIKAM] * len(request.writes)))


SAYS_NOTHING = BatchAnswer(None)
"""An answer to a batch without the result of each operation."""


def nothing_found(request: Any) -> Answer:
    """The answer to a search that finds no work item."""
    assert isinstance(request, FindCreated)
    return {}


def all_found(request: Any) -> Answer:
    """The answer to a search that finds the work item of every create."""
    assert isinstance(request, FindCreated)
    return {write.record_id: work_item(write) for write in request.writes}


def found(*record_ids: str) -> Callable[[Any], Answer]:
    """The answer to a search that finds the work items of these records."""
    return lambda request: {key: item for key, item in all_found(request).items() if key in record_ids}


@dataclass
class Script:
    """Answers requests one after the other. Pauses and claims are not in the script.

    `has_time`: whether the operation has time for pauses. `lost_claims`: for each time that claims are to be held, the
    records whose claims are lost then.
    """

    answers: Sequence[Answer]
    has_time: bool = True
    lost_claims: Sequence[Iterable[str]] = ()

    def __post_init__(self) -> None:
        self._answers = iter(self.answers)
        self._lost = iter(self.lost_claims)

    def __call__(self, request: Any) -> Answer:
        if isinstance(request, Pause):
            return self.has_time
        if isinstance(request, HoldClaims):
            wanted = {write.record_id for write in request.writes}
            return frozenset(next(self._lost, ())) & wanted
        answer = next(self._answers, None)
        assert answer is not None, f"The script has no answer to {shown(request)}."
        return answer(request) if callable(answer) else answer

    def assert_used_up(self) -> None:
        """Every answer was asked for."""
        assert next(self._answers, None) is None, "Fewer requests were made than the script has answers."


@dataclass
class Run:
    """What the protocol wanted, in order.

    `steps` are requests of the network, claims to hold and reports; `at_once` are the requests that ran side by side
    with each request.
    """

    steps: list[Any] = field(default_factory=list)
    at_once: list[tuple[str, ...]] = field(default_factory=list)
    refusals: list[Capability] = field(default_factory=list)
    events: list[LogEvent] = field(default_factory=list)

    @property
    def requests(self) -> list[str]:
        """The network's requests, as `shown`."""
        return [shown(step) for step in self.steps if isinstance(step, NetworkRequest)]

    @property
    def sent(self) -> list[str]:
        """The requests without pauses."""
        return [request for request in self.requests if not request.startswith("pause")]

    @property
    def held(self) -> list[str]:
        """The records whose claims were to be held, each time."""
        return [_names(step.writes) for step in self.steps if isinstance(step, HoldClaims)]

    @property
    def reports(self) -> list[Mapping[str, Outcome]]:
        """The outcomes by record id, one entry for each report."""
        return [step.outcomes for step in self.steps if isinstance(step, Report)]

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """The outcome of each record. No record is reported twice."""
        pairs = [pair for report in self.reports for pair in report.items()]
        assert len({key for key, _ in pairs}) == len(pairs), "A record was reported twice."
        return dict(pairs)

    @property
    def kinds(self) -> dict[str, OutcomeKind]:
        """The kind of each record's outcome."""
        return {key: outcome.kind for key, outcome in self.outcomes.items()}

    def error(self, record_id: str) -> Exception:
        """The error of a record's outcome."""
        error = self.outcomes[record_id].error
        assert error is not None
        return error


def shown(request: Any) -> str:
    """A request in words: `batch F R1`, `batch R1 R2 below 100`, `alone R1 below 100`, `search F`, `pause 0.2`."""
    if isinstance(request, Pause):
        return f"pause {request.seconds}"
    if isinstance(request, FindCreated):
        return f"search {_names(request.writes)}"
    assert isinstance(request, SendBatch | SendOne)
    writes = request.writes if isinstance(request, SendBatch) else (request.write,)
    name = "batch" if isinstance(request, SendBatch) else "alone"
    below = f" below {request.parent_id}" if request.parent_id is not None else ""
    return f"{name} {_names(writes)}{below}"


def _names(writes: Iterable[WorkItemWrite]) -> str:
    return " ".join(write.record_id for write in writes)


def first(count: int) -> int:
    """Answer the request that was made first."""
    return 0


def last(count: int) -> int:
    """Answer the request that was made last: one branch goes on to its end before the next one begins."""
    return count - 1


def drive(
    writes: Sequence[WorkItemWrite],
    answers: Callable[[Any], Answer],
    *,
    feature_id: int | None = None,
    refusals: Refusals = NOTHING_REFUSED,
    choose: Callable[[int], int] = first,
) -> Run:
    """Run the protocol for these writes; `choose` says which of several open requests is answered next."""
    run = Run()
    waiting: list[tuple[Steps[None], NetworkRequest]] = []
    ready: list[tuple[Steps[None], Answer]] = [(write_all(writes, feature_id, refusals), None)]
    while ready or waiting:
        while ready:
            branch, answer = ready.pop(0)
            request = _advance(branch, answer, answers, ready, run)
            if request is not None:
                waiting.append((branch, request))
        if waiting:
            run.at_once.append(tuple(shown(request) for _, request in waiting))
            branch, request = waiting.pop(choose(len(waiting)))
            ready.append((branch, _answered(request, answers, run)))
    if isinstance(answers, Script):
        answers.assert_used_up()
    return run


def _answered(request: Any, answers: Callable[[Any], Answer], run: Run) -> Answer:
    run.steps.append(request)
    return answers(request)


def _advance(
    branch: Steps[None],
    answer: Answer,
    answers: Callable[[Any], Answer],
    ready: list[tuple[Steps[None], Answer]],
    run: Run,
) -> NetworkRequest | None:
    """Go on until the branch wants something of the network, or ends."""
    while True:
        try:
            request = branch.send(answer)
        except StopIteration:
            return None
        answer = None
        if isinstance(request, Report):
            run.steps.append(request)
        elif isinstance(request, RememberRefusal):
            run.refusals.append(request.capability)
        elif isinstance(request, Log):
            run.events.append(request.event)
        elif isinstance(request, HoldClaims):
            answer = _answered(request, answers, run)
        elif isinstance(request, Start):
            ready += [(steps, None) for steps in request.branches]
        else:
            return request
