"""One send of a feature: look → decide → intend → act → commit, until every record is settled or the time ends.

1. *Look* (`look`): read links, claims and work items; settle intentions; adopt orphans of earlier sends.
2. *Decide* (`plan`, then `decide`): a plan for each record, and what this round does with it.
3. *Intend* (`intend`): claim new records, store the intentions of updates, upload new attachments.
4. *Act* (`batch_protocol`, carried out by `batch_writer`): write the work items.
5. *Commit* (`commit`): record the outcomes in links, results and log, while the next requests run.

Steps 1, 3, 4 and 5 detect concurrent changes: a record that another operation changed is read again.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from contextlib import closing

from shared.app import App
from shared.concurrency import Threads
from shared.domain.images import with_inline_images
from shared.domain.integration import Integration
from shared.domain.records import Attachment, Feature
from shared.errors import OperationFailed, TimeSpent
from shared.isolation import isolated
from shared.operation import Operation
from shared.sending.batch_writer import write_work_items
from shared.sending.commit import CommitContext, commit, give_up
from shared.sending.context import SendContext
from shared.sending.decide import check_feature_is_complete, decide_round, without_blocked
from shared.sending.intend import intend, new_attachments
from shared.sending.link_backs import LinkBacks
from shared.sending.look import look
from shared.sending.outcome import Outcome, failed, unchanged
from shared.sending.own_claims import OwnClaims
from shared.sending.plan import plan_records
from shared.sending.progress import Progress
from shared.sending.record_state import PlannedRecord, RecordState, claimed_elsewhere, name_of
from shared.sending.result import SendResult
from shared.sending.upload_results import UploadResults
from shared.sending.waiting import LEAST_SECONDS, LONGEST_WAIT_SECONDS, pause_after_round, wait_for_others
from shared.sending.work_item_write import WorkItemWrite, write_of
from shared.storage.unfinished_sends import SendNote

_ROUNDS = 8
"""The most rounds of a send. Several are needed only if somebody changes records or links at the same time."""


class FeatureSend:
    """One send of one feature. Only the thread that runs it changes its progress."""

    def __init__(
        self, app: App, operation: Operation, integration: Integration, feature: Feature, note: SendNote
    ) -> None:
        self._app = app
        self._context = SendContext.of(app, operation, integration)
        self._note = note
        self._claims = OwnClaims(
            app.links, integration.integration_id, operation, self._context.images, app.clock
        )
        self._link_backs = LinkBacks(app, operation, integration)
        self._commit_context = CommitContext(self._context, self._claims, note, self._link_backs)
        self._feature = with_inline_images(feature, self._context.images.aha_host)
        self._progress = Progress.at_start(self._feature)
        self._uploads = UploadResults()

    def run(self) -> SendResult:
        """Send until every record is settled, or until the time or the wait for other senders ends."""
        with closing(self._link_backs):
            try:
                self._run()
            finally:
                self._claims.release_all()
        return self._context.answer(self._progress.results)

    def _run(self) -> None:
        rounds, waited = 0, 0.0
        states: Mapping[str, RecordState] = {}
        deadline, clock = self._context.operation.deadline, self._context.clock
        while self._progress.outstanding and rounds < _ROUNDS and waited < LONGEST_WAIT_SECONDS:
            if deadline.remaining() < LEAST_SECONDS:
                break
            outstanding = len(self._progress.outstanding)
            try:
                states = self._look()
                has_acted = self._send_round(states)
            except TimeSpent:
                break
            if not has_acted:
                waited = wait_for_others(claimed_elsewhere(states), self._claims, clock, deadline, waited)
                continue
            rounds += 1
            if len(self._progress.outstanding) == outstanding:
                # A random pause, so that several senders of the same records do not collide again.
                clock.sleep(random.uniform(0, pause_after_round(rounds)))  # noqa: S311
        self._progress = self._progress.at_end(claimed_elsewhere(states))

    def _look(self) -> Mapping[str, RecordState]:
        """Read the states of the outstanding records."""
        outstanding = self._progress.outstanding
        states = look(outstanding, self._context, self._claims)
        states = self._progress.with_unlinked_as_errors(states, self._claims.held)
        self._progress = self._progress.after_look(states)
        return states

    def _send_round(self, states: Mapping[str, RecordState]) -> bool:
        """Do one round; false if nothing is left but to wait for another sender."""
        planned, not_planned = plan_records(states, self._progress, self._context)
        self._progress = give_up(self._progress, not_planned, self._commit_context)
        check_feature_is_complete(self._feature, self._context.integration_id, planned)
        decided = decide_round(planned, self._progress.parent)
        self._commit(decided.outcomes, planned)
        intended = self._intend(decided.to_write)
        ready = without_blocked(intended, self._progress.parent)
        self._claims.release([key for key in intended if key not in ready])
        self._act(ready)
        return bool(not_planned or decided.outcomes or ready)

    def _intend(self, to_write: Mapping[str, PlannedRecord]) -> dict[str, PlannedRecord]:
        """Claim records, store intentions and upload files in parallel. Returns what may be written."""
        if not to_write:
            return {}
        attachments = new_attachments(to_write, self._uploads)
        if not attachments:
            return intend(to_write, self._context, self._claims, self._note)
        with Threads(1, "attachments") as thread:
            copying = thread.submit(self._copy, attachments)
            ready = intend(to_write, self._context, self._claims, self._note)
            self._uploads = self._uploads.with_more(copying.result())
        return ready

    def _copy(self, attachments: Sequence[Attachment]) -> UploadResults:
        # Most sends have no new file; they do not load what a download needs.
        from shared.sending.attachment_copy import UploadTarget, copy_attachments

        target = self._context.integration.azure_devops
        names = {
            item.id: record.reference_or_id
            for record in reversed(self._feature.records)
            for item in record.attachments
        }
        return copy_attachments(
            attachments,
            UploadTarget(self._context.azure_devops, target.project, target.area_path, names),
            self._context.operation,
            transport=self._app.process_state.transport,
        )

    def _act(self, ready: Mapping[str, PlannedRecord]) -> None:
        """Write the work items, and commit outcomes as they come."""
        writes, needless = _writes(ready, self._uploads, self._context)
        self._commit(needless, ready)
        if not writes:
            return
        records = {record.id: record for record in self._feature.records}
        feature_id = self._progress.parent.work_item_id
        with closing(write_work_items(writes, records, feature_id, self._context, self._claims)) as written:
            for outcomes in written:
                self._commit(outcomes, ready)

    def _commit(self, outcomes: Mapping[str, Outcome], planned: Mapping[str, PlannedRecord]) -> None:
        self._progress = commit(self._progress, outcomes, planned, self._uploads, self._commit_context)


def _writes(
    ready: Mapping[str, PlannedRecord], uploads: UploadResults, context: SendContext
) -> tuple[list[WorkItemWrite], dict[str, Outcome]]:
    """The writes of the records, and the outcomes of records without one: no file was uploaded, or a defect."""

    def write(item: PlannedRecord) -> WorkItemWrite | None:
        files = uploads.files_of(item.plan.files.to_upload)
        return write_of(item.plan, context.integration, context.public_url, files)

    attempt = isolated(write, context.operation, lambda item: name_of(item.plan.record))
    writes: list[WorkItemWrite] = []
    outcomes: dict[str, Outcome] = {}
    for key, item in ready.items():
        answer = attempt(item)
        if isinstance(answer, OperationFailed):
            outcomes[key] = failed(answer)
        elif answer is not None:
            writes.append(answer)
        elif item.plan.work_item is not None:
            outcomes[key] = unchanged(item.plan.work_item)
    return writes, outcomes
