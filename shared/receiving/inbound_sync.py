"""Sync one changed work item to its Aha! record: look → decide → intend → write → commit.

This module syncs every change from Azure DevOps: those that notifications report, and those that a backfill finds. The
steps are repeated from the start if another operation changed the link at the same time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from shared import log_events
from shared.app import App
from shared.clients.aha import Aha
from shared.clients.azure_devops import AzureDevOps
from shared.concurrency import Threads
from shared.domain.absence import out_of_sight
from shared.domain.aha_record import AhaRecord
from shared.domain.images import images_of_integration
from shared.domain.integration import Integration
from shared.domain.intentions import with_intentions
from shared.domain.links import Link
from shared.domain.notifications import Notification
from shared.domain.present_description import AgreedDescription, described
from shared.domain.receive_plan import ReceivePlan, aha_texts, link_after_receive, plan_receive
from shared.domain.received import (
    Received,
    absent_record,
    absent_work_item,
    answer_after_write,
    answer_by_link,
    answer_by_revision,
    link_to_store,
    named,
    not_linked,
    refused_link,
    refused_record,
)
from shared.domain.retry import pause_before
from shared.domain.work_item import WorkItem
from shared.domain.written_to_aha import WrittenToAha
from shared.errors import (
    Forbidden,
    LinkChanged,
    NotFound,
    OperationFailed,
    RuleViolation,
    System,
    Unavailable,
)
from shared.operation import Operation
from shared.receiving.aha_write import write_to_aha
from shared.receiving.receive_log import ReceiveLog
from shared.settling import SettleContext, settle_intentions
from shared.storage.links import StoredLink

_ROUNDS = 5
"""How often a change is decided again because another operation changed the link."""
_LEAST_SECONDS = 1.0
"""The time that another attempt needs to read both sides before it writes."""


def answer(operation: Operation, received: Received) -> Received:
    """Log the answer to a notification, unless it has its own log lines, and return it."""
    if received.message:
        event = (
            log_events.NOTIFICATION_IGNORED
            if received.result == "ignored"
            else log_events.NOTIFICATION_NOTHING_TO_DO
        )
        operation.log.add(event, received.message, reason=received.reason, **received.detail)
    return received


class _UnknownWrite(Exception):
    """It is unknown whether a write into Aha! took effect."""

    def __init__(self, error: Unavailable) -> None:
        super().__init__(error.detail)
        self.error = error


@dataclass(frozen=True)
class _Both:
    """The work item and the record as they are now, and the link with settled intentions."""

    work_item: WorkItem
    record: AhaRecord
    link: Link


class InboundSync:
    """Syncs work items of one integration to Aha!, within one operation."""

    def __init__(self, app: App, operation: Operation, integration: Integration) -> None:
        self._links = app.links
        self._clock = app.clock
        self._operation = operation
        self._integration = integration
        self._images = images_of_integration(integration, app.settings.azure_devops_url)
        self._receive_log = ReceiveLog(operation.log, integration.aha.url)
        self._azure_devops: AzureDevOps = app.azure_devops(integration.azure_devops, operation)
        self._aha: Aha = app.aha(integration.aha, operation)

    @property
    def integration_id(self) -> str:
        """The integration's id."""
        return self._integration.integration_id

    def sync(self, notification: Notification, stored: StoredLink | None = None) -> Received:
        """Write what changed into Aha!, and record it in the link.

        `stored` is the work item's link, if it was just read.

        Raises:
            Unavailable, Refused: it could not be done now; try again. The evidence names work item and record.
        """
        try:
            return answer(self._operation, self._sync_until_known(notification, stored))
        except OperationFailed as error:
            where = named(stored.link) if stored else {"work_item_id": notification.work_item_id}
            error.evidence.update(where)
            raise

    def _sync_until_known(self, notification: Notification, stored: StoredLink | None) -> Received:
        """Sync, and read both sides again after a write whose effect is unknown.

        The write is not just repeated: a person may have edited the record in between. Its intention shows whether it
        took effect.
        """
        attempt = 1
        while True:
            try:
                return self._sync(notification, stored)
            except _UnknownWrite as unknown:
                attempt += 1
                self._wait_before(attempt, unknown.error)
                stored = None

    def _wait_before(self, attempt: int, error: Unavailable) -> None:
        """Wait before another attempt. Raises the error of the last attempt if there is no other."""
        pause = pause_before(
            attempt,
            asked=error.retry_after,
            remaining=self._operation.deadline.remaining() - _LEAST_SECONDS,
            # S311: nothing to be kept secret.
            jitter=random.random(),  # noqa: S311
        )
        if pause is None:
            raise error
        self._clock.sleep(pause)
        if error.retry_after is not None:
            self._operation.log.know_wait(pause)

    def _sync(self, notification: Notification, stored: StoredLink | None) -> Received:
        has_written = False
        for _ in range(_ROUNDS):
            stored = stored or self._links.by_work_item(
                self._integration.integration_id, notification.work_item_id
            )
            if stored is None:
                return not_linked(notification.work_item_id)
            link = stored.link
            self._operation.log.know_record(link.reference_or_id, link.feature_id)
            # Once something was written, the answer is known, and only the link must be updated.
            known = None if has_written else answer_by_link(link, notification.revision)
            if known is not None:
                return known
            try:
                both = self._look(stored)
                if isinstance(both, Received):
                    return both
                known = None if has_written else answer_by_revision(both.link, both.work_item.revision)
                if known is not None:
                    return known
                plan = self._decide(both)
                intended = self._intend(stored, both, plan)
                written = self._write(intended, both, plan)
                has_written = has_written or written.has_changed(plan.written_fields)
                self._commit(intended, both, plan, written)
                return answer_after_write(both.link, plan, written, has_written=has_written)
            except LinkChanged as error:
                self._log_changed_link(link, error)
                stored = None
        raise Unavailable(System.STORAGE, "The link keeps changing. Try again.", retry_after=2)

    def _look(self, stored: StoredLink) -> _Both | Received:
        """Read both sides, and settle the link's intentions."""
        link = stored.link
        read = self._read(link)
        if read is None:
            return self._absent(link)
        work_item, record = read
        if isinstance(record, NotFound):
            return absent_record(link, record)
        if isinstance(record, Forbidden | RuleViolation):
            return self._refused_record(stored, work_item, record)
        shown_field = self._integration.description_field(work_item.type)
        work_item = described(work_item, shown_field, AgreedDescription.of(link))
        try:
            settled = settle_intentions(
                link,
                work_item,
                aha_texts(link, record, self._images),
                SettleContext(self._azure_devops, self._integration, self._operation, self._images),
                self._clock.now(),
            )
        except NotFound:
            # The work item became invisible after it was read.
            return self._absent(link)
        return _Both(work_item, record, settled)

    def _read(self, link: Link) -> tuple[WorkItem, AhaRecord | Forbidden | NotFound | RuleViolation] | None:
        """Both sides, read in parallel; None if the work item cannot be read, an error if Aha! refuses the record."""
        with Threads(1, "aha") as other:
            reading = other.submit(self._read_record, link)
            try:
                work_item = self._azure_devops.work_item(link.work_item_id)
            except NotFound:
                # The state of the record does not matter then.
                reading.exception()
                return None
            return work_item, reading.result()

    def _read_record(self, link: Link) -> AhaRecord | Forbidden | NotFound | RuleViolation:
        try:
            return self._aha.record(link.kind, link.aha_id)
        except (Forbidden, NotFound, RuleViolation) as error:
            return error

    def _absent(self, link: Link) -> Received:
        """The answer for a work item that cannot be read. Only the recycle bin proves that it was deleted."""
        project = self._integration.azure_devops.project
        is_deleted = bool(self._azure_devops.recycle_bin.deleted_of(project, [link.work_item_id]))
        if not is_deleted:
            error = out_of_sight(link, project)
            self._operation.log.add(
                log_events.WORK_ITEM_OUT_OF_SIGHT,
                error.detail,
                code=error.code,
                **{**error.evidence, **named(link)},
            )
        return absent_work_item(link, is_deleted=is_deleted)

    def _decide(self, both: _Both) -> ReceivePlan:
        """Plan what the change writes into the record, and log the plan."""
        mapping = self._integration.mapping(both.link.kind).status_mapping
        plan = plan_receive(both.link, both.work_item, both.record, mapping, self._images)
        self._receive_log.decision(both.link, both.work_item, plan)
        return plan

    def _intend(self, stored: StoredLink, both: _Both, plan: ReceivePlan) -> StoredLink:
        """Store what is about to be written, before it is written."""
        if not plan.writes:
            return stored
        intentions = plan.intentions(
            both.link, both.work_item, both.record, self._operation.id, self._clock.now()
        )
        link = with_intentions(both.link, intentions)
        return self._links.replace(self._integration.integration_id, [(stored, link)])[link.aha_id]

    def _write(self, intended: StoredLink, both: _Both, plan: ReceivePlan) -> WrittenToAha:
        """Write the plan into Aha!."""
        if not plan.writes:
            return WrittenToAha(both.record)
        try:
            written = write_to_aha(self._aha, intended.link, both.record, plan)
        except Unavailable as error:
            if error.outcome_unknown:
                raise _UnknownWrite(error) from error
            raise
        self._receive_log.not_taken(intended.link, both.work_item, plan, written)
        return written

    def _commit(self, stored: StoredLink, both: _Both, plan: ReceivePlan, written: WrittenToAha) -> None:
        """Record in the link what was written."""
        link = stored.link if plan.writes else both.link
        new_link = link_after_receive(
            plan,
            link,
            both.work_item,
            written.record,
            not_taken=written.not_taken,
            operation_id=self._operation.id,
        )
        error = next(iter(written.refused.values()), None)
        changed = link_to_store(stored.link, new_link, error, self._clock.now(), self._operation.id)
        if changed is not None:
            self._links.replace(self._integration.integration_id, [(stored, changed)])

    def _refused_record(
        self, stored: StoredLink, work_item: WorkItem, error: Forbidden | RuleViolation
    ) -> Received:
        """Store that Aha! does not let this token read the record, so that nothing retries it."""
        self._receive_log.refused(stored.link, work_item, error)
        refused = refused_link(stored.link, work_item.revision, error, self._clock.now(), self._operation.id)
        self._links.replace(self._integration.integration_id, [(stored, refused)])
        return refused_record(stored.link)

    def _log_changed_link(self, link: Link, error: LinkChanged) -> None:
        self._operation.log.add(
            log_events.LINK_CHANGED_MEANWHILE,
            f"{error.detail} This operation reads it again.",
            work_item_id=link.work_item_id,
            reference=link.reference_or_id,
        )
