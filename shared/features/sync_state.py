"""The sync state of a feature and its requirements, from Aha!, Azure DevOps and the links. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.app import App
from shared.clients.azure_devops import AzureDevOps
from shared.concurrency import Threads
from shared.domain.aha_record import AhaRecord
from shared.domain.difference import Difference, difference_of, without_work_item
from shared.domain.images import Images, images_of_integration, with_inline_images
from shared.domain.integration import Integration
from shared.domain.kind import Kind
from shared.domain.links import Link, RecordError
from shared.domain.present_description import AgreedDescription, described
from shared.domain.receive_plan import aha_texts
from shared.domain.records import Record
from shared.domain.references import RecordName
from shared.domain.send_plan import Family
from shared.domain.times import time_text
from shared.domain.work_item import WorkItem
from shared.features.reading import FeatureInAha, read_from_aha
from shared.isolation import log_defect
from shared.operation import Operation
from shared.sending.record_state import name_of
from shared.settling import SettleContext, settle_intentions
from shared.storage.links import LinkStore, Loaded, StoredLink, UnreadableLink


@dataclass(frozen=True)
class RecordSyncState:
    """The sync state of one record.

    `work_item` is None if it cannot be read, or does not exist; `link` if the record was not sent, or its link's row is
    damaged. `damage` says so.
    """

    record: Record
    difference: Difference
    link: Link | None = None
    work_item: WorkItem | None = None
    damage: RecordError | None = None

    def to_json(self) -> dict[str, Any]:
        """The shape in the answer."""
        return {
            "id": self.record.id,
            "reference_num": self.record.reference,
            "name": self.record.title,
            "work_item": self._work_item(),
            "difference": self.difference.value,
            "last_sent_at": time_text(self.link.sent_at) if self.link else None,
            "last_received_at": time_text(self.link.received_at) if self.link else None,
            "last_error": error_json(self.link.last_error if self.link else self.damage),
        }

    def _work_item(self) -> dict[str, Any] | None:
        if self.link is None:
            return None
        item = self.work_item
        return {
            "id": self.link.work_item_id,
            "url": (item.page_url if item else "") or self.link.work_item_url,
            "type": item.type if item else self.link.work_item_type,
            "state": item.state if item else None,
            "rev": item.revision if item else self.link.agreed_revision,
        }


def error_json(error: RecordError | None) -> dict[str, Any] | None:
    """The shape of a record's last error in answers."""
    if error is None:
        return None
    return {
        "time": time_text(error.at),
        "code": error.code,
        "detail": error.detail,
        "operation_id": error.operation_id,
    }


def sync_state_of(
    app: App, operation: Operation, integration: Integration, name: RecordName
) -> dict[str, Any]:
    """A feature's sync state, `{"feature": E, "requirements": [E, …]}`. A requirement's name stands for its feature.

    The work items that the links name are read in parallel with Aha!.

    Raises:
        Refused, Unavailable: Aha! or Azure DevOps could not be read.
    """
    look = _Look(app, operation, integration)
    with Threads(1, "aha") as thread:
        reading = thread.submit(read_from_aha, app, operation, integration, name)
        known = _links_by_name(app.links, integration.integration_id, name)
        items = look.work_items(known)
        in_aha = reading.result()
    return look.all_states(in_aha, known, items)


def _links_by_name(links: LinkStore, integration_id: str, name: RecordName) -> dict[str, StoredLink]:
    """The links of a feature and its requirements, by Aha! id, as far as the links alone show them."""
    # With two of one reference, Aha! knows which one is meant.
    named = [name.text] if name.is_id else links.aha_ids_named(integration_id, name.text)
    stored = links.load_each(integration_id, named).get(named[0]) if len(named) == 1 else None
    if not isinstance(stored, StoredLink):
        return {}
    if stored.link.kind is Kind.REQUIREMENT:
        return _family(links, integration_id, stored.link.parent_aha_id, ())
    return _family(links, integration_id, stored.link.aha_id, stored.link.requirement_ids)


def _family(
    links: LinkStore, integration_id: str, feature_id: str, requirement_ids: Sequence[str]
) -> dict[str, StoredLink]:
    return _linked(links.load_family(integration_id, feature_id, requirement_ids))


