"""Examples of the records, work items and integrations that tests talk about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from hypothesis import strategies as st

from shared.domain.images import Images
from shared.domain.integration import AhaTarget, Authentication, AzureDevOpsTarget, Integration, RecordMapping
from shared.domain.kind import Kind
from shared.domain.links import AttachedFile, Base, Field, Link, digest
from shared.domain.records import Attachment, Record
from shared.domain.send_plan import Family, RecordPlan, plan_record
from shared.domain.work_item import ATTACHED_FILE, NO_IMAGES, PARENT, Relation, WorkItem, description_digest
from shared.secret import Secret

ACCOUNT_URL = "https://dev.azure.com/fabrikam"
NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
PAT = "pat-that-nobody-may-see"
API_TOKEN = "aha-token-that-nobody-may-see"


def a_record(**changes: Any) -> Record:
    """A feature as its payload says it."""
    feature = Record(
        kind=Kind.FEATURE,
        id="6776487451",
        reference="PROD-2",
        name="Search by colour",
        description="<p>Shoppers look for colours.</p>",
        url="https://fabrikam.aha.io/features/PROD-2",
        attachments=(),
    )
    return replace(feature, **changes)


def a_requirement(**changes: Any) -> Record:
    """A requirement as its payload says it."""
    return a_record(**{"kind": Kind.REQUIREMENT, "id": "6776487452", "reference": "PROD-2-1", **changes})


def an_attachment(**changes: Any) -> Attachment:
    """A picture of 2 kB."""
    picture = Attachment(
        "41", "colours.png", "https://fabrikam.aha.io/attachments/41/token/K.png", 2048, "image/png"
    )
    return replace(picture, **changes)


def a_work_item(**changes: Any) -> WorkItem:
    """The work item of `a_record`, as it was created."""
    created = WorkItem(
        id=12,
        revision=1,
        type="Feature",
        title="Search by colour",
        description="<p>Shoppers look for colours.</p>",
        state="New",
        page_url=f"{ACCOUNT_URL}/web/_workitems/edit/12",
    )
    return replace(created, **changes)


def planned(
    record: Record,
    link: Link | None,
    work_item: WorkItem | None,
    family: Family,
    *,
    base: Mapping[Field, Base] | None = None,
    images: Images = NO_IMAGES,
) -> RecordPlan:
    """What a send at noon does for a record."""
    return plan_record(record, link, work_item, family, now=NOON, base=base, images=images)


def a_link(record: Record, item: WorkItem, **changes: Any) -> Link:
    """The link of a record and its work item, both agreed on as they are."""
    base = {
        Field.NAME: Base(digest(record.title), item.digest_of(Field.NAME)),
        Field.DESCRIPTION: Base(
            description_digest(record.description or ""), item.digest_of(Field.DESCRIPTION)
        ),
        Field.STATE: Base("", item.digest_of(Field.STATE)),
    }
    link = Link(
        kind=record.kind,
        aha_id=record.id,
        reference=record.reference,
        parent_aha_id="",
        work_item_id=item.id,
        work_item_url=item.page_url,
        work_item_type=item.type,
        agreed_revision=item.revision,
        base=base,
    )
    return replace(link, **changes)


def an_integration(**changes: Any) -> Integration:
    """A complete, enabled integration."""
    complete = Integration(
        integration_id="fabrikam-web",
        name="Fabrikam web",
        product_id="PROD",
        enabled=True,
        azure_devops=AzureDevOpsTarget(
            "fabrikam", Authentication.PAT, Secret(PAT), "Fabrikam", "Fabrikam\\Web"
        ),
        aha=AhaTarget("https://fabrikam.aha.io", Secret(API_TOKEN)),
        feature=RecordMapping("Feature", {"New": "Under consideration", "Active": "In development"}),
        requirement=RecordMapping("User Story", {"New": "Under consideration"}),
    )
    return replace(complete, **changes)


def parent_relation(work_item_id: int) -> Relation:
    """The relation of a child to its parent."""
    return Relation(PARENT, f"{ACCOUNT_URL}/_apis/wit/workItems/{work_item_id}")


def file_relation(name: str, size: int | None, number: int = 1) -> Relation:
    """The relation of a work item to an attached file."""
    return Relation(ATTACHED_FILE, attachment_url(number), {"name": name, "resourceSize": size})


def attachment_url(number: int) -> str:
    """The address of an uploaded file."""
    return f"{ACCOUNT_URL}/_apis/wit/attachments/{number:08}"


def sent_file(number: int = 1) -> AttachedFile:
    """A file that was uploaded before."""
    return AttachedFile(attachment_url(number), "colours.png", 2048)


JSON_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)


def json_values(
    keys: st.SearchStrategy[str] | None = None, *, max_leaves: int = 25
) -> st.SearchStrategy[Any]:
    """Any JSON, with the keys that a reader looks for often enough to get past it."""
    names = keys if keys is not None else st.text(max_size=8)
    return st.recursive(
        JSON_LEAVES,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
        max_leaves=max_leaves,
    )


def deeply_nested(depth: int) -> Any:
    """A list in a list in a list."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value
