"""A link without a base: nobody knows what both sides last agreed on."""

from __future__ import annotations

from shared.domain.agreed_revision import with_agreed_revision
from shared.domain.integration import Integration
from shared.domain.kind import Kind
from shared.domain.links import Base, Field, Link
from shared.domain.present_description import agreed_about, described
from shared.domain.send_plan import Family
from shared.domain.work_item import WorkItem


def unagreed_link(
    integration: Integration,
    item: WorkItem,
    *,
    kind: Kind,
    aha_id: str,
    reference: str,
    name: str,
    family: Family,
) -> Link:
    """The link of a record to a work item as it is now.

    It has the digests of the work item now, so a notification carries only what an engineer changes later. It has no
    digests of Aha!: the next send writes Aha!'s texts, and reports a conflict for each other text that it overwrites.
    """
    item = described(item, integration.description_field(item.type), None)
    link = Link(
        kind=kind,
        aha_id=aha_id,
        reference=reference,
        name=name,
        parent_aha_id=family.feature_id,
        parent_work_item_id=family.feature_work_item_id,
        work_item_id=item.id,
        work_item_url=item.page_url,
        work_item_type=item.type,
        agreed_revision=0,
        base={one: Base("", item.digest_of(one)) for one in Field},
        requirement_ids=family.requirement_ids or (),
    )
    return with_agreed_revision(agreed_about(link, item), item)
