"""Sync one changed work item to its Aha! record: look → decide → intend → write → commit.

Every change from Azure DevOps comes this way: those that notifications report, and those that a backfill finds. The
steps are repeated from the start if another operation changed the link at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

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
from shared.domain.links import Field, Link, RecordError
from shared.domain.notifications import Notification
from shared.domain.present_description import AgreedDescription, described
from shared.domain.receive_plan import ReceivePlan, aha_says, link_after, plan_receive
from shared.domain.work_item import WorkItem
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
from shared.receiving.aha_write import WrittenToAha, write_to_aha
from shared.receiving.receive_log import ReceiveLog
from shared.settling import SettlePlace, settle_intentions
from shared.storage.links import StoredLink

_ROUNDS = 5
"""How often a change is decided anew because another operation changed the link."""


@dataclass(frozen=True)
class Received:
    """The answer to a notification: `updated`, `unchanged` or `ignored`, and a stable code for the reason."""

    result: str
    reason: str | None = None


def ignore(operation: Operation, reason: str, message: str, **detail: Any) -> Received:
    """Log that a notification is ignored."""
    operation.log.add(log_events.NOTIFICATION_IGNORED, message, reason=reason, **detail)
    return Received("ignored", reason)


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
            return self._sync(notification, stored)
        except OperationFailed as error:
            where = _where(stored.link) if stored else {"work_item_id": notification.work_item_id}
            error.evidence.update(where)
            raise

    def _sync(self, notification: Notification, stored: StoredLink | None) -> Received:
        has_written = False
        for _ in range(_ROUNDS):
            stored = stored or self._links.by_work_item(
                self._integration.integration_id, notification.work_item_id
            )
            if stored is None:
                return ignore(
                    self._operation,
                    "work_item_not_linked",
                    f"This integration did not send work item {notification.work_item_id}.",
                    work_item_id=notification.work_item_id,
                )
            self._operation.log.know_record(_name(stored.link), stored.link.feature_id)
            if not has_written and _is_synced(stored.link, notification.revision):
                return self._unchanged(stored.link, "already_agreed")
            if not has_written and _is_refused(stored.link, notification.revision):
                return self._not_taken(stored.link)
            try:
                both = self._look(stored)
                if isinstance(both, Received):
                    return both
                if not has_written and both.link.is_refused(both.work_item.revision):
                    return self._not_taken(both.link)
                mapping = self._integration.mapping(both.link.kind).status_mapping
                plan = plan_receive(both.link, both.work_item, both.record, mapping, self._images)
                self._receive_log.decision(both.link, both.work_item, plan)
                written = WrittenToAha(both.record)
                if plan.writes:
                    stored = self._intend(stored, both, plan)
                    written = write_to_aha(self._aha, stored.link, both.record, plan)
                    has_written = has_written or bool(plan.written_fields - written.not_taken)
                    self._receive_log.not_taken(stored.link, both.work_item, plan, written)
                self._commit(stored, both, plan, written)
            except LinkChanged as error:
                self._operation.log.add(
                    log_events.LINK_CHANGED_MEANWHILE,
                    f"{error.detail} This operation reads it again.",
                    work_item_id=stored.link.work_item_id,
                    reference=_name(stored.link),
                )
                stored = None
                continue
            if has_written:
                return Received("updated")
            if written.not_taken and not _only_status_refused(written):
                return self._not_taken(both.link)
            return self._unchanged(both.link, _why_unchanged(plan, written))
        raise Unavailable(System.STORAGE, "The link keeps changing. Try again.", retry_after=2)

    def _look(self, stored: StoredLink) -> _Both | Received:
        """Read both sides, side by side, and settle the link's intentions."""
        link = stored.link
        with Threads(1, "aha") as other:
            reading = other.submit(self._aha.record, link.kind, link.aha_id)
            try:
                work_item = self._azure_devops.work_item(link.work_item_id)
            except NotFound:
                reading.exception()
                return self._absent(link)
            try:
                record = reading.result()
            except NotFound as error:
                return ignore(self._operation, "aha_record_gone", error.detail, **_where(link))
            except (Forbidden, RuleViolation) as error:
                return self._refused_record(stored, work_item, error)
        shown_field = self._integration.description_field(work_item.type)
        work_item = described(work_item, shown_field, AgreedDescription.of(link))
        try:
            settled = settle_intentions(
                link,
                work_item,
                aha_says(link, record, self._images),
                SettlePlace(self._azure_devops, self._integration, self._operation, self._images),
                self._clock.now(),
            )
        except NotFound:
            # The work item went out of sight after it was read.
            return self._absent(link)
        return _Both(work_item, record, settled)

    def _absent(self, link: Link) -> Received:
        """Ignore a notification of a work item that cannot be read. Only the recycle bin proves that it was deleted."""
        project, number = self._integration.azure_devops.project, link.work_item_id
        if self._azure_devops.recycle_bin.deleted_of(project, [number]):
            return ignore(
                self._operation,
                "work_item_gone",
                f"Work item {number} of {link.reference or link.aha_id} was deleted. The next send of the record "
                "creates a new one, unless somebody restores it before.",
                **_where(link),
            )
        error = out_of_sight(link, project)
        self._operation.log.add(
            log_events.WORK_ITEM_OUT_OF_SIGHT,
            error.detail,
            code=error.code,
            **{**error.evidence, **_where(link)},
        )
        return ignore(
            self._operation,
            "work_item_out_of_sight",
            f"Work item {number} cannot be read, so its changes do not reach Aha!.",
            **_where(link),
        )

    def _intend(self, stored: StoredLink, both: _Both, plan: ReceivePlan) -> StoredLink:
        """Store what is about to be written, before it is written."""
        intentions = plan.intentions(
            both.link, both.work_item, both.record, self._operation.id, self._clock.now()
        )
        noted = with_intentions(both.link, intentions)
        return self._links.replace(self._integration.integration_id, [(stored, noted)])[noted.aha_id]

    def _commit(self, stored: StoredLink, both: _Both, plan: ReceivePlan, written: WrittenToAha) -> None:
        """Record in the link what was written."""
        link = stored.link if plan.writes else both.link
        new_link = link_after(
            plan, link, both.work_item, written.record, written.not_taken, self._operation.id
        )
        if new_link != stored.link:
            error = next(iter(written.refused.values()), None)
            noted = self._with_error(new_link, error) if error else new_link
            stamped = replace(noted, received_at=self._clock.now())
            self._links.replace(self._integration.integration_id, [(stored, stamped)])

    def _refused_record(
        self, stored: StoredLink, work_item: WorkItem, error: Forbidden | RuleViolation
    ) -> Received:
        """Note that Aha! does not let this token read the record, so that nothing waits for it."""
        self._receive_log.refused(stored.link, work_item, error)
        noted = self._with_error(replace(stored.link, refused_revision=work_item.revision), error)
        self._links.replace(self._integration.integration_id, [(stored, noted)])
        return self._not_taken(stored.link)

    def _with_error(self, link: Link, error: OperationFailed) -> Link:
        noted = RecordError(self._clock.now(), error.code, error.detail, self._operation.id)
        return replace(link, last_error=noted)

    def _not_taken(self, link: Link) -> Received:
        return ignore(
            self._operation,
            "aha_refused",
            f"Aha! does not take the changes of work item {link.work_item_id}. Its next change tries them again.",
            **_where(link),
        )

    def _unchanged(self, link: Link, reason: str) -> Received:
        self._operation.log.add(
            log_events.NOTIFICATION_NOTHING_TO_DO,
            "No synced field changed.",
            reason=reason,
            **_where(link),
        )
        return Received("unchanged", reason)


def _name(link: Link) -> str:
    return link.reference or link.aha_id


def _where(link: Link) -> dict[str, Any]:
    return {"work_item_id": link.work_item_id, "reference": _name(link)}


def _is_synced(link: Link, revision: int | None) -> bool:
    """Whether a revision is in sync with Aha! for certain, so that neither side has to be read."""
    return revision is not None and link.is_agreed(revision)


def _is_refused(link: Link, revision: int | None) -> bool:
    return revision is not None and link.is_refused(revision)


def _only_status_refused(written: WrittenToAha) -> bool:
    error = written.refused.get(Field.STATE)
    return written.not_taken == {Field.STATE} and isinstance(error, RuleViolation)


def _why_unchanged(plan: ReceivePlan, written: WrittenToAha) -> str:
    if written.not_taken:
        return "status_refused"
    return "state_not_mapped" if plan.unmapped_state else "already_agreed"
