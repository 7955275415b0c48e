"""Numbers as forms hold them: none of them is a fault of ours."""

import pytest

from gateway.domain.numbers import number_or_text, whole_number

LONG = "9" * 5_000  # more digits than Python reads


@pytest.mark.parametrize("text, number", [("0", 0), (" 7 ", 7), ("9" * 18, 10**18 - 1)])
def test_a_whole_number_is_what_was_typed(text: str, number: int) -> None:
    assert (whole_number(text), number_or_text(text)) == (number, number)


@pytest.mark.parametrize("text", ["", "many", "1.5", "1e3", "1_000", "٣", "²", "0x1", "+1"])
def test_anything_else_is_left_for_the_service_to_refuse(text: str) -> None:
    assert (whole_number(text), number_or_text(text)) == (None, text)


@pytest.mark.parametrize("text, number", [("-1", -1), (LONG, 10**18), ("9" * 19, 10**18), ("-" + LONG, -(10**18))])
def test_what_is_out_of_all_bounds_is_a_number_all_the_same(text: str, number: int) -> None:
    assert (whole_number(text), number_or_text(text)) == (None, number)
