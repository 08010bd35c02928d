"""The watermark of each integration: every change in Azure DevOps up to this moment was looked at."""

from __future__ import annotations

from datetime import datetime, timezone

from shared.storage.keys import WATERMARK_KEY, escape_key
from shared.storage.rows import Row, Upsert, check_schema
from shared.storage.tables import Tables

SCHEMA = 1
"""The shape of the row. Raise it when an older version of this app would misread it."""


class WatermarkStore:
    """One row among an integration's links, so that it is removed together with them.

    Every method raises Unavailable(System.STORAGE) if Table Storage is down, busy or refuses the app.
    """

    def __init__(self, tables: Tables) -> None:
        self._table = tables.links

    def get(self, integration_id: str) -> datetime | None:
        """The watermark, by Azure DevOps' clock; None if the integration was never reconciled."""
        row = self._table.get(escape_key(integration_id), WATERMARK_KEY)
        if row is None:
            return None
        check_schema(row, SCHEMA)
        return row.moment("seen_until")

    def set(self, integration_id: str, seen_until: datetime) -> None:
        """Store a new watermark."""
        text = seen_until.astimezone(timezone.utc).isoformat()
        row = Row(escape_key(integration_id), WATERMARK_KEY, {"schema": SCHEMA, "seen_until": text})
        self._table.transact([Upsert(row)])
