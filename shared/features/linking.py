"""Link a record to an existing work item by hand. No text of either side is touched."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from shared import log_events
from shared.app import App
from shared.domain.integration import Integration
from shared.domain.json_input import InputErrors, JsonObject
from shared.domain.kind import Kind
from shared.domain.link_rules import check_fits, check_is_free, is_link_of, record_named
from shared.domain.links import Claim, Link
from shared.domain.records import Record
from shared.domain.references import RecordName
from shared.domain.unagreed_links import unagreed_link
from shared.domain.work_item import WorkItem
from shared.errors import FeatureBusy, LinkChanged, NotFound, System
from shared.features.reading import FeatureInAha, read_from_aha
from shared.features.standing import standing_of
from shared.operation import Operation
from shared.sending.link_backs import LinkBacks
from shared.storage.links import LinkStore, StoredClaim, StoredLink

_LARGEST_WORK_ITEM_ID = 2**31 - 1


def read_link_body(body: Any) -> int:
    """The work item of `{"work_item_id": 174}`. Raises InvalidRequest for anything else."""
    errors = InputErrors()
    source = JsonObject(body, errors)
    number = source.whole_number("work_item_id")
    if number is None or not 0 < number <= _LARGEST_WORK_ITEM_ID:
        errors.add("/work_item_id", "must be the id of a work item")
    errors.raise_if_any()
    return number or 0


def link_record(
    app: App, operation: Operation, integration: Integration, name: RecordName, work_item_id: int
) -> dict[str, Any]:
    """Link a feature or a requirement to a work item of the mapped type. Returns how the feature stands then.

    Raises:
        AlreadyLinked: the work item belongs to another record, or the record has another work item.
        FeatureBusy: a send is creating the record's work item.
        NotFound: Aha! does not show the record, or the work item cannot be read.
        RuleViolation: the work item has another type, or is in another project.
    """
    in_aha = read_from_aha(app, operation, integration, name)
    record = record_named(in_aha.feature, name)
    with closing(LinkBacks(app, operation, integration)) as link_backs:
        known = _link(app.links, integration, record, work_item_id)
        if known is not None:
            link_backs.stored(known)
            link_backs.begin(record, known.link, is_new=False)
        else:
            item = _work_item(app, operation, integration, record, work_item_id)
            _store(app, operation, integration, in_aha, record, item, link_backs)
            operation.log.add(
                log_events.LINK_MADE,
                f"{record.reference or record.id} was linked to work item {work_item_id}.",
                reference=record.reference or record.id,
                work_item_id=work_item_id,
            )
        return standing_of(app, operation, integration, name)


def _link(links: LinkStore, integration: Integration, record: Record, work_item_id: int) -> StoredLink | None:
    """The link of the record and the work item, None if neither has one. Raises AlreadyLinked or FeatureBusy."""
    holder = links.by_work_item(integration.integration_id, work_item_id)
    if is_link_of(record, holder.link if holder else None):
        return holder
    stored = links.load(integration.integration_id, [record.id]).get(record.id)
    own = stored.link if isinstance(stored, StoredLink) else None
    check_is_free(record, own, is_claimed=isinstance(stored, StoredClaim))
    return None


def _work_item(
    app: App, operation: Operation, integration: Integration, record: Record, work_item_id: int
) -> WorkItem:
    items = app.azure_devops(integration.azure_devops, operation).work_items([work_item_id])
    if work_item_id not in items:
        raise NotFound(
            System.AZURE_DEVOPS,
            f"Work item {work_item_id} does not exist, or the token's user cannot read it. Check the number, or give "
            "the user the right to read its area.",
        )
    item = items[work_item_id]
    check_fits(item, record, integration)
    return item


def _store(
    app: App,
    operation: Operation,
    integration: Integration,
    in_aha: FeatureInAha,
    record: Record,
    item: WorkItem,
    link_backs: LinkBacks,
) -> None:
    now = app.clock.now()
    claim = Claim(record.kind, record.id, record.reference, operation.id, now)
    claims = app.links.claim(integration.integration_id, [claim])
    if record.id not in claims:
        raise _busy(record)
    try:
        link = _new_link(app.links, integration, in_aha, record, item)
        link_backs.begin(record, link, is_new=True)
        stored = app.links.establish(integration.integration_id, [(claims[record.id], link)])
        link_backs.stored(stored[record.id])
    except LinkChanged:
        app.links.release(integration.integration_id, [claims[record.id]])
        # Somebody else linked one of the two since they were looked up.
        _link(app.links, integration, record, item.id)
        raise _busy(record) from None


def _busy(record: Record) -> FeatureBusy:
    name = record.reference or record.id
    return FeatureBusy(f"Another operation is linking {name}. Repeat the request.", retry_after=5)


def _new_link(
    links: LinkStore, integration: Integration, in_aha: FeatureInAha, record: Record, item: WorkItem
) -> Link:
    """A link whose sides never agreed: it has what the work item says now."""
    parent = None
    if record.kind is Kind.REQUIREMENT:
        feature_id = in_aha.feature.record.id
        found = links.load(integration.integration_id, [feature_id]).get(feature_id)
        parent = found.link.work_item_id if isinstance(found, StoredLink) else None
    return unagreed_link(
        integration,
        item,
        kind=record.kind,
        aha_id=record.id,
        reference=record.reference,
        name=record.name or "",
        family=in_aha.family_of(record.kind, parent),
    )
