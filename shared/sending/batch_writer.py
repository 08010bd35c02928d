"""Carries out the batch protocol: requests on threads, everything else on the caller's."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.clients.azure_devops import AzureDevOps
from shared.clients.capabilities import Capabilities, Capability
from shared.clock import Clock
from shared.concurrency import MOST_AT_ONCE, Threads
from shared.domain.integration import Integration
from shared.domain.patches import with_temporary_id
from shared.domain.records import Record
from shared.domain.work_item import WorkItem
from shared.errors import OperationFailed
from shared.isolation import note_defect
from shared.operation import Operation
from shared.sending.batch_protocol import write_all
from shared.sending.batch_requests import (
    FindCreated,
    Fork,
    HoldClaims,
    Log,
    NoteRefusal,
    Organization,
    Pause,
    Report,
    SendBatch,
    SendOne,
    Steps,
)
from shared.sending.orphans import find_first_revisions
from shared.sending.outcome import Outcome
from shared.sending.own_claims import OwnClaims
from shared.sending.record_state import name_of
from shared.sending.work_item_write import WorkItemWrite

_FEATURE_TEMPORARY_ID = -1


@dataclass(frozen=True)
class WritePlace:
    """Where the writes of one send go, and with what. `since`: when the send began."""

    azure_devops: AzureDevOps
    integration: Integration
    public_url: str
    capabilities: Capabilities
    clock: Clock
    operation: Operation
    since: datetime


@dataclass
class _Task:
    """One branch of the protocol. `parent` waits for it; `results` are those of the branches that it waits for."""

    steps: Steps[Any]
    parent: _Task | None = None
    position: int = 0
    results: list[Any] = field(default_factory=list)
    open_branches: int = 0


_NetworkRequest = SendBatch | SendOne | FindCreated | Pause


def write_work_items(
    writes: Sequence[WorkItemWrite],
    records: Mapping[str, Record],
    feature_id: int | None,
    place: WritePlace,
    claims: OwnClaims,
) -> Generator[Mapping[str, Outcome], None, None]:
    """Carry out the writes of one round, and yield outcomes by record id as soon as they are known.

    While the caller commits what was yielded, the requests that follow are already under way. `feature_id` is the
    feature's work item, if it exists.

    Raises:
        Unavailable: Table Storage does not answer. Claims of creates that may have been done stay.
    """
    account = place.azure_devops.account_name
    organization = Organization(
        account,
        place.capabilities.refuses(account, Capability.BATCHES),
        place.capabilities.refuses(account, Capability.TEMPORARY_IDS),
        replace(place.azure_devops.subject, project=place.integration.azure_devops.project),
    )
    ready: deque[tuple[_Task, Any]] = deque([(_Task(write_all(writes, feature_id, organization)), None)])
    running: dict[Future[Any], _Task] = {}
    with Threads(MOST_AT_ONCE, "azure-devops") as threads:
        while ready or running:
            reported: dict[str, Outcome] = {}
            waiting: list[tuple[_Task, _NetworkRequest]] = []
            while ready:
                task, answer = ready.popleft()
                request = _advance(task, answer, ready, reported, records, place, claims)
                if request is not None:
                    waiting.append((task, request))
            if len(waiting) == 1 and not running and not reported:
                # One request and nothing else to do: no thread is needed.
                task, request = waiting[0]
                ready.append((task, _perform(request, records, place)))
                continue
            running |= {threads.submit(_perform, request, records, place): task for task, request in waiting}
            if reported:
                yield reported
            if running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                ready.extend((running.pop(future), future.result()) for future in done)


def _advance(
    task: _Task,
    answer: Any,
    ready: deque[tuple[_Task, Any]],
    reported: dict[str, Outcome],
    records: Mapping[str, Record],
    place: WritePlace,
    claims: OwnClaims,
) -> _NetworkRequest | None:
    """Run one branch until it wants a request of the network, forks or ends."""
    while True:
        try:
            request = task.steps.send(answer)
        except StopIteration as end:
            _return(task, end.value, ready)
            return None
        answer = None
        if isinstance(request, Report):
            reported.update(request.outcomes)
        elif isinstance(request, HoldClaims):
            answer = claims.hold([records[write.record_id] for write in request.writes])
        elif isinstance(request, NoteRefusal):
            place.capabilities.note_refusal(place.azure_devops.account_name, request.capability)
        elif isinstance(request, Log):
            record = records.get(str(request.detail.get("aha_id")))
            name = {"reference": record.reference or record.id} if record else {}
            place.operation.log.add(request.event, request.message, **request.detail, **name)
        elif isinstance(request, Fork):
            if not request.branches:
                answer = []
                continue
            task.results = [None] * len(request.branches)
            task.open_branches = len(request.branches)
            ready.extend(
                (_Task(steps, task, position), None) for position, steps in enumerate(request.branches)
            )
            return None
        else:
            return request


def _return(task: _Task, result: Any, ready: deque[tuple[_Task, Any]]) -> None:
    """Hand a branch's result to the task that forked; the last one lets it go on."""
    parent = task.parent
    if parent is None:
        return
    parent.results[task.position] = result
    parent.open_branches -= 1
    if parent.open_branches == 0:
        ready.append((parent, parent.results))


def _perform(request: _NetworkRequest, records: Mapping[str, Record], place: WritePlace) -> Any:
    """Make one request; a failure is its answer."""
    try:
        if isinstance(request, SendBatch):
            return place.azure_devops.submit_batch(_operations(request, place))
        if isinstance(request, SendOne):
            return _send_one(request, place)
        if isinstance(request, FindCreated):
            wanted = [records[write.record_id] for write in request.writes]
            return find_first_revisions(
                place.azure_devops, place.integration, place.public_url, wanted, place.since
            )
        return _pause(request.seconds, place)
    except OperationFailed as error:
        return error
    except Exception as error:
        return note_defect(place.operation, error, _name(request, records))


def _name(request: _NetworkRequest, records: Mapping[str, Record]) -> str:
    if isinstance(request, SendOne):
        return name_of(records[request.write.record_id])
    return "a request for several records"


def _pause(seconds: float, place: WritePlace) -> bool:
    if seconds > place.operation.deadline.remaining() - 1:
        return False
    place.clock.sleep(seconds)
    return True


def _send_one(request: SendOne, place: WritePlace) -> WorkItem:
    write = request.write
    parent_url = place.azure_devops.work_item_api_url(request.parent_id) if request.parent_id else None
    document = write.document_below(parent_url)
    if write.work_item_id is not None:
        return place.azure_devops.update_work_item(write.work_item_id, document)
    project = place.integration.azure_devops.project
    return place.azure_devops.create_work_item(project, write.work_item_type, document)


def _operations(request: SendBatch, place: WritePlace) -> list[dict[str, Any]]:
    """The operations of a batch. Without a parent, the first one creates it under a temporary id."""
    azure_devops = place.azure_devops
    parent_url = azure_devops.work_item_api_url(request.parent_id or _FEATURE_TEMPORARY_ID)
    project = place.integration.azure_devops.project
    operations = []
    for number, write in enumerate(request.writes):
        document = write.document_below(parent_url)
        if write.work_item_id is not None:
            operations.append(azure_devops.update_operation(write.work_item_id, document))
            continue
        document = with_temporary_id(document, _FEATURE_TEMPORARY_ID - number)
        operations.append(azure_devops.create_operation(project, write.work_item_type, document))
    return operations
