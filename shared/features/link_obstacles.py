"""What prevents linking a record to a work item by hand: other links, and running operations."""

from __future__ import annotations

from shared.app import App
from shared.concurrency import in_parallel
from shared.domain.accounts import is_same_account
from shared.domain.claims import ClaimDecision, decide
from shared.domain.integration import Integration, StoredIntegration
from shared.domain.link_rules import belongs_to, check_is_free, check_is_not_created, is_link_of
from shared.domain.records import Record
from shared.errors import OperationFailed
from shared.isolation import log_defect
from shared.operation import Operation
from shared.sending.orphans import SearchContext, find_orphans
from shared.sending.record_state import name_of
from shared.storage.links import LinkStore, StoredClaim, StoredLink, UnreadableLink


def present_link(
    links: LinkStore, operation: Operation, integration: Integration, record: Record, work_item_id: int
) -> StoredLink | StoredClaim | None:
    """The link of the record and the work item, or an abandoned claim; None if neither is linked.

    Raises:
        AlreadyLinked: one of the two has another link.
        FeatureBusy: another operation holds the record's claim.
        Defect: the row of one of the two is damaged.
    """
    holder = links.holder_of(integration.integration_id, work_item_id)
    if isinstance(holder, UnreadableLink):
        raise log_defect(operation, holder.error, f"the link of work item {work_item_id}")
    if is_link_of(record, holder.link if holder else None):
        return holder
    stored = links.load_each(integration.integration_id, [record.id]).get(record.id)
    if isinstance(stored, UnreadableLink):
        raise log_defect(operation, stored.error, name_of(record))
    if isinstance(stored, StoredLink):
        check_is_free(record, stored.link, is_claimed=False)
        return None
    is_held = stored is not None and decide(stored.claim, stored.age, operation.id) is ClaimDecision.WAIT
    check_is_free(record, None, is_claimed=is_held)
    return stored


def check_no_other_integration_has(app: App, integration: Integration, work_item_id: int) -> None:
    """Refuse a work item that is linked in another integration of the organization.

    Raises:
        AlreadyLinked: it belongs to a record of that integration.
    """
    account_name = integration.azure_devops.account_name
    others = [
        one.integration
        for one in app.integrations.each()
        if isinstance(one, StoredIntegration)
        and one.integration.integration_id != integration.integration_id
        and is_same_account(one.integration.azure_devops.account_name, account_name)
    ]
    holders = in_parallel(lambda one: app.links.holder_of(one.integration_id, work_item_id), others)
    for other, holder in zip(others, holders, strict=True):
        if isinstance(holder, StoredLink):
            raise belongs_to(work_item_id, holder.link.reference_or_id, other)
        if holder is not None:
            raise belongs_to(work_item_id, "a record whose link is damaged", other)


def check_nothing_was_created(
    app: App,
    operation: Operation,
    integration: Integration,
    record: Record,
    claim: StoredClaim,
    work_item_id: int,
) -> None:
    """Refuse if the send of the abandoned claim created another work item.

    Raises:
        AlreadyLinked: that work item exists.
    """
    azure_devops = app.azure_devops(integration.azure_devops, operation)
    context = SearchContext(azure_devops, integration, app.settings.public_url, operation)
    found = find_orphans(context, [record], claim.claim.began_at).get(record.id)
    if isinstance(found, OperationFailed):
        raise found
    created = [found.present.id] if found is not None else []
    # It was deleted when the claim was made, and may have been restored since.
    if claim.claim.work_item_id is not None:
        created += azure_devops.work_items([claim.claim.work_item_id])
    check_is_not_created(record, created, work_item_id)
