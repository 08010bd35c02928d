"""The names of uploaded files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.file_names import legal_file_name


@pytest.mark.parametrize(
    ("name", "legal"),
    [
        ("colours.png", "colours.png"),
        ("Screenshot 12:30.png", "Screenshot 12_30.png"),
        ('a"b*c<d>e?f|g.txt', "a_b_c_d_e_f_g.txt"),
        ("a/b\\c.txt", "a_b_c.txt"),
        ("bell\x07.png", "bell_.png"),
        ("odd\uffff.png", "odd_.png"),
        ("half\ud800.png", "half_.png"),
        ("gpj.\u202eexe", "gpj._exe"),
        ("notes. .", "notes"),
        ("...", "_"),
        ("", "_"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("console.txt", "console.txt"),
        (".gitignore", ".gitignore"),
        ("x" * 300 + ".png", "x" * 251 + ".png"),
        ("😀" * 200 + ".png", "😀" * 125 + ".png"),
        ("x" * 300, "x" * 255),
        ("a." + "b" * 300, "a." + "b" * 253),
    ],
)
def test_a_file_name_becomes_legal(name: str, legal: str) -> None:
    assert legal_file_name(name) == legal


@given(st.text(st.characters() | st.sampled_from('."*:<>?|/\\ \x00\ud800\uffff😀'), max_size=300))
def test_a_legal_name_stays_and_has_a_legal_length(name: str) -> None:
    legal = legal_file_name(name)

    assert legal_file_name(legal) == legal
    assert 1 <= len(legal.encode("utf-16-le")) // 2 <= 255
    assert not set(legal) & set('"*:<>?|/\\\x00\uffff')
