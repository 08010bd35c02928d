"""How callers name records."""

from __future__ import annotations

import pytest

from shared.domain.kind import Kind
from shared.domain.references import RecordName, feature_reference_in, read_record_name
from shared.errors import InvalidRequest


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("PROD-12", RecordName("PROD-12", Kind.FEATURE)),
        ("prod-12", RecordName("PROD-12", Kind.FEATURE)),
        ("PROD-12-3", RecordName("PROD-12-3", Kind.REQUIREMENT)),
        ("P2-12-3", RecordName("P2-12-3", Kind.REQUIREMENT)),
        ("2020-12", RecordName("2020-12", Kind.FEATURE)),
        ("PROD-R-1", RecordName("PROD-R-1", Kind.FEATURE)),
        ("7489142925063756888", RecordName("7489142925063756888", None)),
    ],
)
def test_a_reference_tells_its_kind_and_an_id_does_not(text: str, name: RecordName) -> None:
    assert read_record_name(text) == name


@pytest.mark.parametrize(
    "text", ["", " ", "-", "PROD-", "-1", "PROD 1", "PROD/1", "PROD_1", "É-1", "٣", "A" * 65]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_record_name(text)

    assert refused.value.errors[0].pointer == "/reference"


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("PROD-12", "PROD-12"),
        (" prod-12 ", "PROD-12"),
        ("P2-12", "P2-12"),
        ("PROD-12-3", "PROD-12"),
        ("card", None),
        ("PROD", None),
        ("PROD-", None),
        ("PROD-R-1", None),
        ("PROD-12 and more", None),
        ("12", None),
        ("A" * 62 + "-12", None),
        ("", None),
    ],
)
def test_a_person_who_types_a_reference_means_that_feature(text: str, reference: str | None) -> None:
    assert feature_reference_in(text) == reference
