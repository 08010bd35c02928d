"""The three-way merge of one field."""

from __future__ import annotations

from itertools import product

import pytest

from shared.domain.merge import FieldOutcome, merge


@pytest.mark.parametrize(
    ("source_changed", "target_changed", "same", "outcome"),
    [
        (False, False, False, FieldOutcome.UNCHANGED),
        (False, False, True, FieldOutcome.UNCHANGED),
        (True, False, False, FieldOutcome.WRITE),
        (False, True, False, FieldOutcome.LEAVE),
        (True, True, False, FieldOutcome.CONFLICT),
        (True, False, True, FieldOutcome.AGREED),
        (False, True, True, FieldOutcome.AGREED),
        (True, True, True, FieldOutcome.AGREED),
    ],
)
def test_each_case_has_its_outcome(
    source_changed: bool, target_changed: bool, same: bool, outcome: FieldOutcome
) -> None:
    assert merge(source_changed=source_changed, target_changed=target_changed, same=same) is outcome


def test_only_a_change_of_the_carried_side_is_ever_written() -> None:
    for carried, other, same in product((False, True), repeat=3):
        outcome = merge(source_changed=carried, target_changed=other, same=same)

        assert outcome.writes == (carried and not same)


def test_what_the_other_side_changed_is_never_overwritten_in_silence() -> None:
    for carried, same in product((False, True), repeat=2):
        outcome = merge(source_changed=carried, target_changed=True, same=same)

        assert not outcome.writes or outcome is FieldOutcome.CONFLICT
