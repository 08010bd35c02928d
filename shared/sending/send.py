"""Sending a feature: look how its records stand, decide, act; again until every record is settled or time is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

from shared.app import App
from shared.domain.integration import Integration
from shared.domain.links import AttachedFile, Link
from shared.domain.records import Attachment, Feature, Kind
from shared.domain.send_plan import Parent, RecordPlan, link_after, plan_record
from shared.domain.work_item import WorkItem
from shared.errors import (
    FeatureBusy,
    IntegrationDisabled,
    IntegrationIncomplete,
    LinkChanged,
    OperationFailed,
    Refused,
    RevisionConflict,
    TimeSpent,
    Unavailable,
)
from shared.operation import Operation
from shared.sending.batches import Write
from shared.sending.rehearsal import rehearse
from shared.sending.report import Reporter
from shared.sending.result import Action, RecordResult, SendResult, SentWorkItem
from shared.sending.standing import Lookout, Standing
from shared.sending.uploads import UploadPlace, Uploads, upload_all
from shared.sending.writer import Surroundings, WorkItemWriter
from shared.sending.writes import write_of
from shared.storage.links import StoredClaim, StoredLink

_ROUNDS = 8
"""How often a record is decided anew because somebody changed it or its link meanwhile."""

_WAIT_SECONDS = 70.0
"""How long another sender of the same records is waited for: a little longer than a dead one's claim lasts."""

_LOOK_AGAIN_SECONDS = 0.25
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
    """Bring a feature and its requirements to Azure DevOps.

    Raises:
        IntegrationIncomplete, IntegrationDisabled: the integration cannot send.
        FeatureBusy: another sender holds the feature and did not finish in time.
        Refused, Unavailable: nothing could be done for the feature itself.
    """
    check_usable(integration)
    return FeatureSend(app, operation, integration, feature).run(dry_run)


