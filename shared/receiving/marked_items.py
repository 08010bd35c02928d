"""Notifications of work items that no link knows, but that carry a marker of this integration."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from shared.app import App
from shared.domain.integration import Integration
from shared.domain.markers import MarkedRecord, marked_record
from shared.domain.work_item import HYPERLINK
from shared.errors import NotFound
from shared.operation import Operation
from shared.second_work_item import log_second_work_item
from shared.storage.links import StoredLink


def report_second_work_item(
    app: App,
    operation: Operation,
    integration: Integration,
    work_item_id: int,
    hyperlinks: Collection[str],
) -> None:
    """Log an error if the work item carries the marker of a record that is linked to another work item.

    `hyperlinks` are the comments that the notification shows. Nothing is read if none of them is a marker; else the
    work item itself decides. A record without a link has no second one: its create may not have been answered yet.

    Raises:
        Unavailable, Refused: the work item or the link cannot be read now.
    """
    ours = _records((marked_record(HYPERLINK, comment) for comment in hyperlinks), integration)
    if not ours:
        return
    found = app.links.load(integration.integration_id, sorted(ours))
    elsewhere = [
        stored.link
        for stored in found.values()
        if isinstance(stored, StoredLink) and stored.link.work_item_id != work_item_id
    ]
    if not elsewhere:
        return
    try:
        item = app.azure_devops(integration.azure_devops, operation).work_item(work_item_id)
    except NotFound:
        return
    marked = _records(
        (marked_record(relation.rel, relation.comment) for relation in item.relations), integration
    )
    for link in elsewhere:
        if link.aha_id in marked:
            name = link.reference or link.aha_id
            operation.log.know_record(name, link.feature_id)
            log_second_work_item(operation, name, link.work_item_id, link.work_item_url, item)


def _records(marks: Iterable[MarkedRecord | None], integration: Integration) -> set[str]:
    """The Aha! ids of the records that markers of this integration name."""
    return {mark.aha_id for mark in marks if mark and mark.integration_id == integration.integration_id}
