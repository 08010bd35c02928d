"""Settle a link's intentions: read the revisions that decide, apply the rule, log what was recognised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared import log_events
from shared.clients.azure_devops import AzureDevOps
from shared.domain.files import sent_files
from shared.domain.images import Images
from shared.domain.integration import Integration
from shared.domain.intentions import AhaTexts, Seen, intended_revisions, settle
from shared.domain.links import Link
from shared.domain.present_description import described
from shared.domain.work_item import WorkItem
from shared.operation import Operation


@dataclass(frozen=True)
class SettleContext:
    """The system, integration and operation for which revisions are read."""

    azure_devops: AzureDevOps
    integration: Integration
    operation: Operation
    images: Images


def settle_intentions(
    link: Link, work_item: WorkItem, aha: AhaTexts, context: SettleContext, now: datetime
) -> Link:
    """The link with the intentions settled whose results both sides show now.

    Raises:
        NotFound, Unavailable and the like: a revision cannot be read.
    """
    if not link.intentions:
        return link
    earlier = {
        number: _revision(work_item.id, number, context) for number in intended_revisions(link, work_item)
    }
    files = {key: file for item in (*earlier.values(), work_item) for key, file in sent_files(item).items()}
    images = context.images.with_files({**files, **link.attachments})
    settled = settle(link, Seen(work_item, earlier, aha, images, context.operation.id, now))
    if settled.recognised:
        context.operation.log.add(
            log_events.INTENTION_SETTLED,
            f"The app recognised its own write to {link.reference_or_id} that it had not recorded yet.",
            fields=sorted(name.value for name in settled.recognised),
            reference=link.reference_or_id,
            work_item_id=link.work_item_id,
        )
    return settled.link


def _revision(work_item_id: int, number: int, context: SettleContext) -> WorkItem:
    item = context.azure_devops.revision(work_item_id, number)
    return described(item, context.integration.description_field(item.type), None)
