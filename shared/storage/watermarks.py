"""The watermark of each integration: every change in Azure DevOps up to this moment was processed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from shared.errors import System, Unavailable
from shared.storage.keys import WATERMARK_KEY, escape_key
from shared.storage.rows import Insert, Replace, Row, check_schema
from shared.storage.table import TransactionConflict
from shared.storage.tables import Tables

SCHEMA = 1
"""The shape of the row. Raise it when an older version of this app would misread it."""

_ATTEMPTS = 5


@dataclass(frozen=True)
class Watermark:
    """`seen_until` is by Azure DevOps' clock; `written_at`, when a run last moved it, by Table Storage's."""

    seen_until: datetime
    written_at: datetime


class WatermarkStore:
    """One row among an integration's links, so that it is removed together with them.

    Every method raises Unavailable(System.STORAGE) if Table Storage is down, busy or refuses the app.
    """

    def __init__(self, tables: Tables) -> None:
        self._table = tables.links

    def get(self, integration_id: str) -> Watermark | None:
        """The watermark; None if the integration was never reconciled."""
        row = self._row(integration_id)
        seen_until = None if row is None else row.moment("seen_until")
        if row is None or seen_until is None:
            return None
        return Watermark(seen_until, row.written_at or seen_until)

    def advance(self, integration_id: str, since: datetime, until: datetime) -> None:
        """Record that every change from `since` to `until` was processed.

        Several instances may do so at the same time. The watermark never moves back. It does not move if it is before
        `since`, because somebody set it back meanwhile.
        """
        for _ in range(_ATTEMPTS):
            row = self._row(integration_id)
            stored = None if row is None else row.moment("seen_until")
            if stored is not None and not since <= stored < until:
                return
            new = _row(integration_id, until)
            try:
                self._table.transact([Insert(new) if row is None else Replace(new, row.etag)])
                return
            except TransactionConflict:
                continue
        raise Unavailable(
            System.STORAGE, "The watermark keeps changing. The next run moves it.", retry_after=5
        )

    def _row(self, integration_id: str) -> Row | None:
        row = self._table.get(escape_key(integration_id), WATERMARK_KEY)
        if row is not None:
            check_schema(row, SCHEMA)
        return row


def _row(integration_id: str, seen_until: datetime) -> Row:
    text = seen_until.astimezone(timezone.utc).isoformat()
    return Row(escape_key(integration_id), WATERMARK_KEY, {"schema": SCHEMA, "seen_until": text})
