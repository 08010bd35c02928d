"""One run of the timer: the jobs of all integrations, each with its share of the time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from shared import log_events
from shared.app import App
from shared.domain.integration import StoredIntegration
from shared.errors import Defect, OperationFailed
from shared.isolation import isolated
from shared.operation import NOBODY, Caller, Operation
from shared.operation_line import End, code_of, write_line
from shared.operation_outcome import OperationKind
from shared.storage.integrations import UnreadableIntegration
from shared.timer.find_changes import find_changes_job
from shared.timer.finish_sends import finish_sends_job
from shared.timer.job import Job
from shared.timer.open_problems import open_problems_job
from shared.timer.reconcile import reconcile_job

logger = logging.getLogger(__name__)

BUDGET_SECONDS = 240.0
_LEAST_SECONDS = 10.0
_FINDING_SHARE = 0.25
"""The part of the time for finding what to send."""

JobKind = Callable[[App, StoredIntegration], "Job | None"]
"""Returns the job for an integration; None if there is nothing to do."""


def run_timer(app: App, caller: Caller = NOBODY, budget_seconds: float = BUDGET_SECONDS) -> None:
    """Run the due jobs of every integration: one kind of job after another, the longest waiting first.

    First, linked features that changed in Aha! get a note, then the noted features are sent.

    A job that fails does not stop the others, and no job takes the time of another. The next run does what is left.

    Raises:
        Unavailable: Table Storage does not answer.
    """
    run = Operation.start(budget_seconds, caller)
    code = Defect.code
    try:
        _run_all(app, run.within(_FINDING_SHARE * budget_seconds), (find_changes_job,))
        _run_all(app, run, (finish_sends_job, reconcile_job, open_problems_job))
        code = ""
    except OperationFailed as error:
        code = error.code
        raise
    finally:
        # This line shows that the timer runs, even if there is nothing to do.
        write_line(run, End(code=code))


def _run_all(app: App, run: Operation, kinds: Sequence[JobKind]) -> None:
    jobs = _jobs(app, run, kinds)
    for position, job in enumerate(jobs):
        if run.deadline.remaining() < _LEAST_SECONDS:
            logger.warning("The time ended. The next run does the remaining jobs.")
            return
        share = run.deadline.remaining() / (len(jobs) - position)
        _run(app, job, run.another(max(_LEAST_SECONDS, share)))


def _run(app: App, job: Job, operation: Operation) -> None:
    """Do a job. Its failure is logged."""
    operation.log.write_to(app.log_of(job.stored), job.kind)
    failure = isolated(job.run, operation, lambda _: _name(job.stored))(operation)
    if failure is not None:
        _log_failure(operation, failure)
    operation.log.flush()
    if failure is not None or not job.runs_own_operations:
        write_line(operation, End(job.stored.integration.integration_id, job.kind, code=code_of(failure)))


def _jobs(app: App, run: Operation, kinds: Sequence[JobKind]) -> list[Job]:
    """The jobs of this run. An integration whose rows cannot be read does not stop the others."""
    jobs: list[list[Job]] = [[] for _ in kinds]
    for stored in app.integrations.each():
        if isinstance(stored, UnreadableIntegration):
            logger.error("The timer cannot read %s", stored.integration_id, exc_info=stored.error)
            continue
        operation = run.another(_LEAST_SECONDS)
        operation.log.write_to(app.log_of(stored), OperationKind.RECONCILE)
        failure: OperationFailed | None = None
        for kind, found in zip(kinds, jobs, strict=True):
            job = isolated(partial(kind, app), operation, _name)(stored)
            if isinstance(job, Job):
                found.append(job)
            elif job is not None:
                _keep_with_its_integration(operation, job)
                failure = job
        operation.log.flush()
        if failure is not None:
            end = End(stored.integration.integration_id, OperationKind.RECONCILE, code=failure.code)
            write_line(operation, end)
    return [job for found in jobs for job in sorted(found, key=lambda job: job.since)]


def _keep_with_its_integration(operation: Operation, failure: OperationFailed) -> None:
    """Log why something is not done for one integration. Raises what would stop the others, too."""
    if failure.is_outage:
        raise failure
    _log_failure(operation, failure)


def _log_failure(operation: Operation, failure: OperationFailed) -> None:
    # A defect is in the log already.
    if not isinstance(failure, Defect):
        operation.log.add(log_events.RECONCILE_FAILED, failure.detail, code=failure.code, **failure.evidence)


def _name(stored: StoredIntegration) -> str:
    return f"the timer of {stored.integration.integration_id}"
