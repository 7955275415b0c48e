"""File names: what is kept of the one that came, and how it is said in a header."""

import unicodedata
from urllib.parse import quote

from servicekit.texts import as_one_line, is_visible, trimmed

NAME_LENGTH_MAX = 200
_NAMELESS = "file"
_CLEANED_LENGTH_MAX = 1_000  # composing takes the square of the number of marks in a row
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}
_PICTURE_ENDINGS = {*_ENDINGS.values(), "jpeg", "jpe", "jfif", "apng"}
_CONVERTED = {"heic", "heif", "hif", "avif", "bmp", "dib", "tif", "tiff"}
# Marks of direction, which no name needs that is shown by itself; controls of direction go as in every name, for with
# them "gpj.exe" can be shown as "exe.jpg".
_DIRECTION_MARKS = str.maketrans("", "", "\u061c\u200e\u200f")


def clean_filename(given: str) -> str:
    """The last part of a path, composed (NFC), without what cannot be seen; never empty, and never a dot alone."""
    name = given.replace("\\", "/").rpartition("/")[2][-_CLEANED_LENGTH_MAX:]
    name = as_one_line(unicodedata.normalize("NFC", name).translate(_DIRECTION_MARKS))
    name = _shortened(trimmed(name.lstrip(".")))
    return name if is_visible(name) else _NAMELESS


def _shortened(name: str, spare: int = 0) -> str:
    """To NAME_LENGTH_MAX characters but `spare`, with the ending kept."""
    length_max = NAME_LENGTH_MAX - spare
    stem, dot, ending = name.rpartition(".")
    if len(name) <= length_max or not stem or len(ending) > 10:
        return name[:length_max]
    return stem[: length_max - len(ending) - 1] + dot + ending


def named_for(name: str, content_type: str) -> str:
    """A picture's name ends as one of a picture does: what it was turned from, or claimed to be, is not kept on."""
    own = _ENDINGS.get(content_type)
    stem, dot, ending = name.rpartition(".")
    if own is None or (dot and ending.lower() in _PICTURE_ENDINGS):
        return name
    kept = stem if stem and ending.lower() in _CONVERTED else name
    return f"{_shortened(kept, len(own) + 1)}.{own}"


def disposition(name: str, *, is_inline: bool) -> str:
    """`Content-Disposition` (RFC 6266), with the name a second time in UTF-8 where ASCII cannot say it (RFC 8187)."""
    plain = "".join(one if one.isascii() and one.isprintable() and one not in '"\\%' else "_" for one in name)
    said = f'{"inline" if is_inline else "attachment"}; filename="{plain}"'
    return said if plain == name else f"{said}; filename*=UTF-8''{quote(name, safe='')}"
