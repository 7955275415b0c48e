"""Matches: where words stand in a text, as it was written, by the form in which texts are compared."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.text_matches import MATCHES_MAX, matches
from servicekit.texts import folded, letters

# What folds to more or fewer characters, joins, or has no case at all.
LETTERS = "aAbz ßẞſsSİıiΣσςäÄé\u0301\u0308\u0345\u0327ŉǰΐﬃ我们กำ한\u1112\u1161\u11ab👋🏽\u200d\ufe0f✈"  # noqa: RUF001
texts = st.text(st.sampled_from(LETTERS), max_size=40)


def shown(text: str, *words: str) -> list[str]:
    return [text[start : start + length] for start, length in matches(text, words)]


@pytest.mark.parametrize(
    "text, words, expected",
    [
        ("The gradient is wrong", ["GRA"], ["gra"]),
        ("die Straße, DIE STRASSE", ["strasse"], ["Straße", "STRASSE"]),
        ("Spaß", ["s"], ["S", "ß"]),
        ("im cafe\u0301, CAFÉ", ["fé"], ["fe\u0301", "FÉ"]),
        ("我们明天在公园见面", ["公园", "明天"], ["明天", "公园"]),
        ("ΟΔΟΣ", ["οδος"], ["ΟΔΟΣ"]),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", ["한"], ["\u1112\u1161\u11ab"]),
        ("see 👋🏽 there", ["👋"], ["👋🏽"]),
        ("ababab", ["aba", "ab"], ["ababab"]),
        ("one two", ["two", "one"], ["one", "two"]),
        ("nothing", ["else", ""], []),
        ("", ["a"], []),
    ],
)
def test_words_are_found_as_they_were_written(text: str, words: list[str], expected: list[str]) -> None:
    assert shown(text, *words) == expected


def test_no_more_places_are_told_than_anybody_looks_at() -> None:
    assert matches("a-" * 1_000, ["a"]) == tuple((2 * at, 1) for at in range(MATCHES_MAX))
    assert matches("ä-" * 1_000, ["ä"]) == tuple((2 * at, 1) for at in range(MATCHES_MAX))


@given(texts)
def test_pieces_of_a_text_are_folded_each_by_itself(text: str) -> None:
    assert "".join(letters(text)) == text
    assert "".join(map(folded, letters(text))) == folded(text)


@given(texts, st.lists(texts, max_size=3))
def test_what_is_marked_holds_a_word_and_what_is_found_is_marked(text: str, words: list[str]) -> None:
    found = matches(text, words)
    assert all(length > 0 and start + length <= len(text) for start, length in found)
    assert all(sum(one) < other[0] for one, other in pairwise(found))  # in order, and apart
    forms = {*map(folded, words)} - {""}
    assert bool(found) == any(form in folded(text) for form in forms)
    for one in shown(text, *words):
        assert any(form in folded(one) for form in forms)


@given(texts.filter(bool), st.data())
def test_a_whole_letter_of_a_text_is_always_found_in_it(text: str, data: st.DataObject) -> None:
    letter = data.draw(st.sampled_from([*letters(text)]))
    assert any(letter in one for one in shown(text, letter))
