"""Settle a link's intentions: read the revisions that decide, apply the rule, log what was recognised."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shared import log_events
from shared.clients.azure_devops import AzureDevOps
from shared.domain.files import sent_files
from shared.domain.images import Images
from shared.domain.integration import Integration
from shared.domain.intentions import AhaText, intended_revisions, settle
from shared.domain.links import Field, Link
from shared.domain.present_description import described
from shared.domain.work_item import WorkItem
from shared.operation import Operation


def settle_intentions(
    link: Link,
    work_item: WorkItem,
    aha: Mapping[Field, AhaText],
    images: Images,
    azure_devops: AzureDevOps,
    integration: Integration,
    operation: Operation,
    *,
    aha_is_current: bool,
    aha_updated_at: datetime | None,
    now: datetime,
) -> Link:
    """The link with settled intentions; see `shared.domain.intentions.settle` for the arguments.

    Raises:
        NotFound, Unavailable and the like: a revision cannot be read.
    """
    if not link.intentions:
        return link
    numbers = intended_revisions(link, work_item)
    earlier = {number: _revision(work_item.id, number, azure_devops, integration) for number in numbers}
    files = {key: file for item in (*earlier.values(), work_item) for key, file in sent_files(item).items()}
    settled = settle(
        link,
        work_item,
        earlier,
        aha,
        images.with_files({**files, **link.attachments}),
        aha_is_current=aha_is_current,
        aha_updated_at=aha_updated_at,
        operation_id=operation.id,
        now=now,
    )
    if settled.recognised:
        operation.log.add(
            log_events.INTENTION_SETTLED,
            f"The app found a write of its own to {link.reference or link.aha_id} that it had not recorded yet.",
            fields=sorted(name.value for name in settled.recognised),
            reference=link.reference or link.aha_id,
            work_item_id=link.work_item_id,
        )
    return settled.link


def _revision(
    work_item_id: int, number: int, azure_devops: AzureDevOps, integration: Integration
) -> WorkItem:
    item = azure_devops.revision(work_item_id, number)
    return described(item, integration.description_field(item.type), None)
