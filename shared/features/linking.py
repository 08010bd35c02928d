"""Link a record to an existing work item by hand. No text of either side is touched."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import Any

from shared import log_events
from shared.app import App
from shared.domain.claims import abandoned, knows_of_work_item, taken_over
from shared.domain.integration import Integration
from shared.domain.json_input import InputErrors, JsonObject
from shared.domain.kind import Kind
from shared.domain.link_rules import check_fits, record_named
from shared.domain.links import Claim, Link
from shared.domain.records import Record
from shared.domain.references import RecordName
from shared.domain.unagreed_links import unagreed_link
from shared.domain.work_item import WorkItem
from shared.errors import FeatureBusy, LinkChanged, NotFound, OperationFailed, System
from shared.features.link_obstacles import (
    check_no_other_integration_has,
    check_nothing_was_created,
    present_link,
)
from shared.features.reading import FeatureInAha, read_from_aha
from shared.features.sync_state import sync_state_of
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
    """Link a feature or a requirement to a work item of the mapped type. Returns the feature's sync state.

    Raises:
        AlreadyLinked: the work item belongs to another record, or the record has another work item.
        FeatureBusy: a send is creating the record's work item, or somebody else is linking the record.
        NotFound: Aha! does not show the record, or the work item cannot be read.
        RuleViolation: the work item has another type, or is in another project.
    """
    in_aha = read_from_aha(app, operation, integration, name)
    record = record_named(in_aha.feature, name)
    with closing(LinkBacks(app, operation, integration)) as link_backs:
        found = present_link(app.links, operation, integration, record, work_item_id)
        if isinstance(found, StoredLink):
            link_backs.stored(found)
            link_backs.begin(record, found.link, is_new=False)
        else:
            item = _work_item(app, operation, integration, record, work_item_id)
            check_no_other_integration_has(app, integration, work_item_id)
            if found is not None:
                check_nothing_was_created(app, operation, integration, record, found, work_item_id)
            stored = _store(app, operation, integration, in_aha, record, item, found)
            # Only after the link is stored, because another record may have got the work item.
            link_backs.stored(stored)
            link_backs.begin(record, stored.link, is_new=True)
            operation.log.add(
                log_events.LINK_MADE,
                f"{record.reference_or_id} was linked to work item {work_item_id}.",
                reference=record.reference_or_id,
                work_item_id=work_item_id,
            )
        return sync_state_of(app, operation, integration, name)


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
    earlier: StoredClaim | None,
) -> StoredLink:
    """Store the link under a claim, which blocks senders. If that fails, give the claim back."""
    links, integration_id = app.links, integration.integration_id
    claim = Claim(record.kind, record.id, record.reference, operation.id, app.clock.now())
    held = _claimed(links, integration_id, claim, earlier)
    if held is None:
        raise _busy(record)
    try:
        link = _new_link(links, integration, in_aha, record, item)
        return links.establish(integration_id, [(held, link)])[record.id]
    except LinkChanged:
        _give_back(links, integration_id, held)
        # Somebody else linked one of the two since they were read.
        present_link(links, operation, integration, record, item.id)
        raise _busy(record) from None
    except Exception:
        _give_back(links, integration_id, held)
        raise


def _claimed(
    links: LinkStore, integration_id: str, claim: Claim, earlier: StoredClaim | None
) -> StoredClaim | None:
    """The stored claim, which may be an `earlier`, abandoned one; None if somebody else was first."""
    if earlier is None:
        return links.claim(integration_id, [claim]).get(claim.aha_id)
    taken = taken_over(earlier.claim, claim.operation_id)
    try:
        return links.renew(integration_id, [(earlier, taken)])[claim.aha_id]
    except LinkChanged:
        return None


def _give_back(links: LinkStore, integration_id: str, held: StoredClaim) -> None:
    """Give the claim back, unless the link was stored. Its own failure is ignored; the earlier one is reported.

    A claim that was taken over is abandoned again: only it leads to what its first sender may have created.
    """
    with suppress(OperationFailed):
        if knows_of_work_item(held.claim):
            links.renew(integration_id, [(held, abandoned(held.claim))])
        else:
            links.release(integration_id, [held])


def _busy(record: Record) -> FeatureBusy:
    name = record.reference_or_id
    return FeatureBusy(f"Another operation is linking {name}. Repeat the request.", retry_after=5)


def _new_link(
    links: LinkStore, integration: Integration, in_aha: FeatureInAha, record: Record, item: WorkItem
) -> Link:
    """A link without a base: it has the digests of the work item now."""
    parent = None
    if record.kind is Kind.REQUIREMENT:
        feature_id = in_aha.feature.record.id
        found = links.load_each(integration.integration_id, [feature_id]).get(feature_id)
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
