"""Decide why Table Storage refused the transaction that saves an integration."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class SaveConflict(Enum):
    """Why the transaction was refused."""

    ALREADY_SAVED = "an earlier attempt of the same save succeeded, and its answer was lost"
    PRODUCT_TAKEN = "another integration has the product"
    CHANGED = "the integration was created, changed or deleted since it was read"


@dataclass(frozen=True)
class RowVersion:
    """A version of an integration's row: its ETag, and the random `revision` that the save gave it."""

    etag: str
    revision: str


def cause_of_conflict(
    integration_id: str,
    *,
    replaced_etag: str,
    written_revision: str,
    current: RowVersion | None,
    product_owner: str,
) -> SaveConflict:
    """Why a save was refused.

    `replaced_etag` is the ETag of the row that the save was to replace, empty if it was to insert one. `current` is
    the version that is stored now, None if there is none. `product_owner` is the id of the integration that has the
    product now, empty if none has it.
    """
    if current is not None and current.revision == written_revision:
        return SaveConflict.ALREADY_SAVED
    is_as_it_was_read = (current.etag if current else "") == replaced_etag
    if is_as_it_was_read and product_owner not in ("", integration_id):
        return SaveConflict.PRODUCT_TAKEN
    return SaveConflict.CHANGED
