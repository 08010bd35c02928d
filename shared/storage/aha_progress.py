"""How far an integration's changes in Aha! were processed: one row among its links, so it is removed with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from shared.domain.auto_update import AhaProgress
from shared.storage.keys import AHA_PROGRESS_KEY, escape_key
from shared.storage.rows import Insert, Replace, Row, check_schema, with_row_in_errors
from shared.storage.table import TransactionConflict
from shared.storage.tables import Tables

SCHEMA = 1
"""The shape of the row. Raise it when an older version of this app would misread it."""


@dataclass(frozen=True)
class StoredAhaProgress:
    """The progress as it was read or written; `etag` is empty if there is no row yet."""

    progress: AhaProgress
    etag: str = ""


class AhaProgressStore:
    """Every method raises Unavailable(System.STORAGE) if Table Storage is down, busy or refuses the app."""

    def __init__(self, tables: Tables) -> None:
        self._table = tables.links

    def get(self, integration_id: str) -> StoredAhaProgress | None:
        """The progress; None if there is none yet."""
        row = self._table.get(escape_key(integration_id), AHA_PROGRESS_KEY)
        if row is None:
            return None
        return _stored(row)

    def replace(
        self, integration_id: str, stored: StoredAhaProgress, progress: AhaProgress
    ) -> StoredAhaProgress | None:
        """Record progress; None if another run of the timer has done so since it was read."""
        row = _row(integration_id, progress)
        try:
            (etag,) = self._table.transact([Replace(row, stored.etag) if stored.etag else Insert(row)])
        except TransactionConflict:
            return None
        return StoredAhaProgress(progress, etag)


@with_row_in_errors
def _stored(row: Row) -> StoredAhaProgress:
    check_schema(row, SCHEMA)
    until = row.time("features_until")
    progress = AhaProgress(
        until,
        row.moment("requirements_since") or until,
        row.moment("round_began") or until,
        row.number("work_item_id"),
    )
    return StoredAhaProgress(progress, row.etag)


def _row(integration_id: str, progress: AhaProgress) -> Row:
    return Row(
        escape_key(integration_id),
        AHA_PROGRESS_KEY,
        {
            "schema": SCHEMA,
            "features_until": _text(progress.features_until),
            "requirements_since": _text(progress.requirements_since),
            "round_began": _text(progress.round_began),
            "work_item_id": progress.work_item_id,
        },
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat()
