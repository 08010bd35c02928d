"""Notifications of work items that have no link, but carry a marker of this integration."""

from __future__ import annotations

from collections.abc import Iterable

from shared.app import App
from shared.domain.integration import Integration
from shared.domain.second_work_items import linked_elsewhere, marked_by_comments, with_second_work_item
from shared.errors import NotFound
from shared.operation import Operation
from shared.second_work_item import log_second_work_item
from shared.storage.links import StoredLink


def report_second_work_item(
    app: App,
    operation: Operation,
    integration: Integration,
    work_item_id: int,
    hyperlinks: Iterable[str],
) -> None:
    """Log an error if the work item carries the marker of a record that is linked to another work item.

    `hyperlinks` are the comments of hyperlinks in the notification. If none of them is a marker, nothing is read;
    otherwise, the work item itself decides. A record without a link has no second work item: its create may not have
    been answered yet.

    Raises:
        Unavailable, Refused: the work item or the link cannot be read now.
    """
    integration_id = integration.integration_id
    ours = marked_by_comments(hyperlinks, integration_id)
    if not ours:
        return
    found = app.links.load(integration_id, sorted(ours)).values()
    links = [stored.link for stored in found if isinstance(stored, StoredLink)]
    elsewhere = linked_elsewhere(links, work_item_id)
    if not elsewhere:
        return
    try:
        item = app.azure_devops(integration.azure_devops, operation).work_item(work_item_id)
    except NotFound:
        return
    for link in with_second_work_item(elsewhere, item, integration_id):
        name = link.reference_or_id
        operation.log.know_record(name, link.feature_id)
        log_second_work_item(operation, name, link.work_item_id, link.work_item_url, item)
