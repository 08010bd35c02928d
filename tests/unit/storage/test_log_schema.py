"""Each row of the log says which shape it has."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from shared.log_events import Level
from shared.operation_log import LogEntry
from shared.storage.log_rows import block_rows, is_readable
from shared.storage.rows import Row, Value

ENTRY = LogEntry(datetime(2026, 3, 4, tzinfo=timezone.utc), Level.INFO, "operation-1", "e", "Done.", {})


def test_a_row_of_the_log_has_the_schema_of_this_version() -> None:
    (row,) = block_rows("fabrikam-web", [ENTRY])

    assert row.properties["schema"] == 1
    assert is_readable(row)


@pytest.mark.parametrize(
    ("properties", "readable"),
    [({}, True), ({"schema": 1}, True), ({"schema": 2}, False)],
    ids=["older", "own", "newer"],
)
def test_a_row_of_a_newer_schema_is_not_readable(properties: dict[str, Value], readable: bool) -> None:
    assert is_readable(Row("fabrikam-web", "1", properties)) is readable
