"""The lists of emoji that the pages offer: what they have, the chat service takes as it is."""

from pathlib import Path

import pytest

from chat_service.domain.emoji import fully_qualified, is_emoji
from gateway.static_files import FOLDER

SECTIONS = ["smileys", "people", "nature", "food", "travel", "activities", "objects", "symbols", "flags"]


def lines(language: str) -> list[tuple[str, str]]:
    return [
        (sign, words)
        for line in Path(FOLDER / f"emoji_{language}.txt").read_text().splitlines()
        for sign, _, words in [line.partition(" ")]
    ]


@pytest.mark.parametrize("language", ["en", "de"])
def test_each_emoji_is_one_that_can_be_kept_and_has_a_name(language: str) -> None:
    listed = lines(language)
    assert [words for sign, words in listed if sign == "#"] == SECTIONS
    emoji = [sign for sign, _ in listed if sign != "#"]
    assert [one for one in emoji if not is_emoji(one) or fully_qualified(one) != one] == []
    assert len(set(emoji)) == len(emoji) > 1_500
    assert all(words.split("|")[0].strip() for _, words in listed)


def test_every_language_has_the_same() -> None:
    assert [sign for sign, _ in lines("en")] == [sign for sign, _ in lines("de")]
