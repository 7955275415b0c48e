"""What counts as seen, what may stand in a name, and what is the same to whoever looks for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.texts import fits_one_line, folded, is_visible

NOTHING = ["", " ", "\u200b", "\u2800", "\u3164", "\u115f\u1160", "\uffa0", "\u202e", "\x1b", "\u00ad", "\ufeff \u2060"]


@pytest.mark.parametrize("text", NOTHING)
def test_what_shows_nothing_is_not_visible(text: str) -> None:
    assert not is_visible(text)


@pytest.mark.parametrize("text", ["a", ".", "\u200ba", "👩‍🚀", "한", "é", "\u0301", "\u2801"])
def test_what_shows_something_is_visible(text: str) -> None:
    assert is_visible(text)


@pytest.mark.parametrize("control", ["\n", "\x00", "\x1b", "\u2028", "\u2029", "\u202a", "\u202e", "\u2066", "\u2069"])
def test_what_breaks_lines_or_turns_the_direction_is_no_part_of_a_name(control: str) -> None:
    assert not fits_one_line(f"Ada{control}Lovelace")


@pytest.mark.parametrize("name", ["Ada Lovelace", "عائشة", "नमस्\u200dते", "👩‍🚀", "❤\ufe0f", "a\u200cb"])
def test_joiners_and_variation_selectors_stay(name: str) -> None:
    assert fits_one_line(name)


@pytest.mark.parametrize(
    "one,other", [("café", "cafe\u0301"), ("CAFÉ", "cafe\u0301"), ("Straße", "STRASSE"), ("Å", "\u212b"), ("Σ", "ς")]
)
def test_what_looks_the_same_is_found(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)
