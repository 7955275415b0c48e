"""What counts as seen, what may stand in a name, and what is the same to whoever looks for it."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.texts import as_lines, as_one_line, fits_one_line, folded, is_visible, name_fault, trimmed

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


@pytest.mark.parametrize("text", ["a\u0316\u0301" * 2_000, "a" + "\u0316\u0301" * 2_000, "한" * 4_000])
def test_long_texts_are_folded_too(text: str) -> None:
    assert folded(f"ÜBER {text} ÄCKER").startswith("über ")
    assert folded(f"ÜBER {text} ÄCKER").endswith(" äcker")


@pytest.mark.parametrize("composed", ["é", "한", "하", "\u0b95\u0bca", "\u0995\u09cb", "\u0d9a\u0ddd", "ế"])
@pytest.mark.parametrize("before", ["", "a", "aa"])
def test_what_is_one_character_is_not_torn_apart_in_long_texts(composed: str, before: str) -> None:
    text = before + composed * 2_000
    assert normalize("NFD", text) != text
    assert folded(normalize("NFD", text)) == folded(text) == text


FLAG_OF_SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@pytest.mark.parametrize(
    "name, kept",
    [
        (" \t\u2003Ada\u200b\ufeff\n", "Ada"),
        ("\u3164Ada Lovelace\u2800", "Ada Lovelace"),
        ("\u200b", ""),
        (f"Ada {FLAG_OF_SCOTLAND}", f"Ada {FLAG_OF_SCOTLAND}"),
        ("Ada\x1b", "Ada\x1b"),
    ],
)
def test_what_is_blank_at_the_ends_of_a_name_goes_and_nothing_else(name: str, kept: str) -> None:
    assert trimmed(name) == kept


@pytest.mark.parametrize("name", ["\u3164", "Ada\x1b", "Ada\u2028", "\u202eadA"])
def test_a_fault_of_a_name_is_said_and_can_be_mended(name: str) -> None:
    assert name_fault(name)
    assert name_fault("Ada") is None
    assert as_one_line(f"Ada{name}") in {"Ada", "AdaAda", "AdaadA"}


def test_a_text_in_lines_keeps_line_breaks_and_tabs_and_no_other_control() -> None:
    assert as_lines("a\tb\r\nc\rd\x1b[2J\x85\u2028\u2029\x9b\x7f\0 é👩‍🚀") == "a\tb\ncd[2J é👩‍🚀"
