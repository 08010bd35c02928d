"""Rows: their age, their schema, their times and texts, and the limits of Table Storage."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import OperationFailed, System, Unavailable
from shared.storage.rows import (
    Delete,
    Insert,
    Row,
    RowOperation,
    check_schema,
    check_size,
    cut_text,
    in_groups,
    long_text,
    long_text_names,
)

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
ANY_TEXT = st.text(st.sampled_from("aé€😀"), max_size=300)


def utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(ANY_TEXT, st.integers(0, 700))
def test_a_split_text_comes_back_and_every_piece_fits(text: str, repetitions: int) -> None:
    whole = text * repetitions

    properties = long_text("attachments", whole)

    assert Row("p", "r", properties).long_text("attachments") == whole
    assert all(utf16_units(str(piece)) <= 32_000 for piece in properties.values())


@given(ANY_TEXT, st.integers(10, 400))
def test_a_cut_text_is_no_longer_than_allowed_and_splits_no_character(text: str, most: int) -> None:
    cut = cut_text(text, " (cut)", most)

    assert utf16_units(cut) <= most
    assert cut == text or (cut.endswith(" (cut)") and text.startswith(cut.removesuffix(" (cut)")))
    assert (cut == text) == (utf16_units(text) <= most)


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from([10, 20_000, 400_000])), max_size=150))
def test_groups_fit_into_a_transaction_and_keep_what_belongs_together(shapes: list[tuple[int, int]]) -> None:
    writes: list[tuple[int, list[RowOperation]]] = [
        (number, [Insert(Row("p", f"{number}-{n}", {"text": "x" * length})) for n in range(count)])
        for number, (count, length) in enumerate(shapes)
    ]

    groups = list(in_groups(writes))

    assert [write for group in groups for write in group] == writes
    for group in groups:
        operations = [operation for _, operations in group for operation in operations]
        assert 0 < len(operations) <= 100
        payload = sum(len(json.dumps(operation.row.properties)) for operation in operations)
        assert payload < 4 * 1024 * 1024 or len(group) == 1


def test_a_hundred_removals_are_one_group_and_one_more_is_another() -> None:
    writes = [(None, [Delete(Row("p", str(number)))]) for number in range(101)]

    assert [len(group) for group in in_groups(writes)] == [100, 1]


def test_a_row_of_a_mebibyte_is_refused_and_one_below_it_is_not() -> None:
    check_size([Insert(Row("p", "r", long_text("text", "x" * 520_000)))])

    with pytest.raises(OperationFailed, match="too large for Table Storage"):
        check_size([Insert(Row("p", "r", long_text("text", "x" * 524_288)))])
    with pytest.raises(OperationFailed, match="too large for Table Storage"):
        check_size([Insert(Row("p", key, long_text("text", "é" * 500_000))) for key in ("r", "w")])


def test_a_rows_age_is_the_time_between_its_write_and_its_read() -> None:
    row = Row("p", "r", written_at=NOON, read_at=NOON + timedelta(seconds=61))

    assert row.age == timedelta(seconds=61)


def test_a_row_that_was_read_in_the_second_of_its_write_is_new() -> None:
    """The Date of an answer is in whole seconds, so it may be before the Timestamp of the row."""
    row = Row("p", "r", written_at=NOON + timedelta(milliseconds=900), read_at=NOON)

    assert row.age == timedelta()


@pytest.mark.parametrize(
    "row",
    [Row("p", "r"), Row("p", "r", written_at=NOON), Row("p", "r", read_at=NOON)],
    ids=["neither", "no Date", "no Timestamp"],
)
def test_a_row_without_both_times_counts_as_new(row: Row) -> None:
    assert row.age == timedelta()


@pytest.mark.parametrize("schema", [{}, {"schema": 1}, {"schema": 2}], ids=["none", "older", "own"])
def test_a_row_of_a_known_schema_is_accepted(schema: dict[str, int]) -> None:
    check_schema(Row("p", "r", schema), 2)


def test_a_row_of_a_newer_schema_is_refused_with_the_remedy() -> None:
    with pytest.raises(Unavailable) as failure:
        check_schema(Row("p", "r:42", {"schema": 3}), 2)

    assert failure.value.detail == (
        "A newer version of this app wrote row r:42 (schema 3; this version knows 2). The row was left alone. Finish "
        "the deployment of the newer version on every instance, then try again."
    )
    assert failure.value.system is System.STORAGE
    assert failure.value.retry_after == 60
    assert failure.value.evidence == {"row_key": "r:42", "schema": 3}


def test_the_pieces_of_long_texts_are_told_from_other_properties() -> None:
    properties = {
        **long_text("base", "x" * 40_000),
        **long_text("requirement_ids", "[]"),
        **dict.fromkeys(("base", "base_version", "base_of_0", "database_0", "_0", "other_0"), "text"),
    }

    names = long_text_names(Row("p", "r", properties), ("base", "requirement_ids"))

    assert names == {"base_0", "base_1", "base_2", "requirement_ids_0"}


@pytest.mark.parametrize(
    ("stored", "moment"),
    [
        ("2026-03-04T12:00:00+00:00", NOON),
        ("2026-03-04T13:30:00+01:30", NOON),
        ("2026-03-04T12:00:00.000001+00:00", NOON + timedelta(microseconds=1)),
        ("0001-01-01T00:00:00+00:00", datetime(1, 1, 1, tzinfo=timezone.utc)),
        (NOON, NOON),
    ],
    ids=str,
)
def test_a_time_is_read_from_text_or_as_such(stored: str | datetime, moment: datetime) -> None:
    row = Row("p", "r", {"sent_as_of": stored})

    assert row.time("sent_as_of") == row.moment("sent_as_of") == moment
    assert row.time("sent_as_of").utcoffset() == timedelta()


@pytest.mark.parametrize("properties", [{}, {"sent_as_of": ""}], ids=["absent", "empty"])
def test_a_time_that_is_not_there_is_none(properties: dict[str, str]) -> None:
    assert Row("p", "r", properties).moment("sent_as_of") is None


def test_a_required_time_that_is_missing_or_no_time_is_an_error() -> None:
    with pytest.raises(KeyError):
        Row("p", "r").time("created_at")
    with pytest.raises(TypeError, match="created_at of row r"):
        Row("p", "r", {"created_at": 5}).time("created_at")
