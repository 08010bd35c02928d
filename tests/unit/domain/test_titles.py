"""What a work item is called."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.titles import LONGEST_TITLE, cut, full_title, one_line, utf16_units

# Letters with marks, joined emoji, flags and tones, so that many cuts fall into the middle of one.
PIECES = st.sampled_from(
    [
        "a",
        " ",
        "é",
        "e\u0301",
        "😀",
        "👍🏽",
        "👩\u200d👩\u200d👧",
        "❤\ufe0f",
        "🇩🇪",
        "कि",
        "ก\u0e31",
        "7\ufe0f\u20e3",
        "字",
    ]
)
ANY_TITLE = st.lists(PIECES, max_size=400).map("".join)


@given(ANY_TITLE, st.integers(2, 300))
@example("e" + "\u0301" * 400, 255)
@example("🇩🇪" * 100, 255)
@example("a" * 253 + "😀😀", 255)
def test_a_cut_title_is_never_longer_than_azure_devops_allows(title: str, longest: int) -> None:
    assert utf16_units(cut(title, longest)) <= longest


@given(ANY_TITLE)
def test_cutting_a_cut_title_changes_nothing(title: str) -> None:
    assert cut(cut(title)) == cut(title)


@given(ANY_TITLE)
def test_a_title_that_fits_is_left_as_it_is(title: str) -> None:
    assert (cut(title) == title) == (utf16_units(title) <= LONGEST_TITLE)


@given(st.lists(PIECES, min_size=40, max_size=100), st.integers(16, 80))
def test_a_cut_never_splits_what_a_reader_sees_as_one_character(pieces: list[str], longest: int) -> None:
    title = "".join(pieces)

    shortened = cut(title, longest)

    if shortened != title:
        whole_starts = {"".join(pieces[:count]).rstrip() for count in range(len(pieces) + 1)}
        assert shortened.removesuffix("…") in whole_starts


@given(st.text(min_size=128, max_size=600))
def test_a_cut_splits_no_surrogate_pair_and_no_letter_from_its_marks(title: str) -> None:
    shortened = cut(title)

    if shortened != title:
        kept = shortened.removesuffix("…")
        assert title.startswith(kept)
        following = title[len(kept) :].lstrip()
        assert len(kept) < 2 or not unicodedata.category(following[0]).startswith("M")


@pytest.mark.parametrize(
    ("title", "shortened"),
    [
        ("x" * 255, "x" * 255),
        ("x" * 256, "x" * 254 + "…"),
        ("x" * 253 + "😀", "x" * 253 + "😀"),
        ("x" * 254 + "😀", "x" * 254 + "…"),
        ("x" * 252 + "😀😀", "x" * 252 + "😀…"),
        ("x" * 253 + "😀😀", "x" * 253 + "…"),
        ("x" * 251 + "🇩🇪🇫🇷", "x" * 251 + "…"),
        ("x" * 248 + "🇩🇪🇫🇷", "x" * 248 + "🇩🇪…"),
        ("x" * 252 + "e\u0301\u0301", "x" * 252 + "e\u0301\u0301"),
        ("x" * 253 + "e\u0301\u0301", "x" * 253 + "…"),
        ("x" * 250 + " \t     end", "x" * 250 + "…"),
    ],
)
def test_a_title_is_cut_to_255_utf16_units_with_an_ellipsis(title: str, shortened: str) -> None:
    assert cut(title) == shortened


def test_half_a_surrogate_pair_in_a_title_counts_as_one_unit() -> None:
    # JSON can carry one: "\ud83d", left behind by a program that cut a title in the middle of an emoji.
    assert cut("Colours \ud83d") == "Colours \ud83d"
    assert utf16_units(cut("\ud83d" * 300)) == 255


@given(st.text())
def test_a_title_is_one_line_without_white_space_around_it(text: str) -> None:
    line = one_line(text)

    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert one_line(line) == line


@pytest.mark.parametrize(
    ("name", "description", "title"),
    [
        ("Search", "<p>Anything</p>", "Search"),
        ("  Search\r\n by\tcolour ", None, "Search by colour"),
        ("", "<p>Shoppers look for colours. They find none.</p>", "Shoppers look for colours."),
        (None, "<ul><li>Red</li><li>Green</li></ul>", "Red"),
        ("   ", "<p>Version 2.5 is out</p>", "Version 2.5 is out"),
        ("", "<p>色で探す。 次の文。</p>", "色で探す。"),
        (None, "<p><br></p>", "Untitled feature"),
        ("", "", "Untitled feature"),
        (None, None, "Untitled feature"),
        ("\u2028\x85", '<p><img src="x.png"></p>', "Untitled feature"),
    ],
)
def test_a_missing_name_is_made_of_the_descriptions_first_sentence(
    name: str | None, description: str | None, title: str
) -> None:
    assert full_title(name, description, "feature") == title


def test_a_requirement_without_words_is_an_untitled_requirement() -> None:
    assert full_title("", None, "requirement") == "Untitled requirement"


def test_a_first_sentence_without_an_end_is_cut() -> None:
    assert full_title("", f"<p>{'word ' * 100}</p>", "feature") == "word " * 39 + "word…"


@given(st.none() | st.text(max_size=300), st.none() | st.text(max_size=300))
def test_a_title_is_never_empty(name: str | None, description: str | None) -> None:
    assert one_line(full_title(name, description, "feature"))
