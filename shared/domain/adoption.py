"""Adoption: which work item a record without a link gets. No input or output.

Either Aha!'s fields name the work item, or it is an orphan: an interrupted send created it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.files import sent_files
from shared.domain.images import Images
from shared.domain.integration import AzureDevOpsTarget, Integration
from shared.domain.integration_fields import named_work_items
from shared.domain.links import Base, Field
from shared.domain.present_description import AgreedDescription, described
from shared.domain.records import Record
from shared.domain.work_item import WorkItem


@dataclass(frozen=True)
class NotAdopted:
    """A work item that Aha!'s fields name but that is not adopted, with the reason and a remedy."""

    work_item_id: int
    reason: str
    advice: str = ""

    def message(self, name: str) -> str:
        """The sentence for the log. `name` is the record's reference."""
        said = f"Aha! names work item {self.work_item_id} for {name}, but {self.reason}. A new work item is created."
        return f"{said} {self.advice}" if self.advice else said


def named_work_item(
    record: Record, own_integration_id: str, account_name: str, account_url: str
) -> int | NotAdopted | None:
    """The first work item of this organization that Aha!'s fields name; None if they name none.

    `own_integration_id` is the integration of Aha! that this app is told to use.
    """
    named = named_work_items(record.integration_fields, own_integration_id)
    if not named:
        return None
    here = (item.id for item in named if item.is_in_account(account_name, account_url))
    elsewhere = NotAdopted(named[0].id, f"its URL does not lead to it in the organization {account_name}")
    return next(here, elsewhere)


def first_to_name(named: Mapping[str, int]) -> dict[int, str]:
    """The first record that names each work item."""
    first: dict[int, str] = {}
    for record_id, work_item_id in named.items():
        first.setdefault(work_item_id, record_id)
    return first


def one_record_per_work_item(named: Mapping[str, int], linked: Mapping[int, str]) -> dict[str, int]:
    """The named work items, each with the one record that it belongs to.

    That is the linked record, else the first record that names it. `linked` are the records of links, by work item.
    """
    first = first_to_name(named)
    return {
        record_id: work_item_id
        for record_id, work_item_id in named.items()
        if record_id == linked.get(work_item_id, first[work_item_id])
    }


def adoptable(
    work_item_id: int, item: WorkItem | None, record: Record, integration: Integration
) -> WorkItem | NotAdopted:
    """The work item that Aha!'s fields name, if the record gets it. `item` is None if it cannot be read."""
    if item is None:
        return NotAdopted(
            work_item_id,
            "it cannot be read",
            "Remove the old one from the record's integration fields in Aha!, or give the token's user access to it.",
        )
    if not is_in_project(item, integration.azure_devops):
        return NotAdopted(item.id, f"it is in the project {item.project}")
    if not is_of_mapped_type(item, record, integration):
        return NotAdopted(item.id, f"its type is {item.type}")
    return item


def is_in_project(item: WorkItem, target: AzureDevOpsTarget) -> bool:
    """Whether a work item is in the integration's project.

    The project may be configured by its id, but the root of every area path is the project's name.
    """
    names = (target.project, target.area_path.split("\\")[0])
    return item.project.casefold() in (name.casefold() for name in names if name)


def is_of_mapped_type(item: WorkItem, record: Record, integration: Integration) -> bool:
    """Whether a work item has the type for this kind of record. The case of a type's name does not matter."""
    return item.type.casefold() == integration.mapping(record.kind).work_item_type.casefold()


@dataclass(frozen=True)
class AdoptedOrphan:
    """An orphan as it is now, and the base at its creation."""

    work_item: WorkItem
    base: Mapping[Field, Base]


def adopted_orphan(
    present: WorkItem,
    first: WorkItem,
    intended: Mapping[Field, str],
    integration: Integration,
    images: Images,
) -> AdoptedOrphan:
    """What a record gets with its orphan.

    Both sides agreed when the orphan was created: Aha! had what the claim intended, and the first revision shows the
    result in Azure DevOps. A difference from that is somebody's change.
    """
    first = described(first, integration.description_field(first.type), None)
    images = images.with_files(sent_files(first))
    base = {name: Base(intended.get(name, ""), first.digest_of(name, images)) for name in Field}
    agreed = AgreedDescription(first.description_field, base[Field.DESCRIPTION].azure_devops)
    return AdoptedOrphan(described(present, integration.description_field(present.type), agreed), base)
