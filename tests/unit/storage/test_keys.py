"""Every Aha! id gives a key that Table Storage accepts, and different ids give different keys."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.storage.keys import escape_key, integration_key, product_key, record_key, work_item_key

AWKWARD_TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.text(st.sampled_from("/\\#?%=~'aä€😀\x00\x1f\x7f\x9f\ud800"), max_size=600),
    st.text(st.sampled_from("ab"), min_size=490, max_size=520),
)


def is_legal(key: str) -> bool:
    return len(key.encode("utf-16-le")) <= 1024 and not re.search(r"[/\\#?%\x00-\x1f\x7f-\x9f]", key)


@given(AWKWARD_TEXTS)
def test_every_text_becomes_a_legal_key(text: str) -> None:
    assert is_legal(record_key(text))
    assert is_legal(product_key(text))


@given(AWKWARD_TEXTS, AWKWARD_TEXTS)
def test_different_texts_have_different_keys(one: str, other: str) -> None:
    assert (escape_key(one) == escape_key(other)) == (one == other)


@given(st.text(st.sampled_from("ab/ä"), min_size=500, max_size=600), st.sampled_from("ab/ä"))
def test_long_texts_that_differ_only_at_the_end_have_different_keys(text: str, ending: str) -> None:
    assert escape_key(text) != escape_key(text + ending)


@given(AWKWARD_TEXTS)
def test_a_text_and_its_escaped_form_have_different_keys(text: str) -> None:
    escaped = escape_key(text)
    assert escaped == text or escape_key(escaped) != escaped


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("6776239513524294", "6776239513524294"),
        ("FEAT-1_a.b", "FEAT-1_a.b"),
        ("", ""),
        ("a/b\\c", "a=2Fb=5Cc"),
        ("50%", "50=25"),
        ("a=2F", "a=3D2F"),
        ("é", "=C3=A9"),
    ],
)
def test_usual_ids_stay_readable(text: str, key: str) -> None:
    assert escape_key(text) == key


def test_the_kinds_of_row_have_their_own_prefixes() -> None:
    assert record_key("42") == "r:42"
    assert work_item_key(42) == "w:0000000042"
    assert integration_key("web") == "i:web"
    assert product_key("PROD") == "p:PROD"
