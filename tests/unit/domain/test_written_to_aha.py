"""What became of a write into Aha!, and which fields a refusal is about."""

from __future__ import annotations

import pytest

from shared.domain.aha_record import AhaRecord, WorkflowStatus
from shared.domain.links import Field
from shared.domain.written_to_aha import WrittenToAha, in_order, refused_fields
from shared.errors import Forbidden, NotFound, Refused, RuleViolation, System

NAME, DESCRIPTION, STATE = Field.NAME, Field.DESCRIPTION, Field.STATE
RULE = RuleViolation(System.AHA, "The name is too long.")
RECORD = AhaRecord("1", "PROD-2", "Search", "", WorkflowStatus("55", "Ready"))


@pytest.mark.parametrize(
    ("error", "written", "refused"),
    [
        (RULE, {NAME}, {NAME}),
        (RULE, {NAME, STATE}, set()),
        (RULE, {NAME, DESCRIPTION, STATE}, set()),
        (Forbidden(System.AHA, "Read only."), {NAME, STATE}, {NAME, STATE}),
        (NotFound(System.AHA, "Gone."), {NAME, DESCRIPTION, STATE}, {NAME, DESCRIPTION, STATE}),
        (Forbidden(System.AHA, "Read only."), {STATE}, {STATE}),
    ],
)
def test_a_rule_refuses_one_value_and_does_not_say_which_a_right_refuses_all(
    error: Refused, written: set[Field], refused: set[Field]
) -> None:
    assert refused_fields(error, written) == refused


def test_fields_are_written_one_by_one_in_the_same_order_every_time() -> None:
    assert in_order({STATE, NAME, DESCRIPTION}) == [DESCRIPTION, NAME, STATE]


def test_what_aha_refused_and_what_it_kept_is_not_taken() -> None:
    written = WrittenToAha(RECORD, {STATE: RULE}, frozenset({NAME}))

    assert written.not_taken == {NAME, STATE}
    assert WrittenToAha(RECORD).not_taken == frozenset()


@pytest.mark.parametrize(
    ("fields", "has_changed"),
    [({NAME, STATE}, True), ({STATE}, False), (set(), False), ({NAME}, True)],
)
def test_one_field_that_aha_took_is_a_change(fields: set[Field], has_changed: bool) -> None:
    assert WrittenToAha(RECORD, {STATE: RULE}).has_changed(fields) is has_changed
