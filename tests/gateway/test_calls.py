"""Calls that are over, in a line of the list and in the log alike."""

import pytest

from gateway.domain.api_types import Call
from gateway.domain.calls import call_in, spoken


@pytest.mark.parametrize(
    "text, call",
    [
        ("missed video call", Call(outcome="missed")),
        ("declined video call", Call(outcome="declined")),
        ("video call, 4 s", Call(outcome="answered", duration_s=4)),
        ("video call, 12 min", Call(outcome="answered", duration_s=720)),
        ("video call, 1 h 5 min", Call(outcome="answered", duration_s=3900)),
        ("video call, tomorrow", None),
        ("a missed video call", None),
    ],
)
def test_a_call_is_known_by_what_the_chat_service_tells_of_it(text: str, call: Call | None) -> None:
    assert call_in(text) == call


@pytest.mark.parametrize(
    "duration_s, words", [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_599, "59 min"), (3_900, "1 h 5 min")]
)
def test_a_duration_is_told_alike_everywhere(duration_s: int, words: str) -> None:
    assert spoken(duration_s) == words
