"""Texts that people write: one rule for what is seen, one form in which they are compared."""

import unicodedata

# Categories of Unicode that show nothing, and characters of other categories that are blank all the same: the Braille
# blank and the fillers of Hangul (UAX #44).
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_BLANK = frozenset("\u2800\u3164\u115f\u1160\uffa0")
# They break a line, or turn the direction of what follows, and so can make one name look like another (UAX #9).
_UNFIT_FOR_NAMES = frozenset({"Cc", "Zl", "Zp"})
_DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_visible(text: str) -> bool:
    """Whether anything of it is seen."""
    return any(character not in _BLANK and unicodedata.category(character) not in _INVISIBLE for character in text)


def fits_one_line(text: str) -> bool:
    """Whether it may stand as a name, nickname or topic: it breaks no line and turns no direction.

    Joiners and variation selectors may: scripts and emoji need them.
    """
    return all(
        character not in _DIRECTION_CONTROLS and unicodedata.category(character) not in _UNFIT_FOR_NAMES
        for character in text
    )


def folded(text: str) -> str:
    """The form in which texts are compared: NFC without regard to case (Unicode §3.13, D145)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
