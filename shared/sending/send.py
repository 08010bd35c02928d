"""Sending a feature: look how its records stand, decide, act; again until every record is settled or time is over."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from shared.app import App
from shared.domain.images import images_of_account, with_inline_images
from shared.domain.integration import Integration
from shared.domain.kind import Kind
from shared.domain.records import Attachment, Feature
from shared.domain.send_plan import Family, RecordPlan, plan_record
from shared.domain.work_item import WorkItem
from shared.errors import (
    IntegrationDisabled,
    IntegrationIncomplete,
    OperationFailed,
    Refused,
    TimeSpent,
    Unavailable,
)
from shared.operation import Operation
from shared.sending.batches import Write
from shared.sending.ledger import Done, Ledger
from shared.sending.rehearsal import rehearse
from shared.sending.report import Reporter
from shared.sending.result import Action, SendResult
from shared.sending.standing import Lookout, Standing
from shared.sending.uploads import Uploads
from shared.sending.writer import Surroundings, WorkItemWriter
from shared.sending.writes import write_of
from shared.side_by_side import side_by_side
from shared.storage.links import StoredLink

_ROUNDS = 8
"""How often records are decided anew because somebody changed them or their links meanwhile."""

_WAIT_SECONDS = 70.0
"""How long another sender of the same records is waited for: a little longer than a dead one's claim lasts."""

_LOOK_AGAIN_SECONDS = 0.25
_CONFLICT_PAUSE_SECONDS = 0.5
"""Longer than a notification takes from its write to Aha! to the note of it."""

_LEAST_SECONDS = 1.0


def check_usable(integration: Integration) -> None:
    """Raises IntegrationIncomplete or IntegrationDisabled where nothing can be sent."""
    missing = integration.missing()
    if missing:
        words = ", ".join(words for _, words in missing)
        raise IntegrationIncomplete(f"The integration cannot send yet. Missing: {words}.")
    if not integration.enabled:
        raise IntegrationDisabled("The integration is disabled. Enable it to send.")


def send_feature(
    app: App, operation: Operation, integration: Integration, feature: Feature, *, dry_run: bool
) -> SendResult:
    """Bring a feature and its requirements to Azure DevOps, or (`dry_run`) say what a send would do.

    Raises:
        IntegrationIncomplete, IntegrationDisabled: the integration cannot send.
        FeatureBusy: another sender holds the feature and did not finish in time.
        Refused, Unavailable: nothing could be done for the feature itself.
    """
    check_usable(integration)
    send = FeatureSend(app, operation, integration, feature)
    return send.rehearse() if dry_run else send.run()


