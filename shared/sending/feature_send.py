"""One send of a feature: look → decide → intend → act → commit, until every record is settled or the time is over.

1. *Look* (`look`): read links, claims and work items; settle intentions; adopt what an interrupted send created.
2. *Decide* (`shared.domain.send_plan`): a plan for each record. No input or output.
3. *Intend* (`intend`): claim what is created, note what is updated, upload new attachments.
4. *Act* (`batch_protocol`, carried out by `batch_writer`): write the work items.
5. *Commit* (`commit`): record the outcomes in links, results and log, while the next requests are under way.

Steps 1 and 5 meet what others do at the same time: a record that another operation changed is looked at again.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace

from shared.app import App
from shared.clients.azure_devops import AzureDevOps
from shared.concurrency import Threads
from shared.domain.absence import below_failed_feature
from shared.domain.images import Images, images_of_integration, with_inline_images
from shared.domain.integration import Integration
from shared.domain.kind import Kind
from shared.domain.records import Attachment, Feature
from shared.domain.send_plan import plan_record
from shared.errors import InvalidRequest, OperationFailed, TimeSpent
from shared.isolation import isolated
from shared.operation import Operation
from shared.sending.batch_writer import WritePlace, write_work_items
from shared.sending.commit import Commits, Decided
from shared.sending.dry_run import dry_run_results
from shared.sending.intend import IntendPlace, claim_and_note, new_attachments
from shared.sending.link_backs import LinkBacks
from shared.sending.look import look
from shared.sending.look_place import LookPlace
from shared.sending.outcome import Outcome, failed, unchanged
from shared.sending.own_claims import OwnClaims
from shared.sending.parts import refuse_part_of_feature, refused_parts
from shared.sending.record_state import RecordState, claimed_elsewhere, name_of
from shared.sending.result import RecordResult, SendResult
from shared.sending.send_log import SendLog
from shared.sending.upload_results import UploadResults
from shared.sending.waiting import LEAST_SECONDS, LONGEST_WAIT_SECONDS, wait_for_others
from shared.sending.work_item_write import WorkItemWrite, write_of
from shared.storage.unfinished_sends import SendNote

_ROUNDS = 8
"""How often a send looks again because somebody changed records or links at the same time."""


class FeatureSend:
    """One send of one feature."""

    def __init__(
        self, app: App, operation: Operation, integration: Integration, feature: Feature, note: SendNote
    ) -> None:
        self._note = note
        images = images_of_integration(integration, app.settings.azure_devops_url)
        self._app = app
        self._operation = operation
        self._integration = integration
        self._images: Images = images
        self._feature = with_inline_images(feature, images.aha_host)
        self._records = {record.id: record for record in self._feature.records}
        self._started = app.clock.monotonic()
        self._began_at = app.clock.now()
        self._azure_devops: AzureDevOps = app.azure_devops(integration.azure_devops, operation)
        self._log = SendLog(operation.log, self._azure_devops)
        self._claims = OwnClaims(app.links, integration.integration_id, operation, images, app.clock)
        self._link_backs = LinkBacks(app, operation, integration)
        self._commits = Commits(
            app.links,
            integration.integration_id,
            self._feature,
            self._claims,
            self._log,
            operation,
            app.clock,
            note,
            self._link_backs,
        )
        self._uploads = UploadResults()

    def run(self) -> SendResult:
        """Send until every record is settled, other senders were waited for long enough, or the time is over."""
        with closing(self._link_backs):
            self._run()
        return self._result(self._commits.results)

    def _run(self) -> None:
        rounds, waited = 0, 0.0
        states: dict[str, RecordState] = {}
        while self._commits.outstanding() and rounds < _ROUNDS and waited < LONGEST_WAIT_SECONDS:
            if self._operation.deadline.remaining() < LEAST_SECONDS:
                break
            try:
                states = self._look()
                if self._send_round(states):
                    rounds += 1
                    continue
            except TimeSpent:
                break
            deadline = self._operation.deadline
            waited = wait_for_others(
                claimed_elsewhere(states), self._claims, self._app.clock, deadline, waited
            )
        self._commits.conclude(claimed_elsewhere(states))

    def dry_run(self) -> SendResult:
        """Decide everything, write nothing."""
        states = self._look(take_over=False)
        self._commits.give_up({key: state for key, state in states.items() if state.error is not None})
        decided = self._without_parts(self._decide(states))
        self._commits.commit(self._below_failed_feature(decided), decided, self._uploads)
        given_up = {key: result for key, result in self._commits.results.items() if result.is_settled}
        results = dry_run_results(
            {key: item.plan for key, item in decided.items() if key not in given_up},
            [record for record in self._feature.records if record.id not in given_up],
            self._integration,
            self._azure_devops,
            self._app.settings.public_url,
        )
        return self._result(given_up | results)

    def _send_round(self, states: Mapping[str, RecordState]) -> bool:
        """Do once what can be done now; false if there is nothing to do but wait for another sender."""
        out_of_sight = {key: state for key, state in states.items() if state.error is not None}
        self._commits.give_up(out_of_sight)
        decided = self._without_parts(self._decide(states))
        below = self._below_failed_feature(decided)
        self._commits.commit(below, decided, self._uploads)
        decided = {key: item for key, item in decided.items() if key not in below}
        in_sync = {
            key: unchanged(item.plan.work_item)
            for key, item in decided.items()
            if item.plan.work_item is not None and not item.plan.writes
        }
        self._commits.commit(in_sync, decided, self._uploads)
        to_write = {key: item for key, item in decided.items() if key not in in_sync}
        intended = self._intend(self._without_blocked(to_write, states))
        ready = self._without_blocked(intended, states)
        self._claims.release([key for key in intended if key not in ready])
        self._act(ready)
        return bool(out_of_sight or below or in_sync or ready)

    def _look(self, *, take_over: bool = True) -> dict[str, RecordState]:
        place = LookPlace(
            self._app.links,
            self._azure_devops,
            self._integration,
            self._app.settings.public_url,
            self._images,
            self._operation,
        )
        outstanding = self._commits.outstanding()
        return look(outstanding, place, self._claims, self._app.clock.now(), take_over=take_over)

    def _decide(self, states: Mapping[str, RecordState]) -> dict[str, Decided]:
        feature = states.get(self._feature.record.id)
        if feature is not None and feature.work_item is not None:
            self._commits.feature_work_item_id = feature.work_item.id
        now = self._app.clock.now()

        def decide(state: RecordState) -> Decided:
            return Decided(
                state,
                plan_record(
                    state.record,
                    state.link,
                    state.work_item,
                    self._commits.family_of(state.record.kind),
                    now=now,
                    base=state.base,
                    images=self._images,
                    description_field=self._integration.description_field(
                        self._integration.mapping(state.record.kind).work_item_type
                    ),
                ),
            )

        open_states = {
            key: state
            for key, state in states.items()
            if not state.is_claimed_elsewhere and state.error is None
        }
        attempt = isolated(decide, self._operation, lambda state: name_of(state.record))
        decided = {key: attempt(state) for key, state in open_states.items()}
        self._commits.give_up(
            {
                key: replace(states[key], error=item)
                for key, item in decided.items()
                if isinstance(item, OperationFailed)
            }
        )
        return {key: item for key, item in decided.items() if isinstance(item, Decided)}

    def _without_parts(self, decided: Mapping[str, Decided]) -> dict[str, Decided]:
        """Without new records of which the payload has neither a name nor a description: they fail."""
        try:
            refuse_part_of_feature(self._feature, self._integration.integration_id, decided)
        except InvalidRequest:
            self._claims.release([record.id for record in self._commits.outstanding()])
            raise
        parts = refused_parts(decided)
        self._commits.commit({key: failed(error) for key, error in parts.items()}, decided, self._uploads)
        return {key: item for key, item in decided.items() if key not in parts}

    def _below_failed_feature(self, decided: Mapping[str, Decided]) -> dict[str, Outcome]:
        """The outcomes of requirements that nothing can be done for, because nothing is done for their feature.

        Those that only change go on.
        """
        error = self._commits.feature_error
        if error is None:
            return {}
        return {
            key: failed(below_failed_feature(item.plan.record.reference or key, error))
            for key, item in decided.items()
            if item.plan.creates or item.plan.moves_to_parent
        }

    def _without_blocked(
        self, decided: Mapping[str, Decided], states: Mapping[str, RecordState]
    ) -> dict[str, Decided]:
        """Without what goes below the feature's work item, as long as another sender is about to create that."""
        feature_id = self._feature.record.id
        is_created_here = feature_id in decided
        if feature_id not in states or is_created_here or self._commits.feature_work_item_id is not None:
            return dict(decided)
        return {
            key: item
            for key, item in decided.items()
            if not (
                item.plan.record.kind is Kind.REQUIREMENT and (item.plan.creates or item.plan.moves_to_parent)
            )
        }

    def _intend(self, decided: Mapping[str, Decided]) -> dict[str, Decided]:
        """Claim, note and upload side by side; what may be written."""
        if not decided:
            return {}
        place = IntendPlace(
            self._app.links,
            self._integration.integration_id,
            self._operation,
            self._log,
            self._app.clock.now(),
            self._note,
        )
        known = frozenset((*self._uploads.files, *self._uploads.failures))
        attachments = new_attachments(decided, known)
        if not attachments:
            return claim_and_note(decided, place, self._claims)
        with Threads(1, "attachments") as beside:
            copying = beside.submit(self._copy, attachments)
            ready = claim_and_note(decided, place, self._claims)
            self._uploads = self._uploads.with_more(copying.result())
        return ready

    def _copy(self, attachments: list[Attachment]) -> UploadResults:
        # Most sends have no new file; they do not load what a download needs.
        from shared.sending.attachment_copy import UploadPlace, copy_attachments

        target = self._integration.azure_devops
        names = {
            item.id: record.reference or record.id
            for record in reversed(self._feature.records)
            for item in record.attachments
        }
        return copy_attachments(
            attachments,
            UploadPlace(self._azure_devops, target.project, target.area_path, names),
            self._operation,
            transport=self._app.process_state.transport,
        )

    def _act(self, decided: Mapping[str, Decided]) -> None:
        """Write the work items, and commit outcomes as they come."""

        def write_for(item: Decided) -> WorkItemWrite | None:
            files = self._uploads.files_of(item.plan.files.to_upload)
            return write_of(item.plan, self._integration, self._app.settings.public_url, files)

        attempt = isolated(write_for, self._operation, lambda item: name_of(item.plan.record))
        writes = []
        nothing_left: dict[str, Outcome] = {}
        for key, item in decided.items():
            write = attempt(item)
            if isinstance(write, OperationFailed):
                nothing_left[key] = failed(write)
            elif write is not None:
                writes.append(write)
            elif item.plan.work_item is not None:
                nothing_left[key] = unchanged(item.plan.work_item)
        self._commits.commit(nothing_left, decided, self._uploads)
        if not writes:
            return
        place = WritePlace(
            self._azure_devops,
            self._integration,
            self._app.settings.public_url,
            self._app.capabilities,
            self._app.clock,
            self._operation,
            self._began_at,
        )
        feature_id = self._commits.feature_work_item_id
        with closing(write_work_items(writes, self._records, feature_id, place, self._claims)) as written:
            for outcomes in written:
                self._commits.commit(outcomes, decided, self._uploads)

    def _result(self, results: Mapping[str, RecordResult]) -> SendResult:
        feature, *requirements = (results[record.id] for record in self._feature.records)
        return SendResult(
            feature=feature,
            requirements=tuple(requirements),
            operation_id=self._operation.id,
            duration_ms=round((self._app.clock.monotonic() - self._started) * 1000),
            azure_devops_requests=self._azure_devops.requests,
        )
