"""The agreed revision: the newest revision of a work item whose synced fields all agree with Aha!."""

from __future__ import annotations

from dataclasses import replace

from shared.domain.images import Images
from shared.domain.links import Field, Link
from shared.domain.work_item import NO_IMAGES, WorkItem


def with_agreed_revision(link: Link, work_item: WorkItem, images: Images = NO_IMAGES) -> Link:
    """The link, with this revision as the agreed one if every field of it is in sync with Aha!, else an earlier one."""
    is_agreed = all(
        name in link.base and link.base[name].azure_devops == work_item.digest_of(name, images)
        for name in Field
    )
    if is_agreed:
        return replace(link, agreed_revision=max(link.agreed_revision, work_item.revision))
    # A late write of a notification may have undone in Aha! what was in sync before.
    return replace(link, agreed_revision=min(link.agreed_revision, work_item.revision - 1))