class FeatureSend:
    """One send of one feature."""

    def __init__(
        self,
        app: App,
        operation: Operation,
        integration: Integration,
        feature: Feature,
    ) -> None:
        self._app = app
        self._operation = operation
        self._integration = integration
        self._images = images_of_account(integration.aha.url)
        self._feature = feature = with_inline_images(feature, self._images.aha_host)
        self._sleep = app.clock.sleep
        self._started = time.monotonic()
        self._began_at = app.clock.now()
        self._azure_devops = app.azure_devops(integration.azure_devops, operation)
        self._public_url = app.settings.public_url
        self._lookout = Lookout(
            app.links, self._azure_devops, operation, integration, self._public_url, app.clock.now
        )
        self._report = Reporter(operation.journal, self._azure_devops)
        self._ledger = Ledger(app.links, integration.integration_id, self._lookout, self._report, feature)
        self._feature_work_item_id: int | None = None
        self._standings: dict[str, Standing] = {}
        self._plans: dict[str, RecordPlan] = {}
        self._uploads = Uploads({}, {})

    def rehearse(self) -> SendResult:
        """Decide everything, write nothing."""
        self._look(take_over=False)
        rehearse(self._plans, self._ledger.results, self._integration, self._azure_devops, self._public_url)
        return self._result()

    def run(self) -> SendResult:
        """Send until every record is settled, others have been waited for long enough, or time is over."""
        rounds = 0
        waited = 0.0
        while self._ledger.outstanding() and rounds < _ROUNDS and waited < _WAIT_SECONDS:
            if self._operation.deadline.remaining() < _LEAST_SECONDS:
                break
            try:
                self._look()
                if self._act():
                    rounds += 1
                    continue
            except TimeSpent:
                break
            self._sleep(_LOOK_AGAIN_SECONDS)
            waited += _LOOK_AGAIN_SECONDS
        outstanding = {record.id for record in self._ledger.outstanding()}
        self._lookout.release([item for key, item in self._standings.items() if key in outstanding])
        self._ledger.conclude(self._standings)
        return self._result()

    def _look(self, *, take_over: bool = True) -> None:
        """How the outstanding records stand, and what is to be done for each."""
        self._standings = self._lookout.look(self._ledger.outstanding(), take_over=take_over)
        feature = self._standings.get(self._feature.record.id)
        if feature is not None and feature.work_item is not None:
            self._feature_work_item_id = feature.work_item.id
        self._plans = {
            record_id: plan_record(
                standing.record,
                standing.link.link if standing.link else None,
                standing.work_item,
                self._family_of(standing.record.kind),
                base=standing.base,
                images=self._images,
            )
            for record_id, standing in self._standings.items()
            if not standing.is_blocked
        }

    def _family_of(self, kind: Kind) -> Family:
        if kind is Kind.REQUIREMENT:
            return Family(self._feature.record.id, self._feature_work_item_id)
        listed = tuple(record.id for record in self._feature.requirements)
        return Family(requirement_ids=listed if self._feature.lists_requirements else None)

    def _act(self) -> bool:
        """Do what the plans say; false where other senders have to be waited for and nothing else could be done."""
        settled = self._settle_unchanged()
        self._leave_to_other_sender()
        creating = [self._standings[key] for key, plan in self._plans.items() if plan.creates]
        self._report.recreated([item for item in creating if item.link is not None])
        attachments = [item for plan in self._plans.values() for item in plan.files.to_upload]
        steps = [partial(self._lookout.claim, creating)] if creating else []
        if attachments:
            steps.append(partial(self._upload, attachments))
        side_by_side(lambda step: step(), steps)
        self._leave_to_other_sender()
        self._look_again_at_conflicts()
        if not self._plans:
            return settled
        self._write()
        return True

    def _look_again_at_conflicts(self) -> None:
        """Leave a record that seems to have changed on both sides for the next round if its link has changed.

        What a notification is just bringing to Aha! may be in the payload before it is noted in the link: then it is no
        change of Aha!'s, and must not overwrite what an engineer wrote after it.
        """
        doubtful = {
            key: standing.link.version
            for key, plan in self._plans.items()
            if plan.conflicts and (standing := self._standings[key]).link is not None
        }
        if not doubtful:
            return
        self._sleep(_CONFLICT_PAUSE_SECONDS)
        found = self._app.links.load(self._integration.integration_id, list(doubtful))
        for key, version in doubtful.items():
            stored = found.get(key)
            if not isinstance(stored, StoredLink) or stored.version != version:
                del self._plans[key]

    def _settle_unchanged(self) -> bool:
        """Records with nothing to write are done (was there any?); what they agree on may be news to their links."""
        unchanged = [plan for plan in self._plans.values() if not plan.writes]
        self._plans = {key: plan for key, plan in self._plans.items() if plan.writes}
        self._keep([(plan, plan.work_item) for plan in unchanged if plan.work_item], Action.UNCHANGED)
        return bool(unchanged)

    def _leave_to_other_sender(self) -> None:
        """Drop what another sender has claimed; where that is the feature, all that goes below it has to wait, too."""
        feature = self._standings.get(self._feature.record.id)
        if feature is not None and feature.is_blocked:
            below = [
                self._standings[key]
                for key, plan in self._plans.items()
                if plan.creates or plan.moves_to_parent
            ]
            self._lookout.release(below)
            for item in below:
                item.is_blocked = True
        self._plans = {key: plan for key, plan in self._plans.items() if not self._standings[key].is_blocked}

    def _upload(self, attachments: Sequence[Attachment]) -> None:
        """Upload what was not uploaded in an earlier round."""
        settled = {*self._uploads.files, *self._uploads.failures}
        target = self._integration.azure_devops
        # An image may be shown in the descriptions of several records.
        outstanding = {item.id: item for item in attachments if item.id not in settled}
        if not outstanding:
            return
        # Many sends have no new file: they do without what it takes to download one.
        from shared.sending.transfers import UploadPlace, upload_all

        uploads = upload_all(
            list(outstanding.values()),
            UploadPlace(self._azure_devops, target.project, target.area_path),
            self._operation,
            transport=self._app.process_state.transport,
        )
        self._uploads = self._uploads.joined_by(uploads)

    def _write(self) -> None:
        writes = []
        for plan in self._plans.values():
            files = self._uploads.files_of(plan.files.to_upload)
            write = write_of(plan, self._integration, self._public_url, files)
            if write is not None:
                writes.append(write)
            elif plan.work_item is not None:
                self._keep([(plan, plan.work_item)], Action.UNCHANGED)
        surroundings = Surroundings(
            self._integration.azure_devops.project, self._hold, self._written, self._find_lost
        )
        writer = WorkItemWriter(
            self._azure_devops, self._operation, surroundings, self._app.capabilities, self._sleep
        )
        writer.write(writes, self._feature_work_item_id)
        for record_id, error in writer.failures.items():
            self._ledger.fail(self._standings[record_id], error)
        not_created = [
            key
            for key, error in writer.failures.items()
            if _is_certainly_not_done(error) and key not in writer.unanswered
        ]
        self._lookout.release([self._standings[key] for key in not_created])

    def _hold(self, creates: Sequence[Write]) -> frozenset[str]:
        """Make sure that the claims of creates hold; the ids of those that were lost."""
        standings = [self._standings[write.record_id] for write in creates]
        self._lookout.hold(standings)
        return frozenset(item.record.id for item in standings if item.is_blocked)

    def _find_lost(self, creates: Sequence[Write]) -> dict[str, WorkItem]:
        return self._lookout.find_created(
            [self._standings[write.record_id].record for write in creates], self._began_at
        )

    def _written(self, pairs: Sequence[tuple[Write, WorkItem]], feature_work_item_id: int | None) -> None:
        """Note work items that have just been written."""
        self._feature_work_item_id = feature_work_item_id
        for action, creates in ((Action.CREATED, True), (Action.UPDATED, False)):
            self._keep(
                [(self._plans[write.record_id], item) for write, item in pairs if write.creates is creates],
                action,
            )

    def _keep(self, pairs: Sequence[tuple[RecordPlan, WorkItem]], action: Action) -> None:
        # The feature's work item may be known by now.
        placed = [(replace(plan, family=self._family_of(plan.record.kind)), item) for plan, item in pairs]
        done = [Done(plan, self._standings[plan.record.id], item) for plan, item in placed]
        self._ledger.keep(done, action, self._uploads)

    def _result(self) -> SendResult:
        feature, *requirements = (self._ledger.results[record.id] for record in self._feature.records)
        return SendResult(
            feature=feature,
            requirements=tuple(requirements),
            operation_id=self._operation.id,
            duration_ms=round((time.monotonic() - self._started) * 1000),
            azure_devops_requests=self._azure_devops.requests,
        )


def _is_certainly_not_done(error: OperationFailed) -> bool:
    """Whether a create that failed like this has left nothing behind, so that its claim need not be kept."""
    return isinstance(error, Refused) or (isinstance(error, Unavailable) and not error.outcome_unknown)
