"""Previews: a text in a line, where it is not opened, and cut where it is long. Scripts make them alike (texts.js)."""

import re
import unicodedata

from gateway.domain.spoilers import concealed

# In this order. Single `*` and `_` stand for more than emphasis, and stay.
_RULES = (
    (re.compile(r"^ {0,3}(?:`{3,}|~{3,})[^`\n]*\n?", re.MULTILINE), ""),
    (re.compile(r"^ {0,3}(?:>[ \t]?)+", re.MULTILINE), ""),
    (re.compile(r"\*\*|~~|`"), ""),
    (re.compile(r"\[([^\]\n]*)\]\((?:https?://|mailto:)[^)\s]*\)"), r"\1"),
)
_ZERO_WIDTH_JOINER = "\u200d"
_MARKS = re.compile(r"\|\||\*\*|~~|`|>|\]\(")


def preview(text: str) -> str:
    """Without the marks of Markdown; what its writer has hidden stays so."""
    if _MARKS.search(text) is not None:
        text = concealed(text)
        for pattern, shown in _RULES:
            text = pattern.sub(shown, text)
    return text.strip()


def shortened(text: str, length_max: int) -> str:
    """At most so many code points, and `…` where that is not all; what is seen as one character is not cut."""
    if len(text) <= length_max:
        return text
    end = length_max
    while end > 0 and _are_one(text[end - 1], text[end]):
        end -= 1
    return text[:end].rstrip() + "…"


def _are_one(before: str, after: str) -> bool:
    """Whether the second continues the character that the first is in, as emoji, flags and accents do."""
    return (
        unicodedata.category(after).startswith("M")  # accents, vowel signs, variation selectors
        or _ZERO_WIDTH_JOINER in (before, after)
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # tones of skin
        or "\U000e0020" <= after <= "\U000e007f"  # the letters in the flag of a region
        or (_is_half_a_flag(before) and _is_half_a_flag(after))
    )


def _is_half_a_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
