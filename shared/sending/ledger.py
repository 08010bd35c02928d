"""What a send has done so far: kept in the links before anything else, and in the results that the answer shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain.links import Link
from shared.domain.records import Feature, Record
from shared.domain.send_plan import RecordPlan, link_after
from shared.domain.work_item import WorkItem
from shared.errors import FeatureBusy, LinkChanged, OperationFailed, RevisionConflict, TimeSpent, Unavailable
from shared.sending.report import Reporter
from shared.sending.result import Action, RecordResult, SentWorkItem
from shared.sending.standing import Lookout, Standing
from shared.sending.uploads import Uploads
from shared.storage.links import LinkStore, StoredClaim, StoredLink


@dataclass(frozen=True)
class Done:
    """A record whose work item is now as planned."""

    plan: RecordPlan
    standing: Standing
    work_item: WorkItem


class Ledger:
    """The results of one send, by record."""

    def __init__(
        self, links: LinkStore, integration_id: str, lookout: Lookout, report: Reporter, feature: Feature
    ) -> None:
        self._links = links
        self._integration_id = integration_id
        self._lookout = lookout
        self._report = report
        self._feature = feature
        self.results = {record.id: RecordResult(record) for record in feature.records}

    def outstanding(self) -> list[Record]:
        """The records about which something is still to be done."""
        return [result.record for result in self.results.values() if not result.is_settled]

    def keep(self, done: Sequence[Done], action: Action, uploads: Uploads) -> None:
        """Write the links, then settle the records. One whose link changed meanwhile stays outstanding."""
        established: list[tuple[StoredClaim, Link]] = []
        replaced: list[tuple[StoredLink, Link]] = []
        for item in done:
            standing = item.standing
            before = standing.link.link if standing.link else None
            link = link_after(item.plan, before, item.work_item, uploads.files_of(item.plan.files.to_upload))
            if standing.link is not None:
                if link != before:
                    replaced.append((standing.link, link))
                continue
            if standing.claim is None:
                # An adopted work item: nobody had to claim anything yet.
                self._lookout.claim([standing])
            if standing.claim is not None:
                established.append((standing.claim, link))
        changed = {
            *self._store(self._links.establish, established),
            *self._store(self._links.replace, replaced),
        }
        for item in done:
            record_id = item.plan.record.id
            if action is not Action.UNCHANGED:
                self.results[record_id].note(action)
            if record_id not in changed and not item.standing.is_blocked:
                self._settle(item, action, uploads)

    def _store(self, store: Callable[[str, Any], object], changes: Sequence[Any]) -> Iterable[str]:
        """Store links; the ids of those that somebody else changed meanwhile."""
        if not changes:
            return ()
        try:
            store(self._integration_id, changes)
        except LinkChanged as error:
            for record_id in error.holders:
                self._lookout.do_not_adopt(record_id)
            self._report.link_changed(error)
            return error.aha_ids
        return ()

    def _settle(self, item: Done, action: Action, uploads: Uploads) -> None:
        result, link = self.results[item.plan.record.id], item.standing.link
        url = item.work_item.page_url or (link.link.work_item_url if link else "")
        result.work_item = SentWorkItem(item.work_item.id, url, item.work_item.type, item.work_item.revision)
        result.settle(action)
        self._report.settled(item.plan, item.work_item, action, result)
        self._report.removed_requirements(item.plan, link.link if link else None)
        self._report.attachments(item.plan, uploads, result)

    def fail(self, standing: Standing, error: OperationFailed) -> None:
        """Settle a record that could not be written; one that somebody changed or claimed is looked at anew."""
        if isinstance(error, RevisionConflict | FeatureBusy):
            self._report.changed_meanwhile(standing.record, error)
            return
        result, item = self.results[standing.record.id], standing.work_item
        if item is not None:
            result.work_item = SentWorkItem(item.id, item.page_url, item.type, item.revision)
        may_exist = isinstance(error, Unavailable) and error.outcome_unknown and standing.work_item is None
        is_pending = isinstance(error, TimeSpent) or may_exist
        result.fail(Action.PENDING if is_pending else Action.FAILED, error)
        self._report.failed(result, error)

    def conclude(self, standings: Mapping[str, Standing]) -> None:
        """Answer for what is still outstanding.

        Raises:
            OperationFailed: nothing can be said of the feature itself but this.
        """
        for record in self.outstanding():
            standing = standings.get(record.id)
            if standing is not None and standing.is_blocked:
                self.results[record.id].error = FeatureBusy(
                    "The same feature is being sent elsewhere and has not finished. Send it again in a moment.",
                    retry_after=5,
                )
        feature = self.results[self._feature.record.id]
        is_hopeful = feature.error is None or isinstance(feature.error, TimeSpent)
        if feature.work_item is None and feature.error is not None and not is_hopeful:
            raise feature.error
