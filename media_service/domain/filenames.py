"""File names: what is kept of the one that came, and how it is said in a header."""

import unicodedata
from urllib.parse import quote

NAME_LENGTH_MAX = 200
_NAMELESS = "picture"
# Left to right and back again: with these "gpj.exe" can be shown as "exe.jpg".
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_filename(given: str) -> str:
    """The last part of a path, composed (NFC), without what cannot be seen; never empty, and never a dot alone."""
    name = given.replace("\\", "/").rpartition("/")[2]
    name = "".join(one for one in unicodedata.normalize("NFC", name) if _is_shown(one))
    return _shortened(name.strip().lstrip(".")) or _NAMELESS


def _is_shown(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"} and character not in _DIRECTIONS


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
