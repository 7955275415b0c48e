"""Search queries: what is a word, what an operator, and which operators are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_service.domain.refusals import QueryInvalid
from chat_service.domain.search_query import KINDS, WORDS_MAX, SearchQuery, parsed


def parse(text: str) -> SearchQuery:
    return parsed(text, asker="Grace")


@pytest.mark.parametrize(
    "text, words",
    [
        ("red  roses", ("red", "roses")),
        ('"red roses" tulips', ("red roses", "tulips")),
        ('"red roses', ("red roses",)),
        ('"red"roses', ("red", "roses")),
        ('a 5" disk', ("a", '5"', "disk")),
        ('""', ('""',)),
        ('"', ('"',)),
        ('say "', ("say", '"')),
        ('"from:ada" in:"', ("from:ada", 'in:"')),
        ("from: in:", ("from:", "in:")),
        ('from:""', ('from:""',)),
        ("to:ada xfrom:ada :in:x https://a.example", ("to:ada", "xfrom:ada", ":in:x", "https://a.example")),
        (" \u200b \u2800 \u3000", ()),
        ("w " * (WORDS_MAX + 1), ("w",) * WORDS_MAX),
    ],
)
def test_what_is_no_operator_is_a_word(text: str, words: tuple[str, ...]) -> None:
    assert parse(text) == SearchQuery(words=words)


def test_operators_are_known_in_any_case_and_place_and_their_values_may_be_quoted() -> None:
    query = parse('one FROM:Ada two has:"Picture" In:#Engines three before:2026-11-29 after:"2026-11-01"')
    assert query == SearchQuery(
        words=("one", "two", "three"),
        senders=frozenset({"ada"}),
        places=frozenset({"#engines"}),
        kinds=frozenset({"picture"}),
        before="2026-11-29",
        after="2026-11-01",
    )


def test_what_is_said_twice_means_either_sender_or_place_and_every_kind_and_the_fewest_days() -> None:
    query = parse(
        "from:ada from:@Linus in:a in:@b has:file has:link before:2026-02-01 before:2026-01-01 "
        "after:2025-01-01 after:2025-02-01"
    )
    assert query.senders == {"ada", "linus"}
    assert query.labels == {"#a", "@a", "@b"}
    assert query.kinds == {"file", "link"}
    assert (query.before, query.after) == ("2026-01-01", "2025-02-01")


def test_from_me_is_who_asks() -> None:
    assert parse("from:me").senders == parse("from:@ME").senders == {"grace"}


@pytest.mark.parametrize(
    "text",
    [
        *(f"{operator}:{value}" for operator in ("before", "after") for value in (
            "2026", "2026-1-1", "2026-02-29", "2026-13-01", "0000-01-01", "10000-01-01", "20260101", "2026-W01-1",
            "-2026-01-01", "yesterday", "2026-01-01T00:00", "२०२६-०१-०१",
        )),
        "has:cat", "has:links", "has:picture,video", "HAS:\u0131",
    ],
)  # fmt: skip
def test_a_day_or_kind_that_there_is_not_is_refused_by_name(text: str) -> None:
    with pytest.raises(QueryInvalid) as refused:
        parse(f"roses {text}")
    (error,) = refused.value.errors
    assert (error.field, error.detail) == ("query", str(refused.value))
    assert text.partition(":")[0].lower() in error.detail


def test_the_first_and_the_last_day_are_days() -> None:
    query = parse("after:0001-01-01 before:9999-12-31")
    assert (query.after, query.before) == ("0001-01-01", "9999-12-31")


@given(st.text(st.sampled_from('from:inhas:before:"  #@ada-2026-01-01\n\u3000'), max_size=200) | st.text(max_size=200))
def test_any_text_is_a_query_or_refused(text: str) -> None:
    try:
        query = parse(text)
    except QueryInvalid:
        return
    assert len(query.words) <= WORDS_MAX
    assert query.kinds <= {*KINDS}
    assert all(query.words)
    assert all(query.places)


@given(st.lists(st.text(st.characters(exclude_characters='"', exclude_categories=["C", "Z"]), min_size=1), max_size=5))
def test_quoted_phrases_come_out_as_they_went_in(phrases: list[str]) -> None:
    visible = [phrase for phrase in phrases if parse(f'"{phrase}"').words]
    assert parse(" ".join(f'"{phrase}"' for phrase in visible)).words == tuple(visible)
