"""The comparison of shapes finds what is missing and what has another type."""

from __future__ import annotations

from typing import Any

import pytest

from tests.captures.shapes import differences

CAPTURED: dict[str, Any] = {
    "id": 12,
    "name": "Search",
    "changed": "2026-04-17T13:02:08.5Z",
    "parent": None,
    "relations": [{"rel": "Hyperlink", "url": "https://fabrikam.aha.io/features/PROD-2"}],
}


def test_other_values_and_further_keys_and_entries_are_no_difference() -> None:
    relations = [{"rel": "Child", "url": "http://127.0.0.1:80/x", "attributes": {}}, {"rel": "Parent"}]
    changed = "2025-01-01T00:00:00Z"

    given = CAPTURED | {"id": 7, "name": "x", "changed": changed, "relations": relations, "more": 1}

    assert differences(CAPTURED, given) == []


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"id": "12"}, "/id: a number is expected, not digits"),
        ({"id": True}, "/id: a number is expected, not true or false"),
        ({"name": None}, "/name: text is expected, not null"),
        ({"changed": "today"}, "/changed: a time is expected, not text"),
        ({"parent": 1}, "/parent: null is expected, not a number"),
        ({"relations": {}}, "/relations: a list is expected, not an object"),
        ({"relations": []}, "/relations/0: is missing"),
        ({"relations": [{"rel": "Child"}]}, "/relations/0/url: is missing"),
    ],
)
def test_another_type_and_a_missing_key_are_named_with_their_place(
    change: dict[str, Any], difference: str
) -> None:
    assert differences(CAPTURED, CAPTURED | change) == [difference]


def test_a_missing_key_is_named() -> None:
    given = {key: value for key, value in CAPTURED.items() if key != "name"}

    assert differences(CAPTURED, given) == ["/name: is missing"]


def test_json_inside_a_text_is_compared_as_json() -> None:
    assert differences({"body": '{"id":1}'}, {"body": '{"id":2,"rev":1}'}) == []
    assert differences({"body": '{"id":1}'}, {"body": '{"rev":1}'}) == ["/body/id: is missing"]
    assert differences({"body": '{"id":1}'}, {"body": "done"}) == ["/body: an object is expected, not text"]
