"""Up to when each integration's changes in Azure DevOps have been seen to."""

from __future__ import annotations

from datetime import datetime

from shared.storage.keys import WATERMARK_KEY, escape_key
from shared.storage.rows import Row, Upsert
from shared.storage.tables import Tables


class WatermarkStore:
    """One row among an integration's links, so that it goes with them.

    Every method raises Unavailable(System.STORAGE) when Table Storage is down, busy or refuses the app.
    """

    def __init__(self, tables: Tables) -> None:
        self._table = tables.links

    def get(self, integration_id: str) -> datetime | None:
        """The moment, by Azure DevOps' clock; None for an integration that was never reconciled."""
        row = self._table.get(escape_key(integration_id), WATERMARK_KEY)
        return row.moment("seen_until") if row is not None else None

    def set(self, integration_id: str, seen_until: datetime) -> None:
        """Note that everything up to this moment has been seen to."""
        row = Row(escape_key(integration_id), WATERMARK_KEY, {"seen_until": seen_until})
        self._table.transact([Upsert(row)])
