"""Texts, groups and sizes stay within what Table Storage takes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import OperationFailed
from shared.storage.rows import Delete, Insert, Row, RowOperation, check_size, cut_text, in_groups, long_text

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
