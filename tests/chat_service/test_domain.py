"""The small rules: texts, rates, names, envelopes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_service.domain.conversations import direct_name, label_of_person
from chat_service.domain.envelopes import open_envelope, seal
from chat_service.domain.messages import check_text
from chat_service.domain.rates import TokenBucket
from chat_service.domain.refusals import InvalidMessage, MessageEmpty, MessageTooLong

# Texts


@pytest.mark.parametrize("text", ["x", " x ", "x" * 4000, "👩‍🚀", "\n.\n"])
def test_a_text_that_can_be_seen_may_be_said(text: str) -> None:
    check_text(text, length_max=4000)


@pytest.mark.parametrize("text", ["", " ", "\n\t \u2003"])
def test_a_text_that_cannot_be_seen_is_empty(text: str) -> None:
    with pytest.raises(MessageEmpty):
        check_text(text, length_max=4000)


def test_a_text_is_counted_in_code_points() -> None:
    check_text("👋" * 4000, length_max=4000)
    with pytest.raises(MessageTooLong, match="4001 characters; 4000 is the most"):
        check_text("👋" * 4001, length_max=4000)


def test_a_long_text_of_nothing_is_too_long_before_it_is_empty() -> None:
    with pytest.raises(MessageTooLong):
        check_text(" " * 4001, length_max=4000)


def test_nul_is_refused() -> None:
    with pytest.raises(InvalidMessage):
        check_text("a\0b", length_max=4000)


# Rates


def test_a_bucket_lets_the_burst_pass_and_then_the_rate() -> None:
    bucket = TokenBucket(per_second=20, burst=60)
    assert [bucket.take(100.0) for _ in range(61)] == [True] * 60 + [False]
    assert [bucket.take(100.125) for _ in range(3)] == [True, True, False]


def test_a_bucket_never_holds_more_than_the_burst() -> None:
    bucket = TokenBucket(per_second=20, burst=2)
    bucket.take(0.0)
    assert [bucket.take(1_000_000.0) for _ in range(3)] == [True, True, False]


def test_what_was_refused_costs_nothing() -> None:
    bucket = TokenBucket(per_second=1, burst=1)
    assert bucket.take(0.0)
    assert not any(bucket.take(0.5) for _ in range(100))
    assert bucket.take(1.0)


def test_a_rate_of_zero_lets_everything_pass() -> None:
    bucket = TokenBucket(per_second=0, burst=1)
    assert all(bucket.take(0.0) for _ in range(1000))


@given(st.lists(st.floats(min_value=0, max_value=2), max_size=200), st.integers(1, 50), st.integers(1, 50))
def test_a_bucket_never_lets_more_pass_than_burst_and_rate(pauses_s: list[float], per_second: int, burst: int) -> None:
    bucket, now_s, passed = TokenBucket(per_second=per_second, burst=burst), 0.0, 0
    for pause_s in pauses_s:
        now_s += pause_s
        passed += bucket.take(now_s)
    assert passed <= burst + now_s * per_second + 1e-6


# Names and envelopes

names = st.text("abcXYZ019_.-", min_size=3, max_size=32)


@given(names, names)
def test_both_sides_name_their_conversation_alike_and_label_it_by_the_other(one: str, other: str) -> None:
    assert direct_name(one, other) == direct_name(other, one)
    assert label_of_person(other) == f"@{other}"


@given(names, st.integers(0, 2**63), st.binary())
def test_an_envelope_opens_to_what_was_sealed(name: str, seq: int, event: bytes) -> None:
    assert open_envelope(seal(label_of_person(name), seq, event)) == (f"@{name}", seq, event)
