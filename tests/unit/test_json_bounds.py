"""The bounds of a request's JSON and of the answer to a wrong one."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import given

from shared.domain.integration_fields import named_work_items
from shared.domain.integration_input import UrlRules, read_integration
from shared.domain.records import read_feature
from shared.errors import BodyTooLarge, InvalidRequest
from shared.json_bounds import MOST_CONTAINERS, MOST_VALUES, check_number_of_values, whole_number
from tests.unit.examples import json_values

RULES = UrlRules("https://dev.azure.com", False)


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"{}," * MOST_CONTAINERS + b"{}]",
        b"[" * (MOST_CONTAINERS + 1),
        b"[" + b"1," * MOST_VALUES + b"1]",
        b"[" + b'"",' * MOST_VALUES + b"1]",
        b"[" + b'"\\"",' * MOST_VALUES + b"1]",
        b'"' * (4 * MOST_VALUES) + b"," * (MOST_VALUES + 1),
    ],
    ids=["objects", "depth", "numbers", "texts", "escapes", "quotes"],
)
def test_too_many_values_are_refused_before_they_are_parsed(body: bytes) -> None:
    with pytest.raises(BodyTooLarge, match="values"):
        check_number_of_values(body)


@pytest.mark.parametrize("piece", ["{},", "[[", 'a\\"{},', "\\\\", '\\\\\\",'])
def test_a_text_may_have_any_number_of_brackets_and_commas(piece: str) -> None:
    check_number_of_values(b'{"feature": "' + piece.encode() * (MOST_VALUES + 1) + b'"}')


def test_a_number_of_thousands_of_digits_is_infinite_and_no_error() -> None:
    assert whole_number("9" * 400) == int("9" * 400)
    assert whole_number("9" * 100_000) == math.inf


@pytest.mark.parametrize(
    "wrong",
    [
        {"feature": {"id": "1", "name": "x", "requirements": [{}] * 5000}},
        {"feature": {"id": "1", "name": "x", "attachments": [3] * 1000}},
        {"feature": {"id": "1", "name": 5, "requirements": [{"name": 5, "description": 5}] * 5000}},
    ],
)
def test_an_answer_names_a_hundred_errors_and_counts_the_others(wrong: object) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_feature(wrong)

    assert len(caught.value.errors) == 100
    assert " more)" in caught.value.detail


@pytest.mark.parametrize(
    "key", ["k" * 1_000_000, "~/" * 500_000, "\u0000" * 1_000_000], ids=["letters", "escaped", "controls"]
)
def test_an_error_about_a_long_key_is_short(key: str) -> None:
    body = {
        "name": "x",
        "product_id": "P",
        "feature": {"default_fields": {key: 1}, "status_mapping": {key: "1"}},
    }

    with pytest.raises(InvalidRequest) as caught:
        read_integration("one", body, None, RULES)

    assert len(json.dumps([vars(one) for one in caught.value.errors])) < 10_000
    assert len(caught.value.detail) < 4000


@given(json_values())
def test_any_shape_of_a_feature_is_read_or_refused(value: object) -> None:
    for body in (
        value,
        {"feature": value},
        {"feature": {"id": "1", "name": "x", "integration_fields": value, "updated_at": value, "url": "x"}},
        {"feature": {"id": value, "name": value, "description": value, "reference_num": value}},
        {
            "feature": {
                "id": "1",
                "name": "x",
                "attachments": [{"id": value, "file_size": value, "file_name": value}],
            }
        },
        {"feature": {"id": "1", "name": "x", "requirements": [{"id": value, "position": value}]}},
    ):
        with contextlib.suppress(InvalidRequest):
            assert read_feature(body).record.id


@pytest.mark.parametrize("number", [10**30, 10**5000, -1, True, 1.5, math.inf, "10" * 3000], ids=[*"abcdefg"])
def test_a_number_out_of_range_fails_no_reading(number: object) -> None:
    fields = [{"service_name": "tfs", "name": "id", "value": number}]
    files = [{"id": "1", "file_name": "a", "download_url": "https://x.example/", "file_size": number}]

    feature = read_feature(
        {
            "feature": {
                "id": "1",
                "name": "x",
                "integration_fields": fields,
                "attachments": files,
                "position": number,
            }
        }
    )

    assert named_work_items(feature.record.integration_fields) == ()
    with pytest.raises(InvalidRequest):
        read_feature({"feature": {"id": number if number != -1 else 10**300, "name": [number]}})
