"""File names: what is kept of the one that came, and how it is said in a header."""

import unicodedata
from urllib.parse import quote

from servicekit.texts import as_one_line, is_visible, trimmed

NAME_LENGTH_MAX = 200
_NAMELESS = "picture"
_CLEANED_LENGTH_MAX = 1_000  # composing takes the square of the number of marks in a row
# Marks of direction, which no name needs that is shown by itself; controls of direction go as in every name, for with
# them "gpj.exe" can be shown as "exe.jpg".
_DIRECTION_MARKS = str.maketrans("", "", "\u061c\u200e\u200f")


def clean_filename(given: str) -> str:
    """The last part of a path, composed (NFC), without what cannot be seen; never empty, and never a dot alone."""
    name = given.replace("\\", "/").rpartition("/")[2][-_CLEANED_LENGTH_MAX:]
    name = as_one_line(unicodedata.normalize("NFC", name).translate(_DIRECTION_MARKS))
    name = _shortened(trimmed(name.lstrip(".")))
    return name if is_visible(name) else _NAMELESS


def _shortened(name: str) -> str:
    """To NAME_LENGTH_MAX characters, with the ending kept."""
    stem, dot, ending = name.rpartition(".")
    if len(name) <= NAME_LENGTH_MAX or not stem or len(ending) > 10:
        return name[:NAME_LENGTH_MAX]
    return stem[: NAME_LENGTH_MAX - len(ending) - 1] + dot + ending


def inline_disposition(name: str) -> str:
    """`Content-Disposition` (RFC 6266), with the name a second time in UTF-8 where ASCII cannot say it (RFC 8187)."""
    plain = "".join(one if one.isascii() and one.isprintable() and one not in '"\\%' else "_" for one in name)
    disposition = f'inline; filename="{plain}"'
    return disposition if plain == name else f"{disposition}; filename*=UTF-8''{quote(name, safe='')}"
