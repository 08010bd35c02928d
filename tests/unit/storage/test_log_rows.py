"""Log entries as rows, and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from shared.log_events import Level
from shared.operation_log import LogEntry
from shared.operation_outcome import OperationKind
from shared.storage.log_rows import block_rows, entries_of, key_of_time
from shared.storage.rows import Row

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=timezone.utc)


def entry(
    second: int, *, operation_id: str = "op-1", level: Level = Level.INFO, message: str = "Done."
) -> LogEntry:
    return LogEntry(
        NOON + timedelta(seconds=second),
        level,
        operation_id,
        "work-item.created",
        message,
        {"work_item_id": 12, "files": ["é.png", None]},
    )


def test_a_newer_moment_has_a_smaller_key_of_the_same_length() -> None:
    microsecond = timedelta(microseconds=1)

    keys = [key_of_time(moment) for moment in (NOON, NOON - microsecond, NOON - timedelta(days=400))]

    assert keys == sorted(keys)
    assert len(set(keys)) == 3
    assert {len(key) for key in keys} == {17}


def test_the_entries_of_one_operation_share_a_row() -> None:
    written = [entry(0), entry(1), entry(2)]

    (row,) = block_rows("fabrikam-web", written)

    assert (row.partition_key, row.text("operation_id")) == ("fabrikam-web", "op-1")
    assert [keyed.entry for keyed in entries_of(row)] == written


def test_a_row_has_the_key_of_its_newest_entry() -> None:
    (row,) = block_rows("fabrikam-web", [entry(0), entry(1)])

    older, newer = entries_of(row)
    assert row.row_key == newer.key == newer.row_key == older.row_key
    assert newer.key < older.key
    assert newer.key.startswith(key_of_time(NOON + timedelta(seconds=1)))


def test_entries_of_the_same_moment_have_different_keys_newest_first() -> None:
    (row,) = block_rows("fabrikam-web", [entry(0, message="First."), entry(0, message="Second.")])

    by_key = sorted(entries_of(row), key=lambda keyed: keyed.key)
    assert [keyed.entry.message for keyed in by_key] == ["Second.", "First."]


def test_each_operation_has_a_row_of_its_own() -> None:
    rows = block_rows("fabrikam-web", [entry(0, operation_id="op-1"), entry(1, operation_id="op-2")])

    assert [row.text("operation_id") for row in rows] == ["op-1", "op-2"]


def test_a_row_says_what_its_operation_is_for() -> None:
    (row,) = block_rows("fabrikam-web", [replace(entry(0), kind=OperationKind.SEND)])

    assert [keyed.entry.kind for keyed in entries_of(row)] == [OperationKind.SEND]


def test_a_kind_that_this_version_does_not_know_is_none() -> None:
    (row,) = block_rows("fabrikam-web", [entry(0)])
    newer = Row(row.partition_key, row.row_key, {**row.properties, "operation_kind": "export"})

    assert [keyed.entry.kind for keyed in (*entries_of(row), *entries_of(newer))] == [None, None]


def test_a_row_says_which_levels_its_entries_have() -> None:
    (row,) = block_rows("fabrikam-web", [entry(0), entry(1, level=Level.ERROR), entry(2, level=Level.ERROR)])

    assert {name: value for name, value in row.properties.items() if name.startswith("has_")} == {
        "has_info": True,
        "has_error": True,
    }


def test_large_entries_are_spread_over_rows() -> None:
    written = [entry(number, message="é" * 30_000) for number in range(5)]

    rows = block_rows("fabrikam-web", written)

    assert [len(entries_of(row)) for row in rows] == [2, 2, 1]
    assert [keyed.entry for row in rows for keyed in entries_of(row)] == written


def test_a_long_message_is_cut_and_says_so() -> None:
    (row,) = block_rows("fabrikam-web", [entry(0, message="m" * 40_000)])

    (keyed,) = entries_of(row)
    assert len(keyed.entry.message) == 32_000
    assert keyed.entry.message.endswith("mm … (cut)")


def test_a_long_detail_becomes_its_beginning_as_text() -> None:
    long = LogEntry(NOON, Level.INFO, "op-1", "work-item.created", "Done.", {"answer": "x" * 40_000})

    (keyed,) = entries_of(*block_rows("fabrikam-web", [long]))

    assert set(keyed.entry.detail) == {"cut"}
    assert keyed.entry.detail["cut"].startswith('{"answer": "xxx')
    assert keyed.entry.detail["cut"].endswith("xx … (cut)")
