"""The outcomes of an integration's operations, read from its log.

Table Storage picks the rows, and answers with the small properties of `outcome_rows` alone.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from datetime import datetime, timezone

from shared.domain.health import Proof
from shared.operation_outcome import SEVERAL_FEATURES, OperationOutcome
from shared.storage.keys import escape_key
from shared.storage.log_rows import is_readable, key_of_time, moment_of_key
from shared.storage.log_store import KEPT
from shared.storage.outcome_rows import NAMES, outcome_of, reached_property
from shared.storage.rows import Row
from shared.storage.tables import Tables

logger = logging.getLogger(__name__)

MOST_ROWS = 1000
"""The rows of one answer of Table Storage."""

MOST_FEATURES = 12
"""Table Storage allows 15 comparisons in a filter; the partition, the time and SEVERAL_FEATURES are the others."""


class OutcomeStore:
    """Every method raises Unavailable(System.STORAGE) if Table Storage is down, too busy, or refuses the app.

    Operations come newest first. Only operations of the last 30 days whose rows have an outcome count.
    """

    def __init__(self, tables: Tables) -> None:
        self._table = tables.log

    def failed(self, integration_id: str) -> list[OperationOutcome]:
        """The newest 1,000 operations with problems."""
        return self._read(integration_id, "has_problems eq true", {})

    def last_sent_at(self, integration_id: str) -> datetime | None:
        """When a send last wrote a work item."""
        return self._last(integration_id, "has_sent eq true", {})

    def last_received_at(self, integration_id: str) -> datetime | None:
        """When a change of a work item was last written to Aha!."""
        return self._last(integration_id, "has_received eq true", {})

    def last_success(self, integration_id: str, proof: Proof, since: datetime) -> datetime | None:
        """When a proof was last given since a moment; None if it was not."""
        conditions = "kind eq @kind and has_succeeded eq true"
        if proof.system is not None:
            conditions += f" and {reached_property(proof.system)} eq true"
        return self._last(integration_id, conditions, {"kind": proof.kind.value}, since)

    def about_features(
        self, integration_id: str, feature_ids: Sequence[str], since: datetime
    ) -> list[OperationOutcome]:
        """The newest 1,000 operations since a moment about records of these features, at most 12 of them."""
        names = [SEVERAL_FEATURES, *feature_ids]
        either = " or ".join(f"feature_id eq @feature{number}" for number in range(len(names)))
        parameters = {f"feature{number}": name for number, name in enumerate(names)}
        return self._read(integration_id, f"( {either} )", parameters, since)

    def _last(
        self, integration_id: str, conditions: str, parameters: dict[str, str], since: datetime | None = None
    ) -> datetime | None:
        found = self._read(integration_id, conditions, parameters, since, most=1)
        return found[0].ended_at if found else None

    def _read(
        self,
        integration_id: str,
        conditions: str,
        parameters: dict[str, str],
        since: datetime | None = None,
        *,
        most: int = MOST_ROWS,
    ) -> list[OperationOutcome]:
        oldest = max(since, _oldest()) if since else _oldest()
        rows = self._table.query(
            f"PartitionKey eq @partition and RowKey lt @end and {conditions}",
            {"partition": escape_key(integration_id), "end": key_of_time(oldest), **parameters},
            select=NAMES,
            page_size=most,
        )
        outcomes = (_outcome(row) for row in rows)
        return list(itertools.islice((one for one in outcomes if one is not None), most))


def _oldest() -> datetime:
    return datetime.now(timezone.utc) - KEPT


def _outcome(row: Row) -> OperationOutcome | None:
    """A damaged row must not hide the others."""
    if not is_readable(row):
        return None
    try:
        return outcome_of(row, moment_of_key(row.row_key))
    except (ValueError, KeyError, TypeError):
        logger.exception("The outcome in row %s of the log cannot be read", row.row_key)
        return None
