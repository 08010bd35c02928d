"""What lies in Table Storage, read past the app."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableServiceClient

from local.system import LocalSystem


def rows_of(system: LocalSystem, table: str | None = None) -> list[dict[str, Any]]:
    """Every row of one table, or of all."""
    with TableServiceClient.from_connection_string(system.tables_connection_string) as service:
        names = [item.name for item in service.list_tables() if table in (None, item.name)]
        return [dict(row) for name in names for row in service.get_table_client(name).list_entities()]


def rows_of_integration(system: LocalSystem, integration_id: str) -> list[dict[str, Any]]:
    """The integration's own row, its links and its log."""
    rows: list[dict[str, Any]] = []
    service = _service(system.tables_connection_string)
    keys = {"Integrations": "integration_id", "Links": "PartitionKey", "Log": "PartitionKey"}
    for table, key in keys.items():
        # A table is made when the app first uses it.
        with suppress(ResourceNotFoundError):
            found = service.get_table_client(table).query_entities(f"{key} eq '{integration_id}'")
            rows += [dict(row) for row in found]
    return rows


@lru_cache(maxsize=2)
def _service(connection_string: str) -> TableServiceClient:
    """One for all tests of a process: it keeps its connections."""
    return TableServiceClient.from_connection_string(connection_string)


def rows_about(system: LocalSystem, table: str, integration_id: str) -> list[dict[str, Any]]:
    """The rows of one integration in the table Links or Log."""
    return [row for row in rows_of(system, table) if row["PartitionKey"] == integration_id]