def _linked(found: Mapping[str, Loaded]) -> dict[str, StoredLink]:
    return {key: stored for key, stored in found.items() if isinstance(stored, StoredLink)}


def _work_item_of(
    links: Mapping[str, Link], damaged: Mapping[str, UnreadableLink], aha_id: str
) -> int | None:
    """The work item of a record, also if only its pointer can be read."""
    if aha_id in links:
        return links[aha_id].work_item_id
    return damaged[aha_id].work_item_id if aha_id in damaged else None


class _Look:
    """Reads and compares, within one operation."""

    def __init__(self, app: App, operation: Operation, integration: Integration) -> None:
        self._app = app
        self._operation = operation
        self._integration = integration
        self._images: Images = images_of_integration(integration, app.settings.azure_devops_url)
        self._azure_devops: AzureDevOps = app.azure_devops(integration.azure_devops, operation)

    def work_items(self, known: Mapping[str, StoredLink]) -> dict[int, WorkItem]:
        """The work items of some links."""
        ids = sorted(stored.link.work_item_id for stored in known.values())
        return self._azure_devops.work_items(ids) if ids else {}

    def all_states(
        self, in_aha: FeatureInAha, known: Mapping[str, StoredLink], items: Mapping[int, WorkItem]
    ) -> dict[str, Any]:
        """The answer. Links and work items that were not known before Aha! answered are read now."""
        feature = with_inline_images(in_aha.feature, self._images.aha_host)
        missing = [record.id for record in feature.records if record.id not in known]
        damaged: dict[str, UnreadableLink] = {}
        if missing:
            found = self._app.links.load_each(self._integration.integration_id, missing)
            damaged = {key: stored for key, stored in found.items() if isinstance(stored, UnreadableLink)}
            more = _linked(found)
            known, items = {**known, **more}, {**items, **self.work_items(more)}
        links = {aha_id: stored.link for aha_id, stored in known.items()}
        feature_work_item_id = _work_item_of(links, damaged, feature.record.id)
        deleted = self._deleted(links.values(), items)
        states = []
        for record in feature.records:
            link = links.get(record.id)
            item = items.get(link.work_item_id) if link else None
            if record.id in damaged:
                states.append(self._damaged(record, damaged[record.id].error))
            elif link is None or item is None:
                states.append(RecordSyncState(record, without_work_item(link, deleted), link))
            else:
                family = in_aha.family_of(record.kind, feature_work_item_id)
                states.append(self._compared(record, in_aha.records[record.id], link, item, family))
        first, *others = (state.to_json() for state in states)
        return {"feature": first, "requirements": others}

    def _damaged(self, record: Record, error: Exception) -> RecordSyncState:
        """The sync state of a record whose link's row is damaged. It must not hide the other records."""
        defect = log_defect(self._operation, error, name_of(record))
        damage = RecordError(self._app.clock.now(), defect.code, defect.detail, self._operation.id)
        return RecordSyncState(record, Difference.UNREADABLE, damage=damage)

    def _deleted(self, links: Iterable[Link], items: Mapping[int, WorkItem]) -> frozenset[int]:
        """The work items in the recycle bin, of those that could not be read."""
        absent = sorted(link.work_item_id for link in links if link.work_item_id not in items)
        project = self._integration.azure_devops.project
        return self._azure_devops.recycle_bin.deleted_of(project, absent) if absent else frozenset()

    def _compared(
        self, record: Record, shown: AhaRecord, link: Link, item: WorkItem, family: Family
    ) -> RecordSyncState:
        now = self._app.clock.now()
        shown_field = self._integration.description_field(item.type)
        item = described(item, shown_field, AgreedDescription.of(link))
        link = settle_intentions(
            link,
            item,
            aha_texts(link, shown, self._images),
            SettleContext(self._azure_devops, self._integration, self._operation, self._images),
            now,
        )
        difference = difference_of(
            record,
            shown,
            link,
            item,
            family,
            self._integration.mapping(record.kind).status_mapping,
            self._images,
            now,
        )
        return RecordSyncState(record, difference, link, item)
