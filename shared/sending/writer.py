"""Writes work items in as few requests as Azure DevOps allows, and answers for each of them.

A batch that is refused is taken apart: what names its own fault is set aside, the rest is sent again, in the end one by
one. A create whose answer got lost is looked for before it is repeated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum

from shared.clients.azure_devops import AzureDevOps
from shared.clients.capabilities import Capabilities, Capability
from shared.domain.patches import PatchDocument, with_temporary_id
from shared.domain.work_item import WorkItem
from shared.errors import CredentialsRejected, FeatureBusy, OperationFailed, System, TimeSpent, Unavailable
from shared.operation import Operation
from shared.sending.batches import MOST_OPERATIONS, Entry, OwnFault, Write, in_batches, read_answer
from shared.side_by_side import side_by_side

_FEATURE_TEMPORARY_ID = -1
_ROUNDS = 3
_LONGEST_WAIT_SECONDS = 40.0
"""A claim holds for a minute: whoever waits for longer than this leaves the rest to the next send."""

_LOOKS_FOR_LOST_CREATES = (0.2, 1.0, 3.0)
"""Seconds before each look: what was asked for over a connection that broke may still be under way."""

_LOOKS_AFTER_AN_ANSWER = (0.2,)
"""Whatever an answer fails to say: once it is there, nothing is under way any more."""


@dataclass(frozen=True)
class Surroundings:
    """What the writer needs of its caller.

    `hold` makes sure that nobody else creates the given records, and names those that somebody else does create.
    `written` is told of work items as soon as they are known to be written, and of the feature's work item if there is
    one: a crash loses as little as possible.
    `find_lost` looks for work items that the given creates may have left behind, by record id.
    """

    project: str
    hold: Callable[[Sequence[Write]], frozenset[str]]
    written: Callable[[Sequence[tuple[Write, WorkItem]], int | None], None]
    find_lost: Callable[[Sequence[Write]], Mapping[str, WorkItem]]


class _Verdict(Enum):
    """What is known after a batch."""

    ANSWERED = "each operation was answered for"
    LOST = "no answer came, and what it may have left behind was looked for"
    NOT_BELIEVED = "the answer does not say what became of each operation"


class WorkItemWriter:
    """Carries out the writes of one send.

    `failures` tells, by record id, why a write was not done. Once `write` has returned, every write is either in there
    or was told to `written`. `unanswered` names the records among the failures for which a work item may be there all
    the same: a create was asked for, and no answer to it came.
    """

    def __init__(
        self,
        azure_devops: AzureDevOps,
        operation: Operation,
        surroundings: Surroundings,
        capabilities: Capabilities,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._azure_devops = azure_devops
        self._account = azure_devops.account_name
        self._operation = operation
        self._surroundings = surroundings
        self._capabilities = capabilities
        self._sleep = sleep
        self._feature_id: int | None = None
        self._beside: Executor | None = None
        self._told: list[Future[None]] = []
        self._done: dict[str, WorkItem] = {}
        self._set_aside: set[str] = set()
        self.failures: dict[str, OperationFailed] = {}
        self.unanswered: set[str] = set()

    def write(self, writes: Sequence[Write], feature_id: int | None) -> None:
        """Carry out all writes; `feature_id` is the feature's work item where it exists already."""
        feature = next((item for item in writes if item.is_feature and item.creates), None)
        self._feature_id = feature_id if feature is None else None
        with ThreadPoolExecutor(1, thread_name_prefix="telling") as beside:
            if feature is not None:
                self._write_family(feature, writes, beside)
            rest = self._outstanding(writes)
            parent = self._azure_devops.work_item_api_url(self._feature_id) if self._feature_id else None
            if parent is None:
                self._leave_below_missing_feature(feature, rest)
                rest = self._outstanding(rest)
            side_by_side(lambda batch: self._write_batch(batch, parent), in_batches(rest))
            for told in self._told:
                told.result()
        if self._set_aside & self._done.keys():
            self._capabilities.note_refusal(self._account, Capability.TEMPORARY_IDS)

    def _write_family(self, feature: Write, writes: Sequence[Write], beside: Executor) -> None:
        """Create the feature's work item, with as many new requirements as fit into its batch.

        Existing work items are not linked to a temporary id: tfsaggregator/aggregator-cli found that refused. What was
        created is told of beside the batches that follow.
        """
        children = [item for item in writes if item.goes_below_feature and item.creates][
            : MOST_OPERATIONS - 1
        ]
        if self._capabilities.refuses(self._account, Capability.TEMPORARY_IDS):
            children = []
        self._beside = beside if len(writes) > 1 + len(children) else None
        left = self._write_together([feature, *children], None)
        if feature in left:
            self._write_alone(feature, None)
        self._beside = None

    def _write_batch(self, writes: Sequence[Write], parent_url: str | None) -> None:
        left = self._write_together(writes, parent_url)
        side_by_side(lambda item: self._write_alone(item, parent_url), left)

    def _write_together(self, writes: Sequence[Write], parent_url: str | None) -> list[Write]:
        """Send writes as one batch, and again without those that are done or at fault; return what is left to do."""
        left = list(writes)
        for _ in range(_ROUNDS):
            if len(left) < 2 or self._capabilities.refuses(self._account, Capability.BATCHES):
                break
            before = len(left)
            verdict = self._send_batch(left, parent_url)
            left = [item for item in self._outstanding(left) if item.record_id not in self._set_aside]
            stuck = verdict is _Verdict.ANSWERED and len(left) == before
            if stuck or verdict is _Verdict.NOT_BELIEVED:
                break
        return left

    def _send_batch(self, writes: Sequence[Write], parent_url: str | None) -> _Verdict:
        writes = self._hold(writes)
        if not writes:
            return _Verdict.ANSWERED
        operations = [self._operation_of(write, number, parent_url) for number, write in enumerate(writes)]
        try:
            answer = self._azure_devops.submit_batch(operations)
        except Unavailable as error:
            return self._settle(writes, error)
        except CredentialsRejected as error:
            self._fail(writes, error)
            return _Verdict.ANSWERED
        except OperationFailed as error:
            self._operation.journal.warning(
                "batch.refused", f"The batch was refused as a whole, single requests follow. {error.detail}"
            )
            self._capabilities.note_refusal(self._account, Capability.BATCHES)
            return _Verdict.NOT_BELIEVED
        entries = read_answer(answer.json(), len(writes), self._account)
        if entries is None:
            self._operation.journal.warning(
                "batch.not-believed", "The batch was not answered operation by operation; it is taken apart."
            )
            self._look_for(writes, _LOOKS_AFTER_AN_ANSWER)
            return _Verdict.NOT_BELIEVED
        pairs = list(zip(writes, entries, strict=True))
        self._tell([(write, entry) for write, entry in pairs if isinstance(entry, WorkItem)])
        for write, entry in pairs:
            if isinstance(entry, OwnFault):
                self._note_fault(write, entry, parent_url)
        # An error of the service's own is no answer: what it was about may have been created all the same.
        self._look_for([write for write, entry in pairs if _is_doubtful(entry)], _LOOKS_AFTER_AN_ANSWER)
        return _Verdict.ANSWERED

    def _note_fault(self, write: Write, fault: OwnFault, parent_url: str | None) -> None:
        below_temporary_id = write.goes_below_feature and parent_url is None
        if below_temporary_id and not fault.names_fields:
            # It may be the temporary id that is refused: the write is tried again below the real one.
            self._set_aside.add(write.record_id)
        elif _is_doubtful(fault) and write.creates:
            self._operation.journal.warning(
                "batch.entry-failed", fault.error.detail, record_id=write.record_id
            )
        else:
            self._refuse(write, fault.error)

    def _operation_of(self, write: Write, number: int, parent_url: str | None) -> dict[str, object]:
        if write.work_item_id is not None:
            return self._azure_devops.update_operation(write.work_item_id, write.document_below(parent_url))
        parent = parent_url or self._azure_devops.work_item_api_url(_FEATURE_TEMPORARY_ID)
        document = with_temporary_id(write.document_below(parent), _FEATURE_TEMPORARY_ID - number)
        return self._azure_devops.create_operation(self._surroundings.project, write.work_item_type, document)

    def _hold(self, writes: Sequence[Write]) -> Sequence[Write]:
        """The writes without those creates that another sender has taken over meanwhile."""
        creates = [item for item in writes if item.creates]
        lost = self._surroundings.hold(creates) if creates else frozenset()
        self._fail(
            [item for item in creates if item.record_id in lost],
            FeatureBusy("Another send of the same feature has taken over.", retry_after=5),
        )
        return [item for item in writes if item.record_id not in lost]

    def _write_alone(self, write: Write, parent_url: str | None) -> None:
        for _ in range(_ROUNDS):
            if not self._hold([write]):
                return
            try:
                self._tell([(write, self._send_alone(write, write.document_below(parent_url)))])
            except Unavailable as error:
                if error.system is not System.AZURE_DEVOPS:
                    raise
                if write.creates:
                    self._settle([write], error)
                else:
                    self._fail([write], error)
            except OperationFailed as error:
                self._refuse(write, error)
            if not self._outstanding([write]):
                return
        self._fail(
            [write],
            Unavailable(
                System.AZURE_DEVOPS, "Azure DevOps broke off every attempt; send again.", outcome_unknown=True
            ),
        )

    def _send_alone(self, write: Write, document: PatchDocument) -> WorkItem:
        if write.work_item_id is not None:
            return self._azure_devops.update_work_item(write.work_item_id, document)
        project = self._surroundings.project
        return self._azure_devops.create_work_item(project, write.work_item_type, document)

    def _settle(self, writes: Sequence[Write], error: Unavailable) -> _Verdict:
        """After a request without an answer: find out what it did, and fail what must not be tried again now."""
        if not error.outcome_unknown:
            if not self._waits_for(error):
                self._fail(writes, error)
            return _Verdict.LOST
        self._look_for(writes)
        if error.may_still_run:
            # Whatever was not found may yet be created: the claim stays, and the next send looks again.
            self._fail([item for item in self._outstanding(writes) if item.creates], error)
        return _Verdict.LOST

    def _waits_for(self, error: Unavailable) -> bool:
        """Wait as long as Azure DevOps asks for, if the operation has the time."""
        asked = error.retry_after
        if isinstance(error, TimeSpent) or asked is None or asked > _LONGEST_WAIT_SECONDS:
            return False
        if asked > self._operation.deadline.remaining() - 1:
            return False
        self._sleep(asked)
        return True

    def _look_for(self, writes: Sequence[Write], looks: Sequence[float] = _LOOKS_FOR_LOST_CREATES) -> None:
        """Look for work items that lost creates left behind, a few times with growing pauses."""
        self.unanswered |= {item.record_id for item in writes if item.creates}
        for pause in looks:
            creates = [item for item in self._outstanding(writes) if item.creates]
            if not creates:
                return
            self._sleep(min(pause, self._operation.deadline.remaining()))
            try:
                found = self._surroundings.find_lost(creates)
            except OperationFailed as error:
                self._fail(creates, error)
                return
            self._tell([(write, found[write.record_id]) for write in creates if write.record_id in found])

    def _tell(self, pairs: Sequence[tuple[Write, WorkItem]]) -> None:
        if not pairs:
            return
        self._feature_id = next((item.id for write, item in pairs if write.is_feature), self._feature_id)
        if self._beside is not None:
            self._told.append(self._beside.submit(self._surroundings.written, pairs, self._feature_id))
        else:
            self._surroundings.written(pairs, self._feature_id)
        self._done.update({write.record_id: item for write, item in pairs})
        self.unanswered -= self._done.keys()

    def _refuse(self, write: Write, error: OperationFailed) -> None:
        """The answer was no; an earlier attempt without an answer cannot have fared better, but with a better token."""
        self.failures[write.record_id] = error
        if not isinstance(error, CredentialsRejected):
            self.unanswered.discard(write.record_id)

    def _fail(self, writes: Sequence[Write], error: OperationFailed) -> None:
        self.failures.update({write.record_id: error for write in writes})

    def _leave_below_missing_feature(self, feature: Write | None, writes: Sequence[Write]) -> None:
        error = self.failures.get(feature.record_id) if feature else None
        reason = error or Unavailable(System.AZURE_DEVOPS, "The feature has no work item yet; send again.")
        self._fail([item for item in writes if item.goes_below_feature], reason)

    def _outstanding(self, writes: Sequence[Write]) -> list[Write]:
        return [
            item
            for item in writes
            if item.record_id not in self._done and item.record_id not in self.failures
        ]


def _is_doubtful(entry: Entry) -> bool:
    return isinstance(entry, OwnFault) and isinstance(entry.error, Unavailable)
