"""Search views: a line of what was found, with what was looked for marked in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.previews import preview
from gateway.domain.search_view import LINE_LENGTH, Piece, line, name, part_of_name
from servicekit.text_matches import matches


def marked(text: str, *words: str) -> str:
    """The line, with brackets around what is marked."""
    return in_brackets(line(text, matches(text, words)))


def in_brackets(pieces: list[Piece]) -> str:
    return "".join(f"[{text}]" if is_marked else text for text, is_marked in pieces)


@pytest.mark.parametrize(
    "text, words, shown",
    [
        ("the gradient is wrong", ["gra"], "the [gra]dient is wrong"),
        ("the **gradient** is `wrong`", ["gradient", "wrong"], "the [gradient] is [wrong]"),
        ("||the gradient|| is wrong", ["gradient", "wrong"], "▒▒▒ is [wrong]"),
        ("a ||secret||", ["||"], "a ▒▒▒"),
        ("> quoted\nand said", ["quoted", "and"], "[quoted]\n[and] said"),
        ("see [the note](https://note.example/grace)", ["note", "grace"], "see the [note]"),
        ("an **", ["**"], "an"),
        ("die Straße", ["ss"], "die Stra[ß]e"),
        ("a rose", [], "a rose"),
        ("\ufdd0a\ufdd0 rose", ["rose"], "\ufffda\ufffd [rose]"),
        ("", [], ""),
    ],
)
def test_marks_stand_in_the_line_that_is_shown(text: str, words: list[str], shown: str) -> None:
    assert marked(text, *words) == shown


def test_a_long_text_is_shown_around_its_first_mark() -> None:
    shown = marked(f"{'before ' * 100}the rose{' after' * 100}", "rose")
    assert shown.startswith("…before ")
    assert "before the [rose] after" in shown
    assert shown.endswith("…")
    assert len(shown) <= LINE_LENGTH + len("……[]")
    assert marked("花" * 200 + "园" + "花" * 300, "园").startswith("…" + "花" * 60 + "[园]花")
    assert marked("far " * 200) == ("far " * 200)[:LINE_LENGTH] + "…"


texts = st.text(st.sampled_from("abc |*`>[]() \n\ufdd0~äß👋🏽"), max_size=60)


@given(texts, st.lists(st.text("ab|*ß ", max_size=3), max_size=3))
def test_marks_change_nothing_of_the_text(text: str, words: list[str]) -> None:
    pieces = line(text, matches(text, words))
    shown = preview(text.replace("\ufdd0", "\ufffd"))
    assert "".join(piece.text for piece in pieces) == shown


@pytest.mark.parametrize(
    "query, people, rooms",
    [
        ("gra", "gra", "gra"),
        ("@gra", "gra", ""),
        ("#gra", "", "gra"),
        ("Grace Hopper", "Grace Hopper", "Grace Hopper"),
        ("@", "", ""),
        ("from:ada", "", ""),
        ("rose has:picture", "", ""),
        ('"a rose"', "", ""),
        ("x" * 65, "", ""),
        ("", "", ""),
    ],
)
def test_names_are_looked_for_where_a_query_may_be_part_of_one(query: str, people: str, rooms: str) -> None:
    assert (part_of_name(query, "@"), part_of_name(query, "#")) == (people, rooms)


def test_a_name_is_shown_whole() -> None:
    assert in_brackets(name("Grace Hopper", "HOP")) == "Grace [Hop]per"
    assert in_brackets(name("grace", "nobody")) == "grace"
