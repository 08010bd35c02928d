"""Carries out the batch protocol: network requests on their own threads, everything else on the caller's thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.clients.capabilities import Capability
from shared.concurrency import MOST_AT_ONCE, Threads
from shared.domain.claims import RENEW_AFTER
from shared.domain.patches import PatchDocument, with_temporary_id
from shared.domain.records import Record
from shared.domain.subject import Subject, subject_of
from shared.domain.work_item import WorkItem
from shared.errors import OperationFailed
from shared.isolation import done_and_failed, isolated, log_defect
from shared.sending.batch_answer import BatchAnswer, read_answer
from shared.sending.batch_protocol import write_all
from shared.sending.batch_requests import (
    FindCreated,
    HoldClaims,
    Log,
    NotSendable,
    Pause,
    Refusals,
    RememberRefusal,
    Report,
    SendBatch,
    SendOne,
    Start,
    Steps,
)
from shared.sending.context import SendContext
from shared.sending.orphans import SearchContext, find_first_revisions
from shared.sending.outcome import Outcome
from shared.sending.own_claims import OwnClaims
from shared.sending.record_state import name_of
from shared.sending.work_item_write import WorkItemWrite

_FEATURE_TEMPORARY_ID = -1


_NetworkRequest = SendBatch | SendOne | FindCreated | Pause


def write_work_items(
    writes: Sequence[WorkItemWrite],
    records: Mapping[str, Record],
    feature_id: int | None,
    context: SendContext,
    claims: OwnClaims,
) -> Generator[Mapping[str, Outcome], None, None]:
    """Carry out the writes of one round, and yield outcomes by record id as soon as they are known.

    While the caller commits these, the next requests are already running. `feature_id` is the feature's work item, if
    it exists.

    Raises:
        Unavailable: Table Storage does not answer. Claims of creates that may have been done stay.
    """
    account = context.azure_devops.account_name
    refusals = Refusals(
        batches=context.capabilities.refuses(account, Capability.BATCHES),
        temporary_ids=context.capabilities.refuses(account, Capability.TEMPORARY_IDS),
    )
    writing = _Writing(records, context, claims)
    yield from writing.carry_out(write_all(writes, feature_id, refusals))


class _Writing:
    """The branches of the protocol in one round. One thread advances them; the requests run on other threads.

    `_ready` are branches to continue, with the answers to their requests. `_running` are the branches with running
    requests. `_reported` are outcomes that were not yielded yet.
    """

    def __init__(self, records: Mapping[str, Record], context: SendContext, claims: OwnClaims) -> None:
        self._records = records
        self._context = context
        self._claims = claims
        self._ready: deque[tuple[Steps[None], Any]] = deque()
        self._running: dict[Future[Any], Steps[None]] = {}
        self._reported: dict[str, Outcome] = {}

    def carry_out(self, protocol: Steps[None]) -> Generator[Mapping[str, Outcome], None, None]:
        """Carry out the protocol and all branches that it starts; yields the outcomes."""
        self._ready.append((protocol, None))
        with Threads(MOST_AT_ONCE, "azure-devops") as threads:
            while self._ready or self._running:
                self._begin_requests(threads)
                if self._reported:
                    reported, self._reported = self._reported, {}
                    yield reported
                if self._running:
                    done, _ = wait(self._running, return_when=FIRST_COMPLETED)
                    # They continue before further branches begin.
                    self._ready.extendleft((self._running.pop(future), future.result()) for future in done)

    def _begin_requests(self, threads: Threads) -> None:
        """Continue branches while a thread is free, so that claims are renewed right before their creates start."""
        while self._ready and len(self._running) < MOST_AT_ONCE:
            branch, answer = self._ready.popleft()
            request = self._go_on(branch, answer)
            if request is None:
                continue
            if self._ready or self._running or self._reported:
                self._running[threads.submit(_perform, request, self._records, self._context)] = branch
            else:
                # One request and nothing else to do: no thread is needed.
                self._ready.append((branch, _perform(request, self._records, self._context)))

    def _go_on(self, branch: Steps[None], answer: Any) -> _NetworkRequest | None:
        """Continue a branch until it needs a network request; None at its end."""
        context = self._context
        while True:
            try:
                request = branch.send(answer)
            except StopIteration:
                return None
            answer = None
            if isinstance(request, Start):
                self._ready.extend((started, None) for started in request.branches)
            elif isinstance(request, Report):
                self._reported.update(request.outcomes)
            elif isinstance(request, HoldClaims):
                answer = self._hold([self._records[write.record_id] for write in request.writes])
            elif isinstance(request, RememberRefusal):
                context.capabilities.remember_refusal(context.azure_devops.account_name, request.capability)
            elif isinstance(request, Log):
                record = self._records.get(request.record_id)
                name = {"aha_id": record.id, "reference": record.reference_or_id} if record else {}
                context.operation.log.add(request.event, request.message, **name)
            else:
                return request

    def _hold(self, records: Sequence[Record]) -> frozenset[str]:
        """Hold claims. If Table Storage took too long, they are held again while there is time."""
        lost: frozenset[str] = frozenset()
        while True:
            began = self._context.clock.monotonic()
            lost |= self._claims.hold([record for record in records if record.id not in lost])
            took = timedelta(seconds=self._context.clock.monotonic() - began)
            if took <= RENEW_AFTER or not self._context.operation.deadline.remaining():
                return lost


_Answer = BatchAnswer | NotSendable | WorkItem | Mapping[str, WorkItem] | bool | OperationFailed


def _perform(request: _NetworkRequest, records: Mapping[str, Record], context: SendContext) -> _Answer:
    """Make one request; a failure is its answer."""
    try:
        if isinstance(request, SendBatch):
            return _send_batch(request, records, context)
        if isinstance(request, SendOne):
            return _send_one(request, records, context)
        if isinstance(request, FindCreated):
            wanted = [records[write.record_id] for write in request.writes]
            search = SearchContext(
                context.azure_devops, context.integration, context.public_url, context.operation
            )
            return find_first_revisions(search, wanted, context.began_at)
        return _pause(request.seconds, context)
    except OperationFailed as error:
        return error
    except Exception as error:
        return log_defect(context.operation, error, _name(request, records))


def _name(request: _NetworkRequest, records: Mapping[str, Record]) -> str:
    if isinstance(request, SendOne):
        return name_of(records[request.write.record_id])
    return "a request for several records"


def _pause(seconds: float, context: SendContext) -> bool:
    if seconds > context.operation.deadline.remaining() - 1:
        return False
    context.clock.sleep(seconds)
    return True


def _send_one(
    request: SendOne, records: Mapping[str, Record], context: SendContext
) -> WorkItem | NotSendable:
    write, parent_id = request.write, request.parent_id
    documents = _documents((write,), parent_id, records, context)
    if isinstance(documents, NotSendable):
        return documents
    (document,) = documents
    if write.work_item_id is not None:
        return context.azure_devops.update_work_item(write.work_item_id, document)
    project = context.integration.azure_devops.project
    return context.azure_devops.create_work_item(project, write.work_item_type, document)


def _send_batch(
    request: SendBatch, records: Mapping[str, Record], context: SendContext
) -> BatchAnswer | NotSendable:
    """Send a batch. Without a parent, the first operation creates it under a temporary id."""
    azure_devops, project = context.azure_devops, context.integration.azure_devops.project
    documents = _documents(request.writes, request.parent_id or _FEATURE_TEMPORARY_ID, records, context)
    if isinstance(documents, NotSendable):
        return documents
    operations: list[dict[str, Any]] = []
    subjects: list[Subject] = []
    for number, (write, document) in enumerate(zip(request.writes, documents, strict=True)):
        subject = replace(azure_devops.subject, project=project)
        subjects.append(subject_of(subject, write.work_item_type, write.work_item_id, document))
        if write.work_item_id is not None:
            operations.append(azure_devops.update_operation(write.work_item_id, document))
            continue
        document = with_temporary_id(document, _FEATURE_TEMPORARY_ID - number)
        operations.append(azure_devops.create_operation(project, write.work_item_type, document))
    return BatchAnswer(read_answer(azure_devops.submit_batch(operations), subjects))


def _documents(
    writes: Sequence[WorkItemWrite],
    parent_id: int | None,
    records: Mapping[str, Record],
    context: SendContext,
) -> list[PatchDocument] | NotSendable:
    """The documents of writes, with their parent links. Nothing is sent if one of them cannot be built."""
    parent_url = context.azure_devops.work_item_api_url(parent_id) if parent_id else None

    def document_of(write: WorkItemWrite) -> PatchDocument:
        return write.document_below(parent_url)

    def name(write: WorkItemWrite) -> str:
        return name_of(records[write.record_id])

    attempt = isolated(document_of, context.operation, name)
    documents, failed = done_and_failed(writes, [attempt(write) for write in writes])
    if failed:
        return NotSendable({write.record_id: error for write, error in failed})
    return [document for _, document in documents]
