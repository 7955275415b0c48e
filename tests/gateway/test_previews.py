"""Previews: cut where they are long, but never inside of what is seen as one character."""

import pytest

from gateway.domain.previews import shortened

FAMILY, THUMB, FLAG, KEYCAP = "👩‍👩‍👧", "👍🏽", "🇩🇪", "1️⃣"


@pytest.mark.parametrize(
    "text, length_max, shown",
    [
        ("", 3, ""),
        ("abc", 3, "abc"),
        ("abcd", 3, "abc…"),
        ("ab cd", 3, "ab…"),
        ("abe\u0301d", 3, "ab…"),
        ("abe\u0301", 4, "abe\u0301"),
        *(("ab" + one + "c", 2 + cut, "ab…") for one in (FAMILY, THUMB, FLAG, KEYCAP) for cut in range(1, len(one))),
        *(("ab" + one + "c", 2 + len(one), f"ab{one}…") for one in (FAMILY, THUMB, FLAG, KEYCAP)),
        (FAMILY, 3, "…"),
    ],
)
def test_a_text_is_cut_between_characters(text: str, length_max: int, shown: str) -> None:
    assert shortened(text, length_max) == shown
