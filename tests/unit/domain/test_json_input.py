"""Reading JSON that came from outside."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.json_input import InputErrors, JsonObject, escape_pointer, is_storable
from shared.errors import InvalidRequest
from tests.unit.examples import json_values


def errors_of(errors: InputErrors) -> dict[str, str]:
    """The details of the errors, by pointer."""
    try:
        errors.raise_if_any()
    except InvalidRequest as error:
        return {one.pointer: one.detail for one in error.errors}
    return {}


def follow(pointer: str, document: Any) -> Any:
    """What a JSON pointer points at, by the letter of RFC 6901 §4."""
    for segment in pointer.split("/")[1:]:
        document = document[segment.replace("~1", "/").replace("~0", "~")]
    return document


@given(st.lists(st.text(st.sampled_from("ab/~01"), max_size=6), min_size=1, max_size=4))
def test_a_pointer_leads_to_its_value(keys: list[str]) -> None:
    document: Any = "here"
    for key in reversed(keys):
        document = {key: document}
    source = JsonObject(document, InputErrors())
    for key in keys[:-1]:
        source = source.object(key)

    assert follow(source.pointer_to(keys[-1]), document) == "here"


def test_the_examples_of_rfc_6901_are_escaped() -> None:
    assert escape_pointer("a/b") == "a~1b"
    assert escape_pointer("m~n") == "m~0n"
    assert escape_pointer("~1") == "~01"


def test_all_errors_are_reported_together() -> None:
    errors = InputErrors()
    source = JsonObject({"name": 5, "enabled": "yes", "parts": [{"id": None}, "x"], "place": []}, errors)

    source.text("name")
    source.text("missing", required=True)
    source.boolean("enabled", default=False)
    for part in source.objects("parts", most=5):
        part.identifier("id")
    source.object("place").text("city")

    assert errors_of(errors) == {
        "/name": "must be text",
        "/missing": "is required",
        "/enabled": "must be true or false",
        "/parts/0/id": "is required",
        "/parts/1": "must be an object",
        "/parts/1/id": "is required",
        "/place": "must be an object",
    }


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ("", "must not be empty"),
        ("  \n", "must not be empty"),
        (None, "is required"),
        (3, "must be text"),
        (["x"], "must be text"),
        ("x" * 6, "must be at most 5 characters long"),
        ("a\x00b", "must not contain control characters"),
        ("a\ud800", "must not contain control characters"),
    ],
)
def test_an_invalid_text_is_reported_with_the_reason(value: Any, detail: str) -> None:
    errors = InputErrors()

    JsonObject({"key": value}, errors).text("key", required=True, longest=5)

    assert errors_of(errors) == {"/key": detail}


def test_leading_and_trailing_white_space_is_removed() -> None:
    errors = InputErrors()

    assert JsonObject({"key": " two\twords\n"}, errors).text("key") == "two\twords"
    assert errors_of(errors) == {}


def test_a_text_with_choices_must_be_one_of_them() -> None:
    errors = InputErrors()

    assert JsonObject({"key": "other"}, errors).text("key", default="pat", choices=("pat", "entra")) == "pat"
    assert errors_of(errors) == {"/key": "must be one of pat, entra"}


@pytest.mark.parametrize(
    ("value", "identifier"), [("6776487451", "6776487451"), (42, "42"), (" A-1 ", "A-1"), (0, "0")]
)
def test_an_id_may_be_a_number(value: Any, identifier: str) -> None:
    errors = InputErrors()

    assert JsonObject({"id": value}, errors).identifier("id") == identifier
    assert errors_of(errors) == {}


@pytest.mark.parametrize("value", [True, 1.5, {}, [], "", "x" * 256, 10**255])
def test_an_id_of_another_type_or_too_long_is_refused(value: Any) -> None:
    errors = InputErrors()

    JsonObject({"id": value}, errors).identifier("id")

    assert list(errors_of(errors)) == ["/id"]


def test_a_list_that_is_too_long_is_not_read() -> None:
    errors = InputErrors()

    assert list(JsonObject({"parts": [{}] * 4}, errors).objects("parts", most=3)) == []
    assert errors_of(errors) == {"/parts": "must have at most 3 entries"}


@pytest.mark.parametrize(
    ("value", "number"), [(7, 7), (0, 0), (-1, None), (True, None), ("7", None), (7.0, None), (None, None)]
)
def test_a_value_that_is_not_a_whole_number_is_left_out(value: Any, number: int | None) -> None:
    assert JsonObject({"size": value}, InputErrors()).whole_number("size") == number


@given(json_values())
def test_no_value_makes_a_reader_raise(value: Any) -> None:
    errors = InputErrors()
    source = JsonObject({"key": value}, errors)

    assert isinstance(source.text("key"), str)
    assert isinstance(source.identifier("key"), str)
    assert isinstance(source.boolean("key", default=True), bool)
    assert isinstance(source.object("key").pointer, str)
    assert all(isinstance(item, JsonObject) for item in source.objects("key", most=3))
    assert set(errors_of(errors)) <= {"/key", "/key/0", "/key/1", "/key/2"}


@pytest.mark.parametrize("text", ["", "plain", "tab\tand\nline\r\n", "😀", "\u200b"])
def test_ordinary_texts_can_be_stored(text: str) -> None:
    assert is_storable(text)


@pytest.mark.parametrize("text", ["\x00", "bell\x07", "\x1b[0m", "half \ud83d", "\udfff half"])
def test_control_characters_and_lone_surrogates_cannot_be_stored(text: str) -> None:
    assert not is_storable(text)