class FeatureSend:
    """One send of one feature."""

    def __init__(
        self,
        app: App,
        operation: Operation,
        integration: Integration,
        feature: Feature,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._app = app
        self._operation = operation
        self._integration = integration
        self._feature = feature
        self._sleep = sleep
        self._started = time.monotonic()
        self._began_at = datetime.now(timezone.utc)
        self._azure_devops = app.azure_devops(integration.azure_devops, operation)
        public_url = app.settings.public_url
        self._lookout = Lookout(app.links, self._azure_devops, operation, integration, public_url)
        self._report = Reporter(operation.journal, self._azure_devops)
        self._results = {record.id: RecordResult(record) for record in feature.records}
        self._feature_work_item_id: int | None = None
        self._plans: dict[str, RecordPlan] = {}
        self._standings: dict[str, Standing] = {}
        self._uploads = Uploads({}, {})

    def run(self, dry_run: bool) -> SendResult:
        """Send, or say what a send would do."""
        if dry_run:
            self._look(take_over=False)
            rehearse(
                self._plans,
                self._results,
                self._integration,
                self._azure_devops,
                self._app.settings.public_url,
            )
            return self._result()
        rounds = 0
        waited = 0.0
        while self._outstanding() and rounds < _ROUNDS:
            if self._operation.deadline.remaining() < _LEAST_SECONDS:
                break
            try:
                self._look()
                progressed = self._act()
            except TimeSpent:
                break
            if progressed:
                rounds += 1
            elif waited >= _WAIT_SECONDS:
                break
            else:
                self._sleep(_LOOK_AGAIN_SECONDS)
                waited += _LOOK_AGAIN_SECONDS
        self._conclude()
        return self._result()

    def _outstanding(self) -> list[RecordResult]:
        return [result for result in self._results.values() if not result.is_settled]

    def _look(self, *, take_over: bool = True) -> None:
        """How the outstanding records stand, and what is to be done for each."""
        records = [result.record for result in self._outstanding()]
        self._standings = self._lookout.look(records, take_over=take_over)
        feature = self._standings.get(self._feature.record.id)
        if feature is not None and feature.work_item is not None:
            self._feature_work_item_id = feature.work_item.id
        self._plans = {
            record_id: plan_record(
                standing.record,
                standing.link.link if standing.link else None,
                standing.work_item,
                self._parent_of(standing.record.kind),
                is_untouched=standing.is_untouched,
            )
            for record_id, standing in self._standings.items()
            if not standing.is_blocked
        }

    def _parent_of(self, kind: Kind) -> Parent:
        if kind is Kind.FEATURE:
            return Parent()
        return Parent(self._feature.record.id, self._feature_work_item_id)

    def _act(self) -> bool:
        """Do what the plans say; false where other senders have to be waited for and nothing else could be done."""
        settled = self._settle_unchanged()
        self._leave_to_other_sender()
        creating = [self._standings[key] for key, plan in self._plans.items() if plan.creates]
        self._report.recreated([item for item in creating if item.link is not None])
        attachments = [item for plan in self._plans.values() for item in plan.files.to_upload]
        with ThreadPoolExecutor(1) as other:
            claiming = other.submit(self._lookout.claim, creating)
            self._upload(attachments)
            claiming.result()
        self._lookout.keep_claims(creating)
        self._leave_to_other_sender()
        if not self._plans:
            return settled
        self._write()
        return True

    def _upload(self, attachments: Sequence[Attachment]) -> None:
        """Upload what was not uploaded in an earlier round."""
        settled = {*self._uploads.files, *self._uploads.failures}
        target = self._integration.azure_devops
        uploads = upload_all(
            [item for item in attachments if item.id not in settled],
            UploadPlace(self._azure_devops, target.project, target.area_path),
            self._operation,
            allow_local=self._app.settings.allow_local_addresses,
        )
        self._uploads = Uploads(
            {**self._uploads.files, **uploads.files}, {**self._uploads.failures, **uploads.failures}
        )

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

    def _settle_unchanged(self) -> bool:
        """Records with nothing to write are done (was there any?); what they agree on may be news to their links."""
        unchanged = [plan for plan in self._plans.values() if not plan.writes]
        self._plans = {key: plan for key, plan in self._plans.items() if plan.writes}
        self._store([(plan, plan.work_item) for plan in unchanged if plan.work_item], Action.UNCHANGED)
        return bool(unchanged)

    def _write(self) -> None:
        writes = []
        for plan in self._plans.values():
            files = [
                self._uploads.files[item.id]
                for item in plan.files.to_upload
                if item.id in self._uploads.files
            ]
            write = write_of(plan, self._integration, self._app.settings.public_url, files)
            if write is not None:
                writes.append(write)
            elif plan.work_item is not None:
                self._store([(plan, plan.work_item)], Action.UNCHANGED)
        surroundings = Surroundings(
            self._integration.azure_devops.project,
            self._written,
            lambda lost: self._lookout.find_created(
                [self._results[write.record_id].record for write in lost], self._began_at
            ),
        )
        writer = WorkItemWriter(
            self._azure_devops, self._operation, surroundings, self._app.habits, self._sleep
        )
        writer.write(writes, self._feature_work_item_id)
        for record_id, error in writer.failures.items():
            self._fail(record_id, error)
        not_created = [key for key, error in writer.failures.items() if _is_certainly_not_done(error)]
        self._lookout.release([self._standings[key] for key in not_created])

    def _written(self, pairs: Sequence[tuple[Write, WorkItem]]) -> None:
        """Note work items that have just been written, before anything else is done."""
        for write, item in pairs:
            if write.is_feature:
                self._feature_work_item_id = item.id
        self._store(
            [(self._plans[write.record_id], item) for write, item in pairs if write.creates], Action.CREATED
        )
        self._store(
            [(self._plans[write.record_id], item) for write, item in pairs if not write.creates],
            Action.UPDATED,
        )

    def _store(self, pairs: Sequence[tuple[RecordPlan, WorkItem]], action: Action) -> None:
        """Write the links of work items that are now as planned, then settle their records."""
        established: list[tuple[StoredClaim, Link]] = []
        replaced: list[tuple[StoredLink, Link]] = []
        unsettled: tuple[str, ...] = ()
        for plan, item in pairs:
            standing = self._standings[plan.record.id]
            before = standing.link.link if standing.link else None
            parent = self._parent_of(plan.record.kind)
            link = link_after(plan, before, item, parent.aha_id, self._uploaded(plan))
            if standing.link is not None:
                if link != before:
                    replaced.append((standing.link, link))
                continue
            if standing.claim is None:
                self._lookout.claim([standing])
            if standing.claim is not None:
                established.append((standing.claim, link))
        for store, changes in (
            (self._app.links.establish, established),
            (self._app.links.replace, replaced),
        ):
            unsettled += self._store_links(store, changes)
        for plan, item in pairs:
            if action is not Action.UNCHANGED:
                self._results[plan.record.id].note(action)
            if plan.record.id not in unsettled:
                self._settle(plan, item, action)

    def _store_links(self, store: Callable[..., Any], changes: Sequence[Any]) -> tuple[str, ...]:
        """Store links; the ids of those that somebody else changed meanwhile, which are looked at anew."""
        if not changes:
            return ()
        try:
            store(self._integration.integration_id, changes)
        except LinkChanged as error:
            self._operation.journal.info("link.changed-meanwhile", error.detail)
            for record_id in error.holders:
                self._lookout.do_not_adopt(record_id)
            return error.aha_ids
        return ()

    def _uploaded(self, plan: RecordPlan) -> Mapping[str, AttachedFile]:
        files = self._uploads.files
        return {item.id: files[item.id] for item in plan.files.to_upload if item.id in files}

    def _settle(self, plan: RecordPlan, item: WorkItem, action: Action) -> None:
        result = self._results[plan.record.id]
        standing = self._standings[plan.record.id]
        url = item.page_url or (standing.link.link.work_item_url if standing.link else "")
        result.work_item = SentWorkItem(item.id, url, item.type, item.revision)
        result.settle(action)
        self._report.settled(plan, item, action, result)
        self._report.attachments(plan, self._uploads, result)

    def _fail(self, record_id: str, error: OperationFailed) -> None:
        """Settle a record that could not be written; one that was changed meanwhile is looked at anew."""
        if isinstance(error, RevisionConflict):
            self._operation.journal.info("work-item.changed-meanwhile", error.detail, aha_id=record_id)
            return
        result, standing = self._results[record_id], self._standings[record_id]
        item = standing.work_item
        if item is not None:
            result.work_item = SentWorkItem(item.id, item.page_url, item.type, item.revision)
        may_exist = isinstance(error, Unavailable) and error.may_still_run
        is_pending = isinstance(error, TimeSpent) or may_exist
        result.fail(Action.PENDING if is_pending else Action.FAILED, error)
        self._report.failed(result, error)

    def _conclude(self) -> None:
        """Answer for what is still outstanding, and raise where nothing can be said of the feature itself."""
        unused = [
            self._standings[item.record.id]
            for item in self._outstanding()
            if item.record.id in self._standings
        ]
        self._lookout.release(unused)
        for result in self._outstanding():
            standing = self._standings.get(result.record.id)
            if standing is not None and standing.is_blocked:
                result.error = FeatureBusy(
                    "The same feature is being sent elsewhere and has not finished. Send it again in a moment.",
                    retry_after=5,
                )
        feature = self._results[self._feature.record.id]
        if (
            feature.work_item is None
            and feature.error is not None
            and not isinstance(feature.error, TimeSpent)
        ):
            raise feature.error

    def _result(self) -> SendResult:
        feature, *requirements = (self._results[record.id] for record in self._feature.records)
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
