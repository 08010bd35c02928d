"""What `check` finds, and who repairs it. docs/operate.md has the same table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Remedy(Enum):
    """Who repairs a fault."""

    REPAIR = "`--repair`"
    PERSON = "a person"
    APP = "the app"
    """Nothing is to be done; it is only shown for information."""


class Fault(Enum):
    """A kind of fault: its name, who repairs it, and how."""

    NEWER_ROW = (
        "row of a newer version",
        Remedy.PERSON,
        "Finish the deployment of the newer version, and use a clone of that version.",
    )
    DAMAGED_ROW = (
        "damaged row",
        Remedy.PERSON,
        "Export the integration, delete this row in Azure Storage Explorer, then run rebuild-links.",
    )
    UNKNOWN_ROW = ("unknown row", Remedy.PERSON, "Find out who wrote it. The app does not read it.")
    FOREIGN_ROWS = (
        "links without an integration",
        Remedy.PERSON,
        "Create an integration with this id. It then has these links.",
    )
    UNFINISHED_DELETION = (
        "deletion that did not finish",
        Remedy.REPAIR,
        "The links and the log that are left are deleted.",
    )
    PRODUCT_HELD = (
        "product held by no integration",
        Remedy.REPAIR,
        "The row is deleted, so that another integration can have the product.",
    )
    PRODUCT_FREE = (
        "product not held by its integration",
        Remedy.REPAIR,
        "The row is stored, so that no other integration can have the product.",
    )
    PRODUCT_TWICE = (
        "product of two integrations",
        Remedy.PERSON,
        "On the configuration page, give one of them another product.",
    )
    TOKEN_LOST = (
        "token that no key decrypts",
        Remedy.PERSON,
        "Add its key to the end of SECRETS_KEY, or enter the token again.",
    )
    TOKEN_OF_OLDER_KEY = ("token encrypted with an older key", Remedy.PERSON, "Run rotate-key.")
    POINTER_WITHOUT_LINK = (
        "pointer without a link",
        Remedy.REPAIR,
        "The record is linked to the work item that the pointer names, if that carries its marker.",
    )
    POINTER_UNMARKED = (
        "pointer without a link or a marked work item",
        Remedy.PERSON,
        "Send the record. The send uses the work item that the pointer names, or reports why not.",
    )
    LINK_WITHOUT_POINTER = (
        "link without a pointer",
        Remedy.REPAIR,
        "The pointer is stored, so that a send finds the work item.",
    )
    SECOND_LINK = (
        "second link of a record",
        Remedy.PERSON,
        "Decide which work item is the record's, and delete the row of the other one in Azure Storage Explorer.",
    )
    CLAIM_LEFT = (
        "claim of a send that ended",
        Remedy.REPAIR,
        "The timer gets a note of the feature, and finishes the send.",
    )
    CLAIM_TO_SEND = (
        "claim of a send that ended, without Aha!",
        Remedy.PERSON,
        "Send the feature again. The send completes the earlier one.",
    )
    CLAIM_WAITING = ("claim of a send that the timer finishes", Remedy.APP, "Nothing.")
    SECOND_WORK_ITEM = (
        "second work item of a record",
        Remedy.PERSON,
        "Copy what is needed into the linked one, then delete the other, or remove its hyperlink to Aha!.",
    )
    MARKED_WITHOUT_LINK = (
        "marked work item without a link",
        Remedy.PERSON,
        "Run rebuild-links; or, if the record was unlinked on purpose, remove the hyperlink to Aha!.",
    )

    def __init__(self, title: str, remedy: Remedy, what_to_do: str) -> None:
        self.title = title
        self.remedy = remedy
        self.what_to_do = what_to_do


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. `name` is the record, product or row, as people know it; `key` is the row's key."""

    fault: Fault
    integration_id: str
    name: str
    detail: str
    key: str = ""
    aha_id: str = ""
    work_item_id: int = 0

    def __str__(self) -> str:
        return f"{self.name}: {self.detail}"
